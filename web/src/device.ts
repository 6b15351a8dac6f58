import { ask } from "./confirm";
import { KEPT, unsent, until } from "./offline/machine";
import * as shelf from "./offline/shelf";
import { word } from "./words";

/** What a worker is asked; nothing when there is none. */
function tellWorker(what: "send"): void {
  if ("serviceWorker" in navigator) navigator.serviceWorker.controller?.postMessage(what);
}

/** Removes what has been on the device for too long. */
async function expire(): Promise<void> {
  for (const visit of await shelf.all()) {
    if (until(visit) < Date.now()) await shelf.remove(visit.id);
  }
  if (typeof caches === "undefined") return;
  const page = await caches.match("/visits/offline", { cacheName: shelf.CACHE });
  if (page && Date.now() - Number(page.headers.get("x-kept-at")) > KEPT) await caches.delete(shelf.CACHE);
}

/** How many visits wait, beside the bell of every page. */
async function badge(): Promise<void> {
  const waiting = unsent(await shelf.all()).length;
  const form = document.querySelector<HTMLFormElement>('form[action="/sign-out"]');
  if (form) {
    if (waiting > 0) form.dataset.confirm = word("sign-out-unsent").replace("%", String(waiting));
    else delete form.dataset.confirm;
  }
  document.querySelector(".unsent")?.remove();
  if (waiting === 0) return;
  const text = word("unsent").replace("%", String(waiting));
  const bell = document.querySelector<HTMLAnchorElement>(".bell");
  if (!bell) {
    // Nobody is signed in: whose they are must come back for them.
    const note = document.createElement("p");
    note.className = "flash warn unsent";
    note.textContent = word("sign-in-unsent").replace("%", String(waiting));
    document.querySelector("main")?.prepend(note);
    return;
  }
  const link = bell.cloneNode(true) as HTMLAnchorElement;
  link.href = "/visits/offline";
  link.classList.add("unsent");
  link.setAttribute("aria-label", text);
  link.title = text;
  const use = link.querySelector("use");
  use?.setAttribute("href", (use.getAttribute("href") ?? "").replace(/#.*/, "#nav-visits"));
  const count = link.querySelector("b") ?? document.createElement("b");
  count.setAttribute("aria-hidden", "true");
  count.textContent = waiting > 99 ? "99+" : String(waiting);
  link.append(count);
  bell.before(link);
}

/** Readies the device for whoever is signed in: another person's visits and data go before anything of them is shown. */
export async function settleOwner(): Promise<void> {
  const person = document.body.dataset.person ?? "";
  const owner = shelf.owner();
  if (owner && person && owner !== person) await shelf.wipe();
}

/** What a browser keeps: shown on every page, removed at sign-out, for another person, and on demand. */
export function device(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-clear-device]")) {
    button.hidden = false;
    button.addEventListener("click", () => ask(word("clear-ask"), button.textContent ?? "", async () => {
      await shelf.wipe();
      button.insertAdjacentElement("afterend", Object.assign(document.createElement("span"), { role: "status", className: "small", textContent: ` ${word("cleared")}` }));
      await badge();
    }));
  }
  // After the question whether it is meant, which stops the event until somebody says yes.
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented || form.getAttribute("action") !== "/sign-out") return;
    event.preventDefault();
    // Whoever had visits here was asked: the server has the browser clear what is left. Without script nothing was
    // asked, and nothing is cleared.
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "clear", value: "yes" }));
    const away = setTimeout(() => form.submit(), 3_000);
    void shelf.wipe().finally(() => {
      clearTimeout(away);
      form.submit();
    });
  });
  if (typeof BroadcastChannel !== "undefined") new BroadcastChannel(shelf.CHANNEL).onmessage = () => void badge().catch(() => undefined);
  if (!shelf.owner()) return;
  void (async () => {
    await settleOwner();
    if (!shelf.owner()) return;
    await expire();
    await badge();
    tellWorker("send");
    window.addEventListener("online", () => tellWorker("send"));
  })().catch(() => undefined);
}
