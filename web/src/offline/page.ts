// The page of visits without network: choose, write, send, settle.
import { settleOwner } from "../device";
import { ask } from "../confirm";
import { begin, type Changed, edit, editable, KEPT, noteLine, settle, submit, takeBack, unsent, until, type Visit } from "./machine";
import { send } from "./send";
import * as shelf from "./shelf";

/** So long nobody types before it is kept (ms). */
const BREATH = 250;
/** So many names are offered at once. */
const OFFERED = 20;
/** No list of the form has more rows. */
const MAX_ROWS = 30;

const COLON = document.documentElement.lang.startsWith("zh") ? "：" : ": ";

const body = document.body;
const root = document.getElementById("offline") as HTMLElement;
const person = body.dataset.person ?? "";
const byId = (id: string) => document.getElementById(id) as HTMLElement;
const words = new Map<string, string>();
for (const e of (byId("offline-words") as HTMLTemplateElement).content.querySelectorAll<HTMLElement>("[data-w]")) {
  words.set(e.dataset.w ?? "", e.textContent ?? "");
}

function w(key: string, value = ""): string {
  return (words.get(key) ?? "").replace("%", value);
}

type Child = Node | string | null | false;

function el<K extends keyof HTMLElementTagNameMap>(tag: K, with_: Record<string, string>, ...children: Child[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(with_)) e.setAttribute(name, value);
  e.append(...children.filter((c): c is Node | string => c !== null && c !== false));
  return e;
}

function button(text: string, run: () => void, kind = "tiny"): HTMLButtonElement {
  const b = el("button", { type: "button", class: kind }, text);
  b.addEventListener("click", run);
  return b;
}

/** How far the device's clock is behind the server's (ms): a wrong clock must not make a visit of the future. */
let clock = 0;

async function readClock(): Promise<void> {
  const page = typeof caches === "undefined" ? undefined : await caches.match("/visits/offline", { cacheName: shelf.CACHE });
  clock = Number(page?.headers.get("x-clock") ?? Number(root.dataset.made) - Date.now());
  if (page && Date.now() - Number(page.headers.get("x-kept-at")) > KEPT) {
    await caches.delete(shelf.CACHE);
    for (const one of subjects) one.content.replaceChildren();
    warn(w("old"));
  }
}

/** A time of the device in the zone's time, as a field or a text takes it. */
function moment(ms: number): string {
  return new Intl.DateTimeFormat("sv-SE", {
    timeZone: root.dataset.zone || undefined,
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  }).format(ms);
}

function day(ms: number): string {
  return moment(ms).slice(0, 10);
}

// What stands in the way of all

function warn(text: string, more: Child = null): void {
  const place = byId("offline-warn");
  place.replaceChildren(...(text ? [el("div", { class: "flash warn" }, text, " ", more)] : []));
}

let signedOut = false;

function network(): void {
  const there = navigator.onLine;
  byId("offline-network").textContent = there ? w("there-is-network") : w("no-network");
}

// Keeping the page

async function keepPage(): Promise<void> {
  const ready = byId("offline-ready");
  if (!("serviceWorker" in navigator) || typeof caches === "undefined") {
    ready.textContent = w("not-kept");
    return;
  }
  const found = () => caches.match("/visits/offline", { cacheName: shelf.CACHE }).then(Boolean, () => false);
  const say = (there: boolean) => {
    ready.textContent = w(there ? "ready" : "not-kept");
    ready.dataset.ready = "yes";
  };
  const kept = await found();
  if (kept) say(true);
  else ready.textContent = w("preparing");
  try {
    await navigator.serviceWorker.register("/sw.js");
    const { active } = await navigator.serviceWorker.ready;
    if (!kept && active) {
      await new Promise<void>((resolve) => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve();
        setTimeout(resolve, 20_000);
        active.postMessage("keep", [channel.port2]);
      });
    }
  } catch {
    // Without network nothing is registered anew; what came of it is looked at below.
  }
  say(await found());
}

// Whom

const subjects = [...document.querySelectorAll<HTMLTemplateElement>("template[data-subject]")];

function offer(): void {
  const asked = (byId("offline-find") as HTMLInputElement).value.trim().toLowerCase();
  const found = subjects.filter((one) => `${one.dataset.name} ${one.dataset.full}`.toLowerCase().includes(asked)).slice(0, OFFERED);
  byId("offline-subjects").replaceChildren(...(found.length > 0
    ? found.map((one) => el("li", {}, button(one.dataset.name ?? "", () => void start(one), "")))
    : [el("li", { class: "quiet" }, w("none-found"))]));
}

function taken(subject: string): HTMLTemplateElement | undefined {
  return subjects.find((one) => one.dataset.subject === subject);
}

async function start(one: HTMLTemplateElement): Promise<void> {
  const seen = [...one.content.querySelectorAll<HTMLElement>("[data-lights] li")]
    .map((li) => ({ line: li.dataset.line ?? "", state: li.dataset.state ?? "" }));
  const visit = begin(newId(), person, one.dataset.subject ?? "", one.dataset.name ?? "", seen, Date.now());
  await open(visit, true);
}

function newId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6]! & 0x0f) | 0x40;
  b[8] = (b[8]! & 0x3f) | 0x80;
  const hex = [...b].map((n) => n.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// The form

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function controls(form: HTMLFormElement): Control[] {
  return [...form.elements].filter((e): e is Control =>
    (e instanceof HTMLInputElement || e instanceof HTMLSelectElement || e instanceof HTMLTextAreaElement) && e.name !== "");
}

function chooses(e: Control): e is HTMLInputElement {
  return e instanceof HTMLInputElement && (e.type === "checkbox" || e.type === "radio");
}

/** The form of a subject, with the plans that are open. */
function formFor(subject: string): HTMLFormElement {
  const kind = subject.split(":")[0] ?? "";
  const template = document.querySelector<HTMLTemplateElement>(`template[data-form="${kind}"]`);
  const form = template?.content.querySelector("form")?.cloneNode(true) as HTMLFormElement;
  const plans = [...(taken(subject)?.content.querySelectorAll<HTMLElement>("[data-plan]") ?? [])];
  const select = form.querySelector<HTMLSelectElement>("#f-plan_id");
  for (const plan of plans) select?.append(el("option", { value: plan.dataset.plan ?? "" }, plan.textContent ?? ""));
  if (plans.length > 0) form.querySelector<HTMLElement>("[data-plan]")!.hidden = false;
  for (const more of form.querySelectorAll<HTMLButtonElement>('button[name="more"]')) {
    more.type = "button";
    more.addEventListener("click", () => { for (let i = 0; i < 3; i += 1) addRow(form, more.value); });
  }
  return form;
}

/** One more row like the last of its list, empty. */
function addRow(form: HTMLFormElement, what: string): void {
  const rows = form.querySelectorAll(`[data-row="${what}"]`);
  const last = rows[rows.length - 1];
  if (!last || rows.length >= MAX_ROWS) return;
  const row = last.cloneNode(true) as Element;
  for (const e of row.querySelectorAll("[id], [for]")) {
    for (const name of ["id", "for"]) {
      const value = e.getAttribute(name);
      if (value) e.setAttribute(name, value.replace(/-\d+$/, `-${rows.length}`));
    }
  }
  for (const e of row.querySelectorAll<Control>("input, select, textarea")) e.value = "";
  last.after(row);
}

function fill(form: HTMLFormElement, visit: Visit): void {
  if (visit.fields.length === 0) {
    const at = form.querySelector<HTMLInputElement>('[name="happened_at"]');
    if (at) at.value = moment(Date.now() + clock).replace(" ", "T");
    return;
  }
  const values = new Map<string, string[]>();
  for (const [name, value] of visit.fields) values.set(name, [...(values.get(name) ?? []), value]);
  for (const row of new Set([...form.querySelectorAll<HTMLElement>("[data-row]")].map((e) => e.dataset.row ?? ""))) {
    const first = form.querySelector<Control>(`[data-row="${row}"] [name]`)?.name ?? "";
    const wanted = values.get(first)?.length ?? 0;
    while (form.querySelectorAll(`[data-row="${row}"]`).length < Math.min(wanted, MAX_ROWS)) addRow(form, row);
  }
  for (const e of controls(form)) {
    const own = values.get(e.name);
    if (chooses(e)) {
      e.checked = own?.includes(e.value) ?? false;
      continue;
    }
    const value = own?.shift() ?? "";
    // What the page no longer offers, such as a plan that is over, is still what was chosen.
    if (e instanceof HTMLSelectElement && value && ![...e.options].some((o) => o.value === value)) {
      e.append(el("option", { value }, visit.shown[e.name] ?? value));
      e.closest<HTMLElement>("[data-plan]")?.removeAttribute("hidden");
    }
    e.value = value;
  }
  for (const details of form.querySelectorAll("details")) {
    details.open = controls(form).some((e) => details.contains(e) && !chooses(e) && e.value !== "");
  }
}

function collect(form: HTMLFormElement): { fields: [string, string][]; shown: Record<string, string> } {
  const fields: [string, string][] = [];
  const shown: Record<string, string> = {};
  for (const e of controls(form)) {
    if (chooses(e) && !e.checked) continue;
    // The program counts the lines of the note without the empty ones around it.
    fields.push([e.name, e.name === "note" ? e.value.trim() : e.value]);
    if (e instanceof HTMLSelectElement && e.value && (e.name.startsWith("state-") || e.name === "plan_id")) {
      const light = e.name.slice("state-".length);
      const value = (name: string) => form.querySelector<HTMLInputElement>(`[name="${name}-${light}"]`)?.value.trim() ?? "";
      const percent = value("reduced_to");
      shown[e.name] = [e.selectedOptions[0]?.textContent ?? "", percent && `${percent}%`, value("cause")].filter(Boolean).join(" · ");
    }
  }
  return { fields, shown };
}

/** What is wrong, on top and beside the fields. */
function complain(form: HTMLFormElement, visit: Visit): void {
  const place = form.querySelector("[data-wrong]");
  if (!place || (visit.wrong.length === 0 && !visit.why)) return;
  const items = visit.wrong.map((one) => {
    const at = form.querySelector<HTMLElement>(`[id="f-${one.field}"]`) ?? form.querySelector<HTMLElement>(`[name="${one.field}"]`);
    const label = at?.closest(".field")?.querySelector("label")?.firstChild?.textContent?.trim() ?? "";
    if (!at) return el("li", {}, one.text);
    const error = el("div", { class: "error", id: `e-${one.field}` }, one.text);
    at.closest(".field")?.classList.add("wrong");
    at.setAttribute("aria-invalid", "true");
    at.setAttribute("aria-describedby", error.id);
    at.after(error);
    at.closest("details")?.setAttribute("open", "");
    const link = el("a", { href: `#${at.id}` }, label ? `${label}${COLON}${one.text}` : one.text);
    link.addEventListener("click", (event) => { event.preventDefault(); at.focus(); });
    return el("li", {}, link);
  });
  place.append(el("div", { class: "wrong-summary", tabindex: "-1" }, el("p", {}, w("wrong-summary")),
    items.length > 0 ? el("ul", {}, ...items) : el("p", {}, visit.why)));
}

/** The visit that is open here, and how to put it away. */
let here: { id: string; close: () => void; leave: () => Promise<void> } | null = null;

/** Opens a visit for writing, here and in no other window. */
async function open(visit: Visit, fresh: boolean): Promise<void> {
  await here?.leave();
  const locks = (navigator as Navigator & { locks?: LockManager }).locks;
  if (!locks) {
    show(visit, fresh, () => undefined);
    return;
  }
  void locks.request(`buting-visit-${visit.id}`, { ifAvailable: true }, (lock) => {
    if (!lock) {
      warn(w("elsewhere"));
      return undefined;
    }
    return new Promise<void>((resolve) => show(visit, fresh, resolve));
  });
}

function show(visit: Visit, fresh: boolean, free: () => void): void {
  const place = byId("offline-edit");
  const form = formFor(visit.subject);
  fill(form, visit);
  complain(form, visit);
  const brief = taken(visit.subject)?.content.querySelector("#brief")?.cloneNode(true) as Element | undefined;
  const aside = el("aside", { "aria-label": visit.name }, brief ?? el("p", { class: "quiet" }, w("no-brief")));
  // Where the two do not fit beside each other, what one should know comes before what one writes.
  const parts = matchMedia("(max-width: 68rem)").matches ? [aside, el("div", {}, form)] : [el("div", {}, form), aside];
  place.replaceChildren(el("h2", {}, visit.name), el("div", { class: "record" }, ...parts));
  place.hidden = false;
  byId("offline-choose").hidden = true;
  const said = form.querySelector<HTMLElement>("[data-kept]")!;
  let latest = visit;
  let there = !fresh;
  let timer = 0;

  const write = async (how: (visit: Visit) => Visit): Promise<boolean> => {
    clearTimeout(timer);
    const now = collect(form);
    let gone = false;
    const next = (v: Visit) => {
      gone = !editable(v);
      return gone ? v : how(edit(v, now.fields, now.shown, Date.now()));
    };
    latest = next(latest);
    try {
      // Whoever signed out or cleared the device in another window wants nothing kept any more.
      if (shelf.owner() !== person) throw new Error("cleared");
      if (there) {
        if (!await shelf.change(visit.id, next)) await shelf.add(latest);
        if (gone) {
          // Another window sent it meanwhile, or it is on its way: what is typed here reaches nobody by itself.
          warn(w("busy"), el("span", { class: "row" }, ...hand([latest])));
          return false;
        }
      } else {
        await shelf.add(latest);
        there = true;
        shelf.tell();
        void navigator.storage?.persist?.();
      }
      said.textContent = w("saved", moment(Date.now()).slice(11));
      return true;
    } catch (error) {
      const full = error instanceof DOMException && error.name === "QuotaExceededError";
      warn(w(full ? "no-room" : "cleared"), el("span", { class: "row" }, ...hand([latest])));
      return false;
    }
  };
  const close = () => {
    clearTimeout(timer);
    removeEventListener("pagehide", flush);
    document.removeEventListener("visibilitychange", flush);
    place.hidden = true;
    place.replaceChildren();
    byId("offline-choose").hidden = false;
    here = null;
    free();
  };
  const flush = () => { if (timer) void write((v) => v); };
  const leave = async () => {
    if (timer && !await write((v) => v)) return;
    close();
    await list();
  };
  here = { id: visit.id, close, leave };
  addEventListener("pagehide", flush);
  document.addEventListener("visibilitychange", flush);
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void write((v) => v), BREATH);
  });
  form.querySelector("[data-later]")?.addEventListener("click", () => void (async () => {
    if (await write((v) => v)) { close(); await list(); byId("offline-find").focus(); }
  })());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void (async () => {
      if (!await write((v) => submit(v, Date.now()))) return;
      close();
      await list();
      byId("offline-outbox").scrollIntoView({ block: "nearest" });
      await go(false);
    })();
  });
  const summary = form.querySelector<HTMLElement>(".wrong-summary");
  (summary ?? place).focus();
}

// By hand: the text of visits, for when the device or the network fails for good

function text(visits: Visit[]): string {
  return visits.map((visit) => {
    const form = formFor(visit.subject);
    fill(form, visit);
    const lines = controls(form).flatMap((e) => {
      const label = e.closest("label")?.textContent?.trim() ?? form.querySelector(`label[for="${CSS.escape(e.id)}"]`)?.firstChild?.textContent?.trim() ?? e.name;
      const legend = e.closest("fieldset")?.querySelector("legend")?.textContent ?? "";
      if (chooses(e)) return e.checked ? [e.type === "radio" ? `${legend}${COLON}${label}` : label] : [];
      const value = e instanceof HTMLSelectElement ? (e.value && e.selectedOptions[0]?.textContent) : e.value.trim();
      return value ? [`${label}${COLON}${value}`] : [];
    });
    return [`# ${visit.name}`, ...lines].join("\n");
  }).join("\n\n");
}

function download(visits: Visit[]): void {
  const link = el("a", { href: URL.createObjectURL(new Blob([text(visits)], { type: "text/plain;charset=utf-8" })), download: `visits-${day(Date.now())}.txt` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function copy(visits: Visit[], by: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(text(visits));
    by.textContent = w("copied");
  } catch {
    // Then to be marked and copied by hand.
    by.after(el("textarea", { rows: "6", readonly: "", "aria-label": w("copy") }, text(visits)));
  }
}

function hand(visits: Visit[]): HTMLElement[] {
  const copying: HTMLButtonElement = button(w("copy"), () => void copy(visits, copying));
  return [copying, button(w("download"), () => download(visits))];
}

// The list

function sides(visit: Visit, change: Changed): HTMLElement {
  const light = change.field.startsWith("state-");
  const merged = change.field === "subject";
  const mine = change.note_line ? noteLine(visit, change.note_line) : merged ? visit.name : visit.shown[change.field] ?? visit.fields.find(([name]) => name === change.field)?.[1] ?? "";
  const line = light ? w("seen-then", `${change.what} ${mine}`) : w("plan-then", mine);
  const choose = (how: "mine" | "theirs") => void (async () => {
    await shelf.change(visit.id, (v) => settle(v, change.field, how, line, Date.now()));
    await list();
    await go(false);
  })();
  const acts = light
    ? [button(w("keep-mine"), () => choose("mine")), button(w("keep-theirs"), () => choose("theirs"))]
    : [button(merged ? w("to-merged") : w("drop-plan"), () => choose(merged ? "mine" : "theirs"))];
  return el("fieldset", { class: "box", "data-change": change.field }, el("legend", {}, change.what),
    el("div", { class: "cols" },
      el("div", {}, el("p", { class: "small quiet" }, w("mine")), el("p", {}, mine)),
      el("div", {}, el("p", { class: "small quiet" }, w("theirs")), el("p", {}, merged ? w("merged", change.now) : change.now))),
    el("p", { class: "row" }, ...acts));
}

function card(visit: Visit): HTMLLIElement {
  const acts: HTMLElement[] = [];
  const openIt = (how: (v: Visit) => Visit = (v) => v) => void (async () => {
    const now = await shelf.change(visit.id, how);
    if (now && editable(now)) await open(now, false);
    await list();
  })();
  if (visit.state === "editing") acts.push(button(w("open"), () => openIt()));
  if (visit.state === "refused" || visit.state === "conflict") acts.push(button(w("correct"), () => openIt()));
  if (visit.state === "queued" && editable(visit)) acts.push(button(w("take-back"), () => openIt(takeBack)));
  if (visit.state === "sent") {
    acts.push(button(w("hide"), () => void shelf.remove(visit.id).then(list)));
  } else {
    acts.push(...hand([visit]));
    if (visit.state !== "sending") {
      acts.push(button(w("delete"), () => ask(w("ask-delete"), w("delete"), () => void shelf.remove(visit.id).then(() => { shelf.tell(); return list(); }))));
    }
  }
  const why = visit.why && visit.why !== "signed_out" && visit.state !== "sent" ? w("tried", visit.why) : "";
  return el("li", { "data-visit": visit.id, "data-state": visit.state },
    el("p", { class: "row" }, el("b", {}, visit.name), el("span", { class: visit.state === "sent" ? "state done" : "state" }, w(`state-${visit.state}`)),
      el("span", { class: "small quiet" }, moment(visit.at), " · ", w("until", day(until(visit))))),
    why && el("p", { class: "small" }, why),
    visit.state === "queued" && visit.unsure && el("p", { class: "small" }, w("unsure")),
    visit.receipt && el("ul", { class: "receipt" },
      el("li", {}, `${w("visit")} `, el("a", { href: `/visits/${visit.receipt.id}` }, visit.receipt.number)),
      ...visit.receipt.items.map((one) => el("li", {}, `${one.what} `, el("a", { href: one.href }, [one.number, one.text].filter(Boolean).join(" "))))),
    visit.state === "refused" && el("ul", { class: "receipt" }, ...visit.wrong.map((one) => el("li", {}, one.text))),
    visit.state === "conflict" && el("div", {}, ...visit.changed.map((change) => sides(visit, change))),
    el("p", { class: "row" }, ...acts));
}

async function list(): Promise<void> {
  const visits = (await shelf.all().catch(() => [])).filter((v) => v.person === person && v.id !== here?.id);
  visits.sort((a, b) => Number(a.state === "sent") - Number(b.state === "sent") || b.at - a.at);
  byId("offline-outbox").hidden = visits.length === 0;
  byId("offline-export").hidden = unsent(visits).length === 0;
  byId("offline-list").replaceChildren(...visits.map(card));
  const out = visits.some((v) => v.state === "queued" && v.why === "signed_out");
  if (out) warn(w("signed-out"), el("a", { href: "/sign-in?next=/visits/offline" }, w("sign-in")));
  else if (signedOut) warn("");
  signedOut = out;
}

let timer = 0;

/** Sends, and comes back when something still waits. */
async function go(woken: boolean): Promise<void> {
  clearTimeout(timer);
  const next = await send(woken).catch(() => Date.now() + 5_000);
  // Another window may have sent what was still waiting when this one looked.
  await list();
  if (next === null) return;
  timer = window.setTimeout(() => void go(false), Math.max(1_000, next - Date.now()));
  try {
    const registration = await navigator.serviceWorker?.getRegistration();
    await (registration as unknown as { sync?: { register(tag: string): Promise<void> } } | undefined)?.sync?.register("buting-outbox");
  } catch {
    // Where the browser does not do it, this page and the next one do.
  }
}

async function main(): Promise<void> {
  root.hidden = false;
  network();
  await settleOwner();
  if (!await shelf.own(person)) warn(w("no-store"));
  await readClock().catch(() => undefined);
  byId("offline-find").addEventListener("input", offer);
  byId("offline-export").addEventListener("click", () => void shelf.all().then((visits) => download(unsent(visits))));
  offer();
  if (typeof BroadcastChannel !== "undefined") new BroadcastChannel(shelf.CHANNEL).onmessage = () => void list();
  await list();
  for (const name of ["online", "offline"]) addEventListener(name, network);
  addEventListener("online", () => void go(true));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) void go(false); });
  void keepPage();
  // This page came from the server a moment ago, or there is no network: either way it is worth a try.
  await go(true);
}

void main();
