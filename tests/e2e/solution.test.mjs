// From two proposals to the library and back: choose, tick, insert, close with the question, keep, adopt; and a task that is blocked.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { act, fill, inDays, send, submit } from "./hands.mjs";
import { inWindow, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

/** The form of the page that sends this action for one thing. */
const formFor = (page, action, text) => page.locator(`form:has(input[name="action"][value="${action}"])`, { hasText: text });

/** Reports a difficulty, dispatches it and signs for it. Answers its path. */
async function signed(using, title, category) {
  let path;
  await using("enterprise", async (page) => {
    await page.goto("/appeals/new");
    const form = page.locator('main form[method="post"]').first();
    await fill(form, { title, body: "三台原料车在东门被拦，明早没有料就要停线。", category });
    await send(page, form);
    path = new URL(page.url()).pathname;
  });
  await using("dispatcher", async (page) => {
    await page.goto(path);
    await act(page, "dispatch", { department_id: { label: "企服部" } });
  });
  await using("officer", async (page) => {
    await page.goto(path);
    await act(page, "sign");
  });
  return path;
}

for (const js of [true, false]) {
  test(`propose two, choose one, tick, insert, close, keep, adopt${js ? "" : ", without JavaScript"}`, async () => {
    const using = (who, work) => inWindow(browser, who, work, { js });
    const category = js ? "supply_chain" : "market";
    const tag = js ? "甲" : "乙";
    const method = js ? "夜间错峰进厂" : "白天限时进厂";
    await using("dispatcher", async (page) => {
      await page.goto("/settings/checklists");
      if (js) await look(page, "checklists");
      const form = page.locator('#edit form');
      await fill(form, { category, action: "answer", required: "已到现场核实", if_applicable: "已征求交警意见" });
      await send(page, form);
      assert.match(await page.innerText("tbody"), /反馈/);
      await page.goto("/phrases");
      if (js) await look(page, "phrases");
      const phrase = page.locator('#edit form');
      await fill(phrase, { own: "false", heading: `办结${tag}`, text: "{企业}：您反映的{编号}已办结，经办人{经办}。", action: "answer", category });
      await send(page, phrase);
    });
    const path = await signed(using, `货车进不了场${tag}`, category);

    await using("officer", async (page) => {
      await page.goto(path);
      await page.evaluate(() => { for (const form of document.forms) form.noValidate = true; });
      assert.equal(await submit(page, "propose", { method, measures: "开东门" }), 422, "who bears it has to be said");
      assert.equal(await page.locator('#solutions [name="method"]').inputValue(), method, "what was typed is kept");
      await act(page, "propose", { measures: "二十二时后开东门，交警引导。", bearer: "office", limits: "不适合危化品车辆" });
      await act(page, "propose", { method: "南门增设货车通道", measures: "拆隔离墩，设通道。", bearer: "shared" });
      await send(page, formFor(page, "offer", method), formFor(page, "offer", method).locator("button"));
      assert.match(await page.innerText("#solutions"), /已征求企业意见/);
    });
    await using("enterprise", async (page) => {
      await page.goto(path);
      const shown = page.locator("#solutions");
      assert.equal(await shown.locator("ul.list > li").count(), 1, "the enterprise sees what it is asked about");
      if (js) await look(page, "solution-enterprise");
      await send(page, formFor(page, "prefer", method), formFor(page, "prefer", method).locator("button"));
    });
    await using("officer", async (page) => {
      await page.goto(path);
      assert.match(await page.innerText("#solutions"), /企业倾向/);
      const choose = formFor(page, "choose", "").first();
      await choose.evaluate((e) => { e.closest("details").open = true; });
      await fill(choose, { reason: "当天见效" });
      await send(page, choose);
      assert.match(await page.locator("#solutions ul.list > li").first().innerText(), new RegExp(`${method}\\s*已选定`));
      if (js) await look(page, "solution-appeal");

      // The checklist stands before the answer.
      assert.match(await page.innerText(".why-not"), /已到现场核实/);
      assert.equal(await page.locator('form:has(input[name="action"][value="answer"])').count(), 0);
      for (const [text, value] of [["已到现场核实", "done"], ["已征求交警意见", "not_applicable"]]) {
        const form = page.locator("#checks li", { hasText: text }).locator("form");
        await send(page, form, form.locator(`button[value="${value}"]`));
      }
      assert.match(await page.innerText("#checks"), /不涉及/);

      // A text module comes into the field, behind what was typed.
      const form = page.locator('form:has(input[name="action"][value="answer"])').first();
      await form.evaluate((e) => { e.closest("details").open = true; });
      await fill(form, { text: "先说一句", phrase: { label: `办结${tag}` } });
      await send(page, form, form.locator('button[name="insert"]'));
      const typed = await page.locator('form:has(input[name="action"][value="answer"]) [name="text"]').inputValue();
      assert.match(typed, /^先说一句\n.+：您反映的SQ-\d{8}-\d{4}已办结，经办人.+。$/);
      await act(page, "answer", { result: "solved", production_continued: "yes" });
    });
    await using("dispatcher", async (page) => {
      await page.goto(path);
      await act(page, "review", { ok: "true" });
    });
    await using("enterprise", async (page) => {
      await page.goto(path);
      await act(page, "confirm", { rating: "5" });
    });
    await using("dispatcher", async (page) => {
      await page.goto(path);
      assert.equal(await submit(page, "close", { production_continued: "no" }), 422, "how long it stood still has to be said");
      await act(page, "close", { stopped_hours: "36" });
      assert.match(await page.innerText("main"), /停了 36 小时/);
    });
    await using("officer", async (page) => {
      await page.goto("/solutions");
      if (js) await look(page, "solutions");
      await page.locator(`a[href="${path}#solutions"]`).click();
      assert.equal(await submit(page, "keep", { measures: "请某某有限公司配合" }), 422, "the library names nobody");
      await act(page, "keep", { measures: "限定时段开门，交警引导。" });
    });
    const next = await signed(using, `又有货车进不了场${tag}`, category);
    await using("officer", async (page) => {
      await page.goto(next);
      assert.match(await page.innerText("#library"), new RegExp(method));
      if (js) await look(page, "solution-offered");
      await send(page, formFor(page, "adopt", method), formFor(page, "adopt", method).locator("button"));
      assert.match(await page.innerText("#solutions"), /方案库 FA-\d{8}-\d{4}/);
      await page.goto(`/solutions?category=${category}`);
      await page.locator("tbody .lead a", { hasText: method }).click();
      if (js) await look(page, "remedy");
      await page.locator('dl.facts a[href*="ended=solved"]').click();
      await page.waitForURL("**/appeals?view=all&remedy=*");
      assert.equal(await page.locator("tbody tr").count(), 1, "the number opens its list");
    });
  });

  test(`a task is blocked and seen as overdue${js ? "" : ", without JavaScript"}`, async () => {
    const using = (who, work) => inWindow(browser, who, work, { js });
    await using("officer", async (page) => {
      // What the demo zone left: due yesterday, and something stands in its way.
      await page.goto("/tasks?show=overdue");
      const late = page.locator("tbody tr", { hasText: "西门路口加装强排泵" });
      assert.match(await late.innerText(), /受阻/);
      assert.match(await late.innerText(), /超期/);
      if (js) await look(page, "tasks");
      await late.locator("a").first().click();
      assert.match(await page.innerText("#objectives"), /临时用电接入没有批复/);
      if (js) await look(page, "task");

      const title = `巡查泵站 ${Date.now()}`;
      await page.goto("/tasks");
      await page.locator('a.button[href="/tasks/new"]').click();
      await page.waitForURL("**/tasks/new");
      if (js) await look(page, "task-new");
      const form = page.locator('main form[action="/tasks/new"]');
      await fill(form, { title, due_on: inDays(1), objectives: "水位正常" });
      await send(page, form);
      await act(page, "block", { blocker: "泵房钥匙在路政", lifter: "路政" });
      assert.match(await page.innerText("#objectives"), /泵房钥匙在路政/);
      assert.equal(await page.locator('form:has(input[name="action"][value="done"])').count(), 0, "not done before it is reached");
      const path = new URL(page.url()).pathname;
      await page.goto("/");
      assert.ok((await page.innerText("main")).includes(title), "the first page says what waits");
      await page.goto(path);
      await act(page, "lift");
      await act(page, "reach");
      await act(page, "done", { outcome: "水位正常" });
      assert.match(await page.innerText(".facts"), /已完成/);
    });
  });
}
