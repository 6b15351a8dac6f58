// What the scripts add: keys, field checks, questions, drafts. Each also has its plain way, which other tests take.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { as, close, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

async function at(role, path, options) {
  const context = await as(browser, role, options);
  const page = await context.newPage();
  await page.goto(path);
  return { context, page };
}

test("the slash key goes to the search box, but not while somebody types", async () => {
  const { context, page } = await at("officer", "/account/password");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "find");
  await page.focus("#f-old");
  await page.keyboard.type("a/b");
  assert.equal(await page.inputValue("#f-old"), "a/b");
  await close(context);
});

test("the person's menu opens by key and closes by Escape", async () => {
  const { context, page } = await at("officer", "/account/password");
  await page.focus("details.me > summary");
  await page.keyboard.press("Enter");
  assert.ok(await page.locator('form[action="/sign-out"]').isVisible());
  await page.keyboard.press("Escape");
  assert.ok(!(await page.locator('form[action="/sign-out"]').isVisible()));
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "SUMMARY");
  await close(context);
});

test("a field that was emptied says so when it is left, and stops saying so when it is filled", async () => {
  const { context, page } = await at("officer", "/account/password");
  await page.fill("#f-old", "x");
  await page.fill("#f-old", "");
  await page.focus("#f-new");
  assert.equal(await page.innerText(".field.wrong .error"), "请填写");
  assert.equal(await page.getAttribute("#f-old", "aria-invalid"), "true");
  await page.fill("#f-old", "y");
  assert.equal(await page.locator(".field.wrong").count(), 0);
  await close(context);
});

test("a refused form keeps the page, says what is wrong on top, and has the focus there", async () => {
  const { context, page } = await at("officer", "/account/password");
  for (const [field, text] of [["old", "not-the-password"], ["new", "four quiet words here"], ["again", "other quiet words here"]]) {
    await page.fill(`#f-${field}`, text);
  }
  await page.click("main button.primary");
  assert.ok(await page.locator(".wrong-summary").isVisible());
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains("wrong-summary")));
  await page.click(".wrong-summary a");
  assert.equal(await page.evaluate(() => document.activeElement.id), "f-again");
  await close(context);
});

test("language, theme and text size are kept", async () => {
  const { context, page } = await at("officer", "/account/password", { extraHTTPHeaders: {} });
  const press = async (name, value) => {
    await page.click("details.me > summary");
    await page.click(`.sheet-menu button[name="${name}"][value="${value}"]`);
  };
  await press("theme", "dark");
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  await press("text", "large");
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize), "20px");
  await press("lang", "en");
  assert.equal(await page.getAttribute("html", "lang"), "en");
  assert.equal(new URL(page.url()).pathname, "/account/password");
  await press("lang", "zh-CN");
  assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
  await close(context);
});

test("a long form is kept in the browser, restored, and dropped at sign-out", async () => {
  const { context, page } = await at("enterprise", "/appeals/new");
  const body = page.locator("form[data-draft] textarea").first();
  await body.fill("冷库断电，货等在门外");
  await page.waitForFunction(() => Object.keys(localStorage).some((key) => key.startsWith("draft:")));
  await page.reload();
  assert.equal(await body.inputValue(), "冷库断电，货等在门外");
  await page.click("details.me > summary");
  // The device is cleared first, and only then the person leaves.
  await Promise.all([page.waitForURL((url) => url.pathname !== "/appeals/new"), page.click('form[action="/sign-out"] button')]);
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
  await close(context);
});

test("rows of a table are walked by arrow keys", async () => {
  const { context, page } = await at("officer", "/enterprises");
  await page.focus("tbody tr:nth-child(1) .lead a");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  assert.ok(await page.evaluate(() => document.activeElement.closest("tr") === document.querySelector("tbody tr:nth-child(2)")));
  const to = await page.getAttribute("tbody tr:nth-child(2) .lead a", "href");
  await page.keyboard.press("Enter");
  await page.waitForURL(`**${to}`);
  await close(context);
});
