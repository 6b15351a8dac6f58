import { word } from "./words";

/** Drafts older than this are dropped (ms). */
const LIFE = 7 * 86_400_000;
const PREFIX = "draft:";
const SENT = "draft-sent";

type Draft = { at: number; values: [string, string][] };

/** A draft is one person's: the next one at the same desk does not find it. */
function keyOf(form: HTMLFormElement): string {
  return `${PREFIX}${document.body.dataset.who ?? ""}:${form.dataset.draft}`;
}

/** What a draft keeps: what was typed or chosen; never passwords, files or keys of the form. */
function kept(form: HTMLFormElement): (HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement)[] {
  return [...form.elements].filter((e): e is HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement =>
    (e instanceof HTMLInputElement && !["hidden", "password", "file", "submit"].includes(e.type)) ||
    e instanceof HTMLSelectElement || e instanceof HTMLTextAreaElement);
}

function read(key: string): Draft | null {
  try {
    const draft = JSON.parse(localStorage.getItem(key) ?? "null") as Draft | null;
    return draft && Date.now() - draft.at < LIFE ? draft : null;
  } catch {
    return null;
  }
}

function write(form: HTMLFormElement): void {
  const values: [string, string][] = [];
  for (const e of kept(form)) {
    if (e instanceof HTMLInputElement && (e.type === "checkbox" || e.type === "radio")) {
      if (e.checked) values.push([e.name, e.value]);
    } else if (e.value) {
      values.push([e.name, e.value]);
    }
  }
  try {
    localStorage.setItem(keyOf(form), JSON.stringify({ at: Date.now(), values }));
    const time = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    say(form, word("draft-saved").replace("%", time));
  } catch {
    // No room or not allowed: the form still works.
  }
}

function fill(form: HTMLFormElement, draft: Draft): void {
  const values = new Map<string, string[]>();
  for (const [name, value] of draft.values) values.set(name, [...(values.get(name) ?? []), value]);
  for (const e of kept(form)) {
    const own = values.get(e.name);
    if (e instanceof HTMLInputElement && (e.type === "checkbox" || e.type === "radio")) {
      e.checked = own?.includes(e.value) ?? false;
    } else {
      e.value = own?.shift() ?? "";
    }
  }
}

function say(form: HTMLFormElement, text: string): HTMLElement | null {
  const place = form.querySelector<HTMLElement>("[data-saved]");
  if (place) place.textContent = text;
  return place;
}

function drop(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // Nothing was kept then.
  }
}

/** Long forms (`data-draft`) are kept in this browser until the server has them. */
export function drafts(): void {
  const problem = document.querySelector(".wrong-summary, [data-problem]");
  const forms = [...document.querySelectorAll<HTMLFormElement>("form[data-draft]")];
  const sent = sessionStorage.getItem(SENT);
  sessionStorage.removeItem(SENT);
  // The same form again without a word of success: the server only added rows to it, and filled it in itself.
  const again = forms.some((form) => keyOf(form) === sent) && !document.querySelector(".flash[role=status]");
  if (sent && !problem && !again) drop(sent);

  for (const form of forms) {
    const key = keyOf(form);
    const draft = problem || (again && key === sent) ? null : read(key);
    if (draft && draft.values.length > 0) {
      fill(form, draft);
      const place = say(form, word("draft-found"));
      const button = document.createElement("button");
      button.type = "button";
      button.className = "plain";
      button.textContent = word("draft-drop");
      button.addEventListener("click", () => {
        drop(key);
        form.reset();
        say(form, "");
      });
      place?.append(" ", button);
    }
    let waiting = 0;
    form.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = window.setTimeout(() => write(form), 600);
    });
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      clearTimeout(waiting);
      write(form);
      sessionStorage.setItem(SENT, key);
    });
  }
}
