// Posts, the order of the leadership, departments as they were, and what must be handed over: with the keyboard of a page, with and without script.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { act, fill, send, submit } from "./hands.mjs";
import { inWindow, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

const using = (options, work) => inWindow(browser, "dispatcher", work, options);

/** The page of a person, found by name. */
async function person(page, name) {
  await page.goto(`/people?q=${encodeURIComponent(name)}`);
  await page.locator("tbody .lead a", { hasText: name }).click();
  return new URL(page.url()).pathname;
}

for (const js of [true, false]) {
  test(`a second post is given, becomes the main one, and the other ends${js ? "" : ", without JavaScript"}`, () => using({ js }, async (page) => {
    const path = await person(page, js ? "田沐阳" : "余星野");
    await page.locator(`a[href="${path}/posts/new"]`).click();
    if (js) await look(page, "post-new");
    const form = page.locator('form[method="post"][action$="/posts/new"]');
    await fill(form, { department_id: { label: "财政金融部" }, person_title: "副部长", basis: "〔2026〕9号", main: true });
    await send(page, form);
    assert.equal(new URL(page.url()).pathname, path);
    const row = (department) => page.locator("section table tbody tr", { has: page.locator(".lead", { hasText: department }) }).first();
    assert.match(await row("财金部").innerText(), /副部长\s*主要任职[\s\S]*〔2026〕9号/);
    const former = js ? "建设部" : "应急部";
    assert.match(await row(former).innerText(), /兼任/);
    if (js) await look(page, "person");
    await row(former).locator('a[href$="/end"]').click();
    if (js) await look(page, "post-end");
    // It began today, when the other became the main one; it ends today too.
    await send(page, page.locator('form[method="post"][action$="/end"]'));
    assert.equal(await row("财金部").count(), 1);
    await page.locator("details.more summary").last().click();
    assert.ok((await page.locator("details.more tbody tr").count()) >= 2, "what has ended is kept");
  }));
}

test("the leadership's page looks as pages do", () => using({}, async (page) => {
  await page.goto("/leadership");
  await look(page, "leadership");
}));

test("the leadership is put into another order by the keyboard, without JavaScript", () => using({ js: false }, async (page) => {
  await page.goto("/leadership");
  const names = () => page.locator("tbody .lead").allInnerTexts();
  const before = await names();
  assert.ok(before.length >= 3, before.join());
  await page.locator('tbody input[type="number"]').nth(2).fill("1");
  const answer = page.waitForResponse((r) => r.request().method() === "POST");
  await page.keyboard.press("Enter");
  await answer;
  await page.waitForSelector(".flash:not([data-year])");
  assert.deepEqual((await names()).slice(0, 3), [before[2], before[0], before[1]]);
  await page.goto("/people");
  assert.equal(await page.locator("tbody .lead").first().innerText(), before[2]);
}));

test("who holds something does not leave, and a department that holds something is not closed", () => using({}, async (page) => {
  const path = await person(page, "唐浩然");
  await page.goto(`${path}/leave`);
  await look(page, "leave");
  assert.ok(await page.locator("main ul.list li").count() > 0, "what is held is named");
  assert.equal(await submit(page, "leave", { reason: "调任" }), 422);
  assert.equal(await page.locator('[name="reason"]').inputValue(), "调任");
  await page.locator('main a[href^="/assignments/handover?from="]').first().click();
  assert.ok(await page.locator('form[action="/assignments/handover"]').count() > 0);
  await page.goto("/departments");
  await look(page, "departments");
  await page.locator("tbody .lead a", { hasText: "经济发展部" }).click();
  assert.match(await page.locator("main").innerText(), /财政金融部干部\s*兼任/);
  await page.locator("details.more summary", { hasText: "撤并部门" }).click();
  await look(page, "department");
  assert.equal(await page.locator('form[action$="/close"]').count(), 0);
  // Renamed, it is still known by what it was called.
  await page.goto("/departments");
  await page.locator("tbody .lead a", { hasText: "市场监管所" }).click();
  await page.locator('main a[href$="/edit"]').click();
  const form = page.locator('form[method="post"][action$="/edit"]');
  await fill(form, { name: "市场监督管理所" });
  await send(page, form);
  assert.match(await page.locator("main").innerText(), /市场监督管理所[\s\S]*沿革[\s\S]*市场监管所/);
}));

test("an agency's page shows its people and who was invited", () => using({}, async (page) => {
  await page.goto("/departments");
  await page.locator("tbody .lead a", { hasText: "供电服务中心" }).click();
  await look(page, "agency");
  assert.match(await page.locator("main").innerText(), /客户经理/);
  assert.ok(await page.locator('main a[href^="tel:"]').count() > 0);
}));
