// What can become of a visit on the device, and when. Pure: no clock, no network, no storage.

/** Milliseconds that data of enterprises and receipts stay on the device; the page says so (visit/offline.rs). */
export const KEPT = 7 * 86_400_000;
/** Milliseconds that a visit which was never sent stays, from the last time on that its writer changed it. */
export const UNSENT = 30 * 86_400_000;
/** A send that nobody ended for so long was cut off. Only browsers without locks need it. */
const CUT_OFF = 90_000;

export type State = "editing" | "queued" | "sending" | "sent" | "refused" | "conflict";
export type Wrong = { field: string; text: string };
/** `note_line`: the line of the note, from 1, that says it; none where a field does. */
export type Changed = { field: string; what: string; now: string; value: string; note_line?: number | null };
export type Piece = { what: string; number: string | null; text: string; href: string };
export type Receipt = { id: string; number: string; items: Piece[] };
export type Seen = { line: string; state: string };

/** A visit on the device. */
export type Visit = {
  /** The key of the visit: the same however often it is sent. */
  id: string;
  person: string;
  subject: string;
  name: string;
  /** Fields in the order of the form, as typed. */
  fields: [string, string][];
  /** What chosen options say, by field: for the two sides of a conflict. */
  shown: Record<string, string>;
  /** How lines stood when the visitor read the brief. */
  seen: Seen[];
  state: State;
  /** Whether an attempt got no answer, so that it may have arrived: then nothing may be edited until one does. */
  unsure: boolean;
  /** The same before the attempt that is under way. */
  wasUnsure: boolean;
  tries: number;
  /** Not before this time (ms). */
  after: number;
  /** Why the last attempt came to nothing, in words; `signed_out` is one that the page puts into words. */
  why: string;
  wrong: Wrong[];
  changed: Changed[];
  receipt: Receipt | null;
  /** The last change of its content or state (ms). */
  at: number;
  /** When its writer last changed it (ms); attempts to send it do not count. Absent on what an older page kept. */
  typed?: number;
};

/** What came back from the server. */
export type Answer =
  | { is: "none" }
  | { is: "busy"; text: string }
  | { is: "signed_out" }
  | { is: "held"; text: string }
  | { is: "receipt"; receipt: Receipt }
  | { is: "changed"; changed: Changed[] }
  | { is: "refused"; text: string; wrong: Wrong[] };

export function begin(id: string, person: string, subject: string, name: string, seen: Seen[], now: number): Visit {
  return {
    id, person, subject, name, fields: [], shown: {}, seen, state: "editing", unsure: false, wasUnsure: false,
    tries: 0, after: 0, why: "", wrong: [], changed: [], receipt: null, at: now, typed: now,
  };
}

/** Whether its content may be changed: never while it may have arrived already, or the change would be lost. */
export function editable(visit: Visit): boolean {
  return !visit.unsure && ["editing", "queued", "refused", "conflict"].includes(visit.state);
}

/** Takes over what was typed. What stood in the way of the last attempt stays in sight until the next one. */
export function edit(visit: Visit, fields: [string, string][], shown: Record<string, string>, now: number): Visit {
  if (!editable(visit)) return visit;
  return { ...visit, fields, shown, state: visit.state === "queued" ? "editing" : visit.state, at: now, typed: now };
}

/** Back from the queue to the desk. */
export function takeBack(visit: Visit): Visit {
  return visit.state === "queued" && editable(visit) ? { ...visit, state: "editing", tries: 0, after: 0, why: "" } : visit;
}

export function submit(visit: Visit, now: number): Visit {
  if (!editable(visit)) return visit;
  return { ...visit, state: "queued", tries: 0, after: 0, why: "", wrong: [], changed: [], at: now, typed: now };
}

/**
 * An attempt begins. It counts as unsure until an answer comes: the device may go dark the next moment. What was taken
 * back to the desk since it was found due stays there.
 */
export function take(visit: Visit, now: number, alone: boolean): Visit {
  if (!isDue(visit, now, alone)) return visit;
  return { ...visit, state: "sending", wasUnsure: visit.unsure, unsure: true, tries: visit.tries + 1, at: now };
}

/** How long to wait after so many attempts (ms). */
export function pause(tries: number): number {
  return [5_000, 15_000, 60_000, 300_000][tries - 1] ?? 900_000;
}

export function answered(visit: Visit, answer: Answer, now: number): Visit {
  const later = { ...visit, state: "queued" as const, after: now + pause(visit.tries), why: "" };
  switch (answer.is) {
    case "none":
      return later;
    case "busy":
      return { ...later, why: answer.text };
    // These are said before the server looks for the visit: whether an earlier attempt arrived is as open as before.
    case "signed_out":
      return { ...later, unsure: visit.wasUnsure, why: "signed_out" };
    case "held":
      return { ...later, unsure: visit.wasUnsure, why: answer.text };
    // These are said after: it has not arrived.
    case "changed":
      return { ...visit, state: "conflict", unsure: false, why: "", changed: answer.changed, at: now };
    case "refused":
      return { ...visit, state: "refused", unsure: false, why: answer.text, wrong: answer.wrong, at: now };
    case "receipt":
      // What it said is in the register now; the device keeps the receipt alone.
      return {
        ...visit, state: "sent", unsure: false, why: "", receipt: answer.receipt, fields: [], shown: {}, seen: [],
        wrong: [], changed: [], at: now,
      };
  }
}

type Body = {
  receipt?: Receipt | null; changed?: Changed[]; title?: string; detail?: string; code?: string;
  errors?: { pointer: string; detail: string }[];
};

/** Reads an answer. What is not the server's own word for it, such as the page of a hotel's network, is none. */
export function read(id: string, status: number, body: unknown): Answer {
  if (typeof body !== "object" || body === null) return status >= 500 ? { is: "busy", text: "" } : { is: "none" };
  const said = body as Body;
  if (status === 200) {
    if (said.receipt?.id === id) return { is: "receipt", receipt: said.receipt };
    if (said.changed && said.changed.length > 0) return { is: "changed", changed: said.changed };
    return { is: "none" };
  }
  if (typeof said.title !== "string") return { is: "none" };
  const text = said.detail ?? said.title;
  if (status === 401) return { is: "signed_out" };
  // Said before the server looks for the visit: only its writer can send it.
  if (status === 403 || (status === 409 && said.code === "other_person")) return { is: "held", text };
  if (status === 408 || status === 429 || status >= 500) return { is: "busy", text };
  const wrong = (said.errors ?? []).map((e) => ({ field: e.pointer.replace(/^\/(fields\/)?/, ""), text: e.detail }));
  return { is: "refused", text, wrong };
}

/** Whether it is to be sent now. Whoever holds the lock (`alone`) knows that what is under way was cut off. */
function isDue(visit: Visit, now: number, alone: boolean): boolean {
  if (visit.state === "sending") return alone || now - visit.at > CUT_OFF;
  return visit.state === "queued" && visit.after <= now;
}

/** What is to be sent now, the oldest first. */
export function due(visits: Visit[], now: number, alone: boolean): Visit[] {
  return visits.filter((v) => isDue(v, now, alone)).sort((a, b) => a.at - b.at);
}

/** There is network again, or somebody signed in: no more waiting. */
export function wake(visit: Visit): Visit {
  return visit.state === "queued" ? { ...visit, after: 0 } : visit;
}

export function unsent(visits: Visit[]): Visit[] {
  return visits.filter((v) => v.state !== "sent");
}

/** When it goes from the device by itself (ms). */
export function until(visit: Visit): number {
  return visit.state === "sent" ? visit.at + KEPT : (visit.typed ?? visit.at) + UNSENT;
}

function set(fields: [string, string][], values: Record<string, string>): [string, string][] {
  return fields.map(([name, value]) => [name, values[name] ?? value]);
}

function noted(fields: [string, string][], line: string): [string, string][] {
  if (!fields.some(([name]) => name === "note")) return [...fields, ["note", line]];
  return fields.map(([name, value]) => [name, name === "note" ? (value ? `${value}\n${line}` : line) : value]);
}

/** A line of the note, from 1. */
export function noteLine(visit: Visit, n: number): string {
  return (visit.fields.find(([name]) => name === "note")?.[1] ?? "").split("\n")[n - 1] ?? "";
}

/** The same fields, with that line of the note as a line like any other: its words stay, what they asked for does not. */
function unmarked(fields: [string, string][], n: number): [string, string][] {
  const plain = (text: string) => text.split("\n").map((line, i) => (i === n - 1 ? line.replace(/^\s*[#＃]\s*/, "") : line)).join("\n");
  return fields.map(([name, value]) => [name, name === "note" ? plain(value) : value]);
}

/**
 * Settles one conflict: by what the visitor wrote (`mine`), or by what holds now, and then `line` goes into the note,
 * so that neither side is lost. When nothing is left to settle the visit waits to be sent again.
 */
export function settle(visit: Visit, field: string, how: "mine" | "theirs", line: string, now: number): Visit {
  const change = visit.changed.find((one) => one.field === field);
  if (visit.state !== "conflict" || !change) return visit;
  const next = { ...visit, changed: visit.changed.filter((one) => one !== change), at: now, typed: now };
  const light = field.startsWith("state-") ? field.slice("state-".length) : "";
  if (light && how === "mine") {
    next.seen = visit.seen.map((seen) => (seen.line === light ? { ...seen, state: change.value } : seen));
  } else if (light && change.note_line) {
    next.fields = unmarked(visit.fields, change.note_line);
  } else if (light) {
    next.fields = noted(set(visit.fields, { [field]: "", [`cause-${light}`]: "", [`reduced_to-${light}`]: "" }), line);
  } else if (field === "plan_id") {
    next.fields = noted(set(visit.fields, { plan_id: "" }), line);
  } else if (field === "subject") {
    // How the lines of the other enterprise stood was not read; they are taken as they come.
    Object.assign(next, { subject: change.value, name: change.now, seen: [] });
  }
  return next.changed.length > 0 ? next : { ...next, state: "queued", tries: 0, after: 0, why: "" };
}

/** The assets that a page names where it loads them; what somebody typed is text between tags, or a value. */
export function assetsOf(text: string): string[] {
  const named = text.matchAll(/\s(?:href|src|data-htmx)="(\/assets\/[0-9a-f]+\/[\w.-]+)(?:#[\w-]*)?"/g);
  return [...new Set([...named].map((one) => one[1]!))];
}
