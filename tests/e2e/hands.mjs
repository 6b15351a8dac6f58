// What a hand does on a page: find a form by what it does, fill it in, send it.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./house.mjs";

const TEXTS = new Map();
const locales = join(ROOT, "crates", "buting", "locales", "zh-CN");
for (const file of readdirSync(locales)) {
  for (const line of readFileSync(join(locales, file), "utf8").split("\n")) {
    const at = line.indexOf(" = ");
    if (at > 0) TEXTS.set(line.slice(0, at), line.slice(at + 3));
  }
}

/** What the Chinese pages call something. */
export function word(key) {
  assert.ok(TEXTS.has(key), `no text ${key}`);
  return TEXTS.get(key);
}

/** The status that a record's page shows among its facts. */
export async function status(page) {
  return (await page.locator(".facts .state").first().innerText()).trim();
}

/** Opens an appeal and expects that it stands so. */
export async function expectStatus(page, path, key) {
  await page.goto(path);
  assert.equal(await status(page), word(`appeal-status-${key}`));
}

/** The form that carries out an action, whether it says so in its address, in a hidden field or on its button. */
export function formOf(page, action) {
  const by = [
    `form[method="post"][action$="/${action}"]`,
    `form[method="post"]:has(input[type="hidden"][name="action"][value="${action}"])`,
    `form[method="post"]:has(button[name="action"][value="${action}"])`,
  ];
  return page.locator(by.join(", ")).first();
}

/** Fills the fields of a form by name. `true` ticks, `{ label }` and `{ index }` choose. */
export async function fill(form, fields) {
  for (const [name, value] of Object.entries(fields)) {
    const field = form.locator(`[name="${name}"]:not([type="hidden"])`);
    assert.ok(await field.count() > 0, `the form has no field ${name}: ${await form.innerHTML()}`);
    const kind = await field.first().evaluate((e) => (e.tagName === "INPUT" ? e.type : e.tagName));
    if (kind === "SELECT") await field.first().selectOption(value);
    else if (kind === "radio") await form.locator(`[name="${name}"][value="${value}"]`).check();
    else if (kind === "checkbox") await (value === true ? field.first() : form.locator(`[name="${name}"][value="${value}"]`)).check();
    else await field.first().fill(String(value));
  }
}

/** Opens what is folded around an element. */
async function unfold(locator) {
  // Without script `evaluate` still runs; it is the page's own code that does not.
  await locator.evaluate((e) => {
    for (let p = e.parentElement; p; p = p.parentElement) if (p.tagName === "DETAILS") p.open = true;
  });
}

/** The form of an action, unfolded and filled in, and the button that sends it. */
async function ready(page, action, fields) {
  const form = formOf(page, action);
  assert.ok(await form.count() > 0, `${page.url()} offers no "${action}" to this person:\n${await page.innerText("main")}`);
  await unfold(form);
  await fill(form, fields);
  return [form, form.locator(`button[name="action"][value="${action}"], button.primary, button:not([type="button"])`).first()];
}

/** Carries out an action of the page and expects that it succeeds. */
export async function act(page, action, fields = {}) {
  await send(page, ...await ready(page, action, fields));
}

/** Sends the form of an action, whatever comes of it. Answers the status. */
export async function submit(page, action, fields = {}) {
  return press(page, ...await ready(page, action, fields));
}

/** Sends a form and expects no refusal. */
export async function send(page, form, button = form.locator("button.primary").first()) {
  const status = await press(page, form, button);
  assert.ok(status < 400, `${status} at ${page.url()}:\n${await page.innerText("main")}`);
}

/** Presses the button of a form, says yes when it asks, and answers the status of what comes. */
async function press(page, form, button) {
  const asks = await form.getAttribute("data-confirm");
  const script = await page.evaluate(() => document.body.dataset.htmx !== undefined && typeof window !== "undefined");
  const answer = page.waitForResponse((r) => r.request().method() === "POST");
  await button.click();
  if (asks && script) {
    const yes = page.locator("dialog button.primary");
    // Without script there is no question.
    if (await yes.count() > 0) await yes.click();
  }
  const status = (await answer).status();
  await page.waitForLoadState("load");
  return status;
}

/** Hands a sheet in and waits for what the preview says. */
export async function preview(page, kind, file) {
  await page.goto("/imports");
  const form = page.locator('form[action="/imports"]');
  await form.locator('[name="kind"]').selectOption(kind);
  await form.locator('[name="file"]').setInputFiles(file);
  await send(page, form);
  await settled(page);
}

/** The page of an import reloads itself until the work is done. */
export async function settled(page) {
  await page.waitForFunction(() => !document.querySelector("main progress"), null, { timeout: 60_000 });
}

/** How many rows the report counts, by what happened to them. */
export async function counts(page) {
  return page.evaluate(() => Object.fromEntries([...document.querySelectorAll("main .panel dl.facts dt")]
    .map((dt) => [dt.textContent.trim(), dt.nextElementSibling?.textContent.trim()])));
}

/** The day so many days from today, as the zone counts days. */
export function inDays(n) {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai" }).format(Date.now() + n * 86_400_000);
}

/** The enterprise reports a difficulty in its window of this company. Answers its path. */
export async function reported(all, { title, body, category }) {
  const page = await all.page("enterprise");
  await page.goto("/appeals/new");
  const form = page.locator('form[action="/appeals/new"]');
  await fill(form, { title, body, category });
  await send(page, form);
  return new URL(page.url()).pathname;
}

/** The coordination office gives it to a department. */
export async function given(all, path, label) {
  const page = await all.page("dispatcher");
  await page.goto(path);
  await act(page, "dispatch", { department_id: { label } });
}

/** The officer signs for it. */
export async function signed(all, path) {
  const page = await all.page("officer");
  await page.goto(path);
  await act(page, "sign");
}

/** The result is given, solved where nothing else is said. */
export async function answered(page, path, fields) {
  await page.goto(path);
  await act(page, "answer", { result: "solved", production_continued: "yes", ...fields });
}
