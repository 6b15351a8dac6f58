// Sends what waits: from the page, and from the worker when no page is open.
import { type Answer, answered, due, read, take, wake } from "./machine";
import * as shelf from "./shelf";

/** Longer than the server takes at most (ms). */
const PATIENCE = 40_000;

async function post(visit: { id: string; person: string; subject: string; fields: [string, string][]; seen: unknown }): Promise<Answer> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const response = await fetch("/api/v1/visits/offline", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      credentials: "same-origin",
      redirect: "error",
      cache: "no-store",
      signal: stop.signal,
      body: JSON.stringify({
        id: visit.id,
        person_id: visit.person,
        subject: visit.subject,
        fields: visit.fields.map(([name, value]) => ({ name, value })),
        seen: visit.seen,
      }),
    });
    return read(visit.id, response.status, await response.json().catch(() => null));
  } catch {
    return { is: "none" };
  } finally {
    clearTimeout(timer);
  }
}

/** One after the other, in one tab at a time. Answers when to come back (ms), or null when nothing waits. */
async function run(alone: boolean, woken: boolean): Promise<number | null> {
  if (woken) {
    for (const visit of await shelf.all()) {
      if (visit.state === "queued" && visit.after > 0) await shelf.change(visit.id, wake);
    }
  }
  for (;;) {
    const visits = await shelf.all();
    const next = navigator.onLine ? due(visits, Date.now(), alone)[0] : undefined;
    if (!next) {
      const waiting = visits.filter((v) => v.state === "queued").map((v) => v.after);
      return waiting.length > 0 ? Math.min(...waiting) : null;
    }
    const taken = await shelf.change(next.id, (visit) => take(visit, Date.now(), alone));
    // It was removed, or taken back to the desk, since it was looked at.
    if (taken?.state !== "sending") continue;
    shelf.tell();
    const answer = await post(taken);
    await shelf.change(taken.id, (visit) => answered(visit, answer, Date.now()));
    shelf.tell();
    // No network for one is none for the others; nor is there a session.
    if (answer.is === "none" || answer.is === "signed_out") return Date.now() + 5_000;
  }
}

/** Sends what is due; `woken`, what waits too. */
export async function send(woken: boolean): Promise<number | null> {
  const locks = (navigator as Navigator & { locks?: LockManager }).locks;
  return locks ? locks.request("buting-outbox", () => run(true, woken)) : run(false, woken);
}
