// The register and who answers for whom: sheets as offices send them, duplicates, a plan, a handover.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before } from "node:test";
import { counts, fill, preview, send, settled } from "./hands.mjs";
import { inWindow, launch, ROOT, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

const SHEETS = join(ROOT, "demo", "import");

/** A window of one role, closed when the work in it is done. */
const using = (role, work, options) => inWindow(browser, role, work, options);

test("a sheet in an old encoding is previewed, taken in, and taken back", () => using("dispatcher", async (page) => {
  await preview(page, "enterprises", join(SHEETS, "企业名单-GBK.csv"));
  const seen = await counts(page);
  assert.ok(Number(seen["新增"]) > 0, JSON.stringify(seen));
  await send(page, page.locator('form[action$="/accept"]'));
  await settled(page);
  const done = await counts(page);
  assert.equal(done["新增"], seen["新增"], "what the preview said is what is done");
  await page.getByRole("link", { name: "撤销这次导入" }).click();
  await send(page, page.locator('form[action$="/undo"]'));
  await settled(page);
  assert.match(await page.innerText("main"), /已撤销/);
}));

test("a dirty sheet keeps its good rows, and the bad ones come back with a remark", () => using("dispatcher", async (page) => {
  await preview(page, "enterprises", join(SHEETS, "企业名单.xlsx"));
  const seen = await counts(page);
  assert.ok(Number(seen["退回"]) > 0 && Number(seen["新增"]) + Number(seen["更新"] ?? 0) > 0, JSON.stringify(seen));
  const [file] = await Promise.all([page.waitForEvent("download"), page.locator('a[href$="/rejects"]').click()]);
  assert.match(file.suggestedFilename(), /\.xlsx$/);
}));

for (const js of [true, false]) {
  test(`two records of one enterprise are compared, merged and parted again${js ? "" : ", without JavaScript"}`, () => using("dispatcher", async (page) => {
    await page.goto("/enterprises/duplicates");
    // What others entered meanwhile is looked for first.
    const first = page.locator('form[action="/enterprises/duplicates"]');
    await send(page, first, first.locator("button"));
    const before = await page.locator("main tbody tr").count();
    assert.ok(before > 0, "the demo zone holds records that were entered twice");
    await page.locator('main tbody a[href*="/merge?with="]').first().click();
    assert.ok(await page.locator("main form table tr").count() > 5, "both records side by side");
    const gone = await page.locator('form input[name="with"]').getAttribute("value");
    const form = page.locator('form[action$="/merge"]');
    await fill(form, { reason: "两个部门各登记了一次" });
    await send(page, form);
    const stays = new URL(page.url()).pathname;
    assert.match(await page.innerText("main"), /已并入的记录/);
    await page.goto(`/enterprises/${gone}`);
    assert.equal(new URL(page.url()).pathname, stays, "the old address leads to the record that stayed");
    const undo = page.locator('form[action^="/merges/"]');
    await send(page, undo, undo.locator("button").first());
    await page.goto(`/enterprises/${gone}`);
    assert.equal(new URL(page.url()).pathname, `/enterprises/${gone}`, "it stands on its own again");
    await page.goto("/enterprises/duplicates");
    const look = page.locator('form[action="/enterprises/duplicates"]');
    await send(page, look, look.locator("button"));
    assert.equal(await page.locator("main tbody tr").count(), before, "and is found again");
  }, { js }));
}

test("a plan is computed, changed by hand and accepted", () => using("dispatcher", async (page) => {
  await page.goto("/assignments");
  await page.getByRole("link", { name: "分配方案" }).click();
  const ask = page.locator("main form.filters");
  await fill(ask, { role: "officer", steadiness: "even" });
  await ask.locator("button.primary").click();
  const rows = page.locator("#by-hand tbody tr");
  const moves = await rows.count();
  assert.ok(moves > 0, "sixty days leave something to even out");
  const subject = (await rows.first().locator("th").innerText()).trim();
  const stay = rows.first().locator('select[name="pin"] option').nth(1);
  await rows.first().locator('select[name="pin"]').selectOption(await stay.getAttribute("value"));
  await page.locator("#by-hand button").click();
  await page.waitForURL(/pin=/);
  assert.ok(await page.locator('input[name="pin"]').count() > 0, "what was chosen is remembered");
  const form = page.locator('form[method="post"][action="/assignments/plan"]');
  await fill(form, { reason: "均衡工作量" });
  await send(page, form);
  assert.match(await page.innerText("main"), /现状不需要变动|变动 \d+ 处/);
  assert.ok(subject.length > 0);
}));

test("everything that an officer holds goes to another in one step", () => using("dispatcher", async (page) => {
  await page.goto("/assignments/handover");
  const people = await page.locator("#from option").evaluateAll((all) => all.map((one) => one.value).filter(Boolean));
  let held = 0;
  for (const person of people) {
    await page.goto(`/assignments/handover?from=${person}`);
    held = await page.locator("main ul.list li").count();
    if (held > 2) break;
  }
  assert.ok(held > 2, "somebody in the demo zone has something in hand");
  const form = page.locator('form[method="post"][action="/assignments/handover"]');
  const from = await form.locator('[name="from_person"]').getAttribute("value");
  const others = await form.locator('[name="to_person"] option').evaluateAll((all) => all.map((one) => one.value).filter(Boolean));
  await fill(form, { to_person: others.find((one) => one !== from), note: "调任，已面交台账" });
  await send(page, form);
  await page.goto(`/assignments/handover?from=${from}`);
  assert.equal(await page.locator("main ul.list li").count(), 0, "nothing is left behind");
}));

for (const js of [true, false]) {
  test(`an enterprise corrects its facts and an officer decides${js ? "" : ", without JavaScript"}`, async () => {
    const industry = js ? "C2710" : "C2730";
    const correction = await using("enterprise", async (page) => {
      await page.goto("/");
      await page.getByRole("link", { name: "企业资料" }).click();
      const form = page.locator("main form.form");
      await fill(form, { headcount: js ? 241 : 242, industry_code: industry, reason: "登记机关核定的小类如此" });
      await send(page, form);
      const rows = await page.locator("main table tbody tr").allInnerTexts();
      assert.ok(rows.some((row) => row.includes(js ? "241" : "242") && row.includes("企业填报")), "its own fact holds at once");
      assert.ok(!rows.some((row) => row.includes(industry)), "the industry waits");
      const link = page.locator('main .flash a[href^="/corrections/"]').first();
      return link.getAttribute("href");
    }, { js });
    await using("dispatcher", async (page) => {
      await page.goto("/enterprises");
      await page.getByRole("link", { name: "资料更正" }).click();
      await page.locator(`main tbody a[href="${correction}"]`).click();
      await fill(page.locator("main form.form"), { answer: "已核对登记信息" });
      await send(page, page.locator("main form.form"), page.locator('button[value="accept"]'));
      assert.match(await page.innerText("main"), /已更正/);
    }, { js });
    await using("enterprise", async (page) => {
      await page.goto("/notices");
      assert.match(await page.innerText("main"), /资料更正已经核实/);
      await page.goto(correction);
      assert.match(await page.innerText("main"), /已更正[\s\S]*已核对登记信息/);
    }, { js });
  });
}

test("a number that does not work is asked for until it is confirmed", () => using("dispatcher", async (page) => {
  await page.goto("/enterprises?q=lkqx");
  await page.locator("main tbody th a").first().click();
  const record = page.url();
  await page.locator('main a[href$="/edit"][href^="/contacts/"]').first().click();
  const form = page.locator('form[action$="/failed"]');
  await fill(form, { reached_by: "phone", why: "no_answer" });
  await send(page, form, form.locator("button"));
  assert.match(await page.innerText("main"), /联系不上/);
  await page.locator('main a[href$="/edit"][href^="/contacts/"]').first().click();
  const works = page.locator('form[action$="/verified"]');
  await send(page, works, works.locator("button"));
  assert.equal(page.url(), record);
  assert.doesNotMatch(await page.innerText("main table"), /多次无人接听/);
}));
