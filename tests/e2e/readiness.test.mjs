// A plan from its first item to the day it lapses by itself; who is inside, counted; a shift that is short.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { act, fill, inDays, send, submit } from "./hands.mjs";
import { inWindow, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

/** Fills every field of the checklist that is still empty. */
async function fillPlan(page) {
  const form = page.locator('main form[action$="/edit"]');
  for (const field of await form.locator('input[name^="name_"]').all()) await field.fill("江远");
  for (const field of await form.locator('input[name^="phone_"]').all()) await field.fill("13800001234");
  for (const field of await form.locator('input[name^="quantity_"]').all()) await field.fill("600");
  for (const field of await form.locator("textarea").all()) await field.fill("江远\n白露\n秦朗");
  await send(page, form);
}

for (const js of [true, false]) {
  const kind = js ? "control" : "emergency";
  test(`a plan is written, told all its gaps, returned, reviewed, approved, and lapses${js ? "" : ", without JavaScript"}`, async () => {
    const using = (who, work) => inWindow(browser, who, work, { js });
    let path;
    await using("enterprise2", async (page) => {
      await page.goto("/plans");
      const form = page.locator(`form:has(input[name="kind"][value="${kind}"])`);
      await send(page, form, form.locator("button"));
      path = new URL(page.url()).pathname.replace(/\/edit$/, "");
      if (js) await look(page, "plan-edit");
      await page.goto(path);
      assert.equal(await submit(page, "submit"), 422, "nothing is handed in with gaps");
      const told = await page.locator('.wrong-summary a[href^="#f-submit-item_"]').count();
      assert.ok(told > 8, `every gap at once, not ${told}`);
      if (js) await look(page, "plan-gaps");
      await page.goto(`${path}/edit`);
      await fillPlan(page);
      await act(page, "submit");
      assert.match(await page.innerText(".facts"), /待审查/);
    });
    await using("dispatcher", async (page) => {
      await page.goto("/plans?show=waiting");
      if (js) await look(page, "plans");
      await page.locator(`tbody a[href="${path}"]`).click();
      await page.waitForURL(`**${path}`);
      if (js) await look(page, "plan-review");
      const form = page.locator('form:has(input[name="action"][value="return"])');
      await form.evaluate((e) => { e.closest("details").open = true; });
      const fields = form.locator('input[name^="gap_"]');
      await fields.nth(1).fill("没有写代理人");
      await fields.nth(4).fill("缺路线");
      await send(page, form);
    });
    await using("enterprise2", async (page) => {
      await page.goto("/");
      assert.match(await page.innerText("main"), /补正方案/);
      await page.goto(path);
      assert.equal(await page.locator("#told li").count(), 2, "one list with everything");
      if (js) await look(page, "plan-told");
      await page.goto(`${path}/edit`);
      await fillPlan(page);
      await act(page, "submit");
    });
    await using("dispatcher", async (page) => {
      await page.goto(path);
      await act(page, "review", { mode: "video", note: "视频逐项看过" });
      await act(page, "approve");
      assert.match(await page.innerText(".head"), /已通过/);
      await page.locator(`a[href^="/documents/new/${kind}_plan"]`).click();
      await page.waitForURL("**/documents/new/**");
      await send(page, page.locator('form[action^="/documents/new/"]'));
      assert.match(await page.innerText("h1"), js ? /防〔\d{4}〕\d+号/ : /预〔\d{4}〕\d+号/);
      if (js) await look(page, "plan-document");
    });
    await using("enterprise2", async (page) => {
      if (kind === "emergency") {
        await page.goto(path);
        await act(page, "drill", { kind: "live", held_on: inDays(0), people: 20, scenario: "配电室积水", findings: "广播听不清\n出口堆物" });
        assert.equal(await page.locator("#drills ul.plain li").count(), 2);
      }
      await page.goto(`${path}/edit`);
      const form = page.locator('main form[action$="/edit"]');
      await form.locator("textarea").first().fill("改在二号楼");
      await send(page, form);
      assert.match(await page.innerText("#fell"), /自动失效/);
      if (js) await look(page, "plan-fell");
    });
    await using("dispatcher", async (page) => {
      await page.goto("/plans?show=fallen_back");
      assert.equal(await page.locator(`tbody a[href="${path}"]`).count(), 1);
      await page.goto("/plans?show=missing");
      assert.ok(await page.locator("tbody tr").count() > 5, "who has none is listed");
    });
  });
}

for (const js of [true, false]) {
  test(`people go in and out and are counted; a short shift is told${js ? "" : ", without JavaScript"}`, async () => {
    const using = (who, work) => inWindow(browser, who, work, { js });
    await using("enterprise2", async (page) => {
      await page.goto("/closed-loops");
      await page.locator('a[href="/closed-loops/new"]').first().click();
      await page.waitForURL("**/closed-loops/new");
      if (js) await look(page, "loop-new");
      const begin = page.locator('main form[action="/closed-loops/new"]');
      await fill(begin, { reason: "汛期留守", areas: "生产区\n生活区", beds: 2, meals: 30 });
      await send(page, begin);
      const path = new URL(page.url()).pathname;

      const rows = page.locator('form[action$="/rows"]');
      await fill(rows, { rows: "姓名\t岗位\t人员类别\t人数\t负责人\n江远\t生产经理\t管理人员\t\t是\n白露\t\t职工\n\t包装工\t职工\t2" });
      await send(page, rows);
      assert.match(await page.innerText("#taken"), /收进 2 行，1 处有误/);
      assert.match(await page.innerText("#taken"), /第 3 行“岗位”：未填写/);
      if (js) await look(page, "loop-taken");
      await page.goto(path);
      const register = () => page.locator("#register");
      await register().locator('tr:has-text("江远") input[type="checkbox"]').check();
      await register().locator('tr:has-text("包装工") input[type="checkbox"]').check();
      await register().locator('select[name="area"]').selectOption("生产区");
      await send(page, register(), register().locator('button[value="enter"]'));
      assert.equal(await page.innerText("#inside"), "3");
      assert.match(await page.innerText("#count"), /床位还缺 1 个/);
      await register().locator('tr:has-text("江远") input[type="checkbox"]').check();
      const refused = page.waitForResponse((r) => r.request().method() === "POST");
      await register().locator('button[value="enter"]').click();
      assert.equal((await refused).status(), 422, "nobody is inside twice");
      await page.goto(path);
      await act(page, "close");
      // Within a day from now, whenever the test runs.
      const inHours = (n) => new Date(Date.now() + (n + 8) * 3_600_000).toISOString().slice(0, 16);
      const begins = inHours(20);
      const shift = page.locator('form:has(input[name="action"][value="shift"])');
      await shift.evaluate((e) => { e.closest("details").open = true; });
      await fill(shift, { label: "白班", starts_at: begins, ends_at: inHours(30), least: 4 });
      await shift.locator('label:has-text("包装工") input, input[id*="member_ids"]').first().check();
      await send(page, shift);
      assert.match(await page.innerText("#shifts"), /人手不足/);
      await page.goto("/");
      assert.match(await page.innerText("main"), /班次不足/);
      await page.goto(path);
      if (js) await look(page, "loop");
      await register().locator('tr:has-text("江远") input[type="checkbox"]').check();
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await send(page, register(), register().locator('button[value="leave"]'));
      assert.equal(await page.innerText("#inside"), "2");
      await using("leader", async (other) => {
        await other.goto(path);
        const text = await other.innerText("main");
        assert.ok(!text.includes("江远"), "others see numbers");
        assert.match(text, /在厂人数/);
        if (js) await look(other, "loop-counts");
      });
      await act(page, "end", { reason: "积水已退" });
      assert.equal(await page.innerText("#inside"), "0");
    });
    await using("leader", async (page) => {
      await page.goto("/closed-loops");
      assert.match(await page.innerText("tbody"), /云岭医药/);
      if (js) await look(page, "loops");
    });
  });
}
