// The main path, by hand, as each role: what the product is for.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { act, expectStatus, fill, inDays, send, status, submit, word } from "./hands.mjs";
import { company, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

let number = 0;
for (const js of [true, false]) {
  test(`a difficulty is reported, dispatched, assisted, answered, checked, confirmed and rated${js ? "" : ", without JavaScript"}`, async () => {
    const all = company(browser, { js });
    const title = `货车进不了场 ${Date.now()}-${++number}`;

    const enterprise = await all.page("enterprise");
    await enterprise.goto("/");
    await enterprise.locator('main a[href="/appeals/new"]').first().click();
    const form = enterprise.locator('main form[method="post"]').first();
    // An empty form is refused in words, and keeps what was typed.
    await form.locator('[name="title"]').fill(title);
    await form.evaluate((e) => { e.noValidate = true; });
    await form.locator("button.primary").click();
    await enterprise.waitForSelector(".wrong-summary");
    assert.equal(await form.locator('[name="title"]').inputValue(), title);
    await fill(form, { body: "三台原料车在东门被拦，明早没有料就要停线。", category: { index: 1 } });
    await send(enterprise, form);
    const path = new URL(enterprise.url()).pathname;
    assert.match(path, /^\/appeals\/[0-9a-f-]{36}$/);
    await expectStatus(enterprise, path, "registered");

    const dispatcher = await all.page("dispatcher");
    await dispatcher.goto(`/appeals?q=${encodeURIComponent(title)}`);
    await dispatcher.locator("tbody .lead a").first().click();
    assert.equal(new URL(dispatcher.url()).pathname, path);
    await act(dispatcher, "dispatch", { department_id: { label: "企服部" }, assist: await valueOf(dispatcher, "交警大队"), instruction: "今晚放行，查清谁拦的。" });
    await expectStatus(dispatcher, path, "dispatched");

    // What is not yet possible is not offered: nobody reviews before there is an answer.
    assert.equal(await dispatcher.locator('form:has([name="action"][value="review"])').count(), 0);

    const officer = await all.page("officer");
    await officer.goto("/");
    assert.ok((await officer.innerText("main")).includes(title), "the officer's first page says that this waits for him");
    await officer.goto(path);
    await act(officer, "sign");
    await expectStatus(officer, path, "signed");

    const agency = await all.page("agency");
    await agency.goto(path);
    await act(agency, "sign");
    await agency.goto(path);
    await act(agency, "answer", { text: "已通知东门岗，凭电子通行证放行。" });

    await officer.goto(path);
    if (await officer.locator('form:has([name="action"][value="review"]):has([name="work_order_id"])').count() > 0) {
      await act(officer, "review", { ok: "true" });
      await officer.goto(path);
    }
    await act(officer, "answer", { result: { index: 1 }, text: "三台车已进场卸货，以后凭通行证直接放行。", production_continued: { index: 1 } });
    await expectStatus(officer, path, "answered");

    await dispatcher.goto(path);
    await act(dispatcher, "review", { ok: "true" });
    await expectStatus(dispatcher, path, "reviewed");

    await enterprise.goto(path);
    assert.ok((await enterprise.innerText("main")).includes("三台车已进场卸货"));
    await act(enterprise, "confirm", { rating: "5", text: "很快" });
    await dispatcher.goto(path);
    if (await status(dispatcher) !== word("appeal-status-closed")) await act(dispatcher, "close");
    await expectStatus(enterprise, path, "closed");

    // The timeline tells the whole story, and the firm sees no internal word of it.
    await dispatcher.goto(path);
    assert.ok(await dispatcher.locator(".timeline > li").count() >= 7);
    const other = await all.page("enterprise2");
    const response = await other.goto(path);
    assert.equal(response.status(), 404, "another enterprise knows nothing of it");
    await all.leave();
  });
}

/** The value of the choice with this text, among checkboxes and options. */
async function valueOf(page, text) {
  const box = page.locator("label.check", { hasText: text }).locator("input").first();
  return box.getAttribute("value");
}

/** The value of the option that begins so. */
function option(page, name, text) {
  return page.locator(`main select[name="${name}"] option`).evaluateAll((all, text) => all.find((o) => o.textContent.trim().startsWith(text))?.value, text);
}

for (const js of [true, false]) {
  test(`from the register to the leader's eyes${js ? "" : ", without JavaScript"}`, async () => {
    const all = company(browser, { js });
    // Two that nobody takes for one.
    const short = js ? "路路通" : "齐运达";

    // Into the register, and into somebody's hands.
    const dispatcher = await all.page("dispatcher");
    await dispatcher.goto("/enterprises/new");
    const register = dispatcher.locator('main form[method="post"]').first();
    await fill(register, { name: js ? "路路通铸造有限公司" : "齐运达锻压股份有限公司", short_names: short, headcount: "86", contact_name: "卫青禾", contact_phone: "13900008888" });
    await send(dispatcher, register);
    const home = new URL(dispatcher.url()).pathname;
    const id = home.split("/").at(-1);
    assert.match(id, /^[0-9a-f-]{36}$/);
    for (const [role, who] of [["lead_leader", "曾景行"], ["lead_dept", "企服部"], ["officer", "高书衡"]]) {
      await dispatcher.goto(`/assignments/new?subject_kind=enterprise&subject_id=${id}&role=${role}`);
      const form = dispatcher.locator('form[action="/assignments/new"][method="post"]');
      const holder = await option(dispatcher, "holder", who);
      assert.ok(holder, `${who} can be ${role}`);
      await fill(form, { holder, basis: "大管发〔2026〕8号" });
      await send(dispatcher, form);
    }

    // One save keeps what a visit found: a difficulty, and a line that may stop.
    const officer = await all.page("officer");
    await officer.goto("/visits/new");
    await officer.locator('main select[name="subject"]').selectOption(`enterprise:${id}`);
    await officer.locator("main form button.primary").click();
    await officer.waitForSelector('form[action="/visits"]');
    const visit = officer.locator('form[action="/visits"]');
    const title = `铸件进不来 ${Date.now()}`;
    await fill(visit, { "state-production": "at_risk", "cause-production": "铸件只够两天", appeal_title: title, appeal_category: { index: 1 }, appeal_body: "上游封路，铸件卡在高速口。" });
    await send(officer, visit, visit.locator("button.primary"));
    await officer.locator("main a", { hasText: title }).first().click();
    const path = new URL(officer.url()).pathname;
    assert.match(path, /^\/appeals\//);

    await dispatcher.goto(path);
    await act(dispatcher, "dispatch", { department_id: { label: "企服部" }, instruction: "协调绿色通道。" });
    await officer.goto(path);
    await act(officer, "sign");
    await officer.goto(path);
    await act(officer, "answer", { result: { index: 1 }, text: "已办通行证，铸件今晚到厂。", production_continued: { index: 1 } });
    await dispatcher.goto(path);
    await act(dispatcher, "review", { ok: "true" });
    await expectStatus(officer, path, "reviewed");

    // The leader sees the line on the board, whom to ask, and the whole story.
    const leader = await all.page("leader");
    await leader.goto("/board?kind=enterprise&line=production&state=at_risk");
    await leader.locator("main a", { hasText: short }).first().click();
    assert.ok(await leader.locator(".light.at_risk").first().isVisible());
    await leader.goto(home);
    const told = await leader.innerText("main");
    for (const part of ["曾景行", "高书衡", title, word("light-at_risk-production")]) assert.ok(told.includes(part), `the record names ${part}`);
    await leader.goto("/overview");
    assert.ok(await leader.locator("main table").count() >= 2);
    await all.leave();
  });
}

test("one save keeps a visit with its appeal, its promise and its light", async () => {
  const all = company(browser, {});
  const officer = await all.page("officer");
  await officer.goto("/visits/new");
  await officer.locator('main select[name="subject"]').selectOption({ index: 1 });
  await officer.locator("main form button.primary").click();
  await officer.waitForSelector('form[action="/visits"]');
  const form = officer.locator('form[action="/visits"]');
  const title = `冷库跳闸 ${Date.now()}`;
  const state = form.locator('select[name^="state"]').first();
  await state.selectOption("at_risk");
  const line = (await state.getAttribute("name")).slice("state".length);
  await fill(form, {
    [`cause${line}`]: "变压器过载，每天跳两次",
    appeal_title: title,
    appeal_category: { index: 1 },
    appeal_body: "请协调供电增容",
    promise_text: "三日内带供电中心到现场",
    promise_due: inDays(5),
  });
  await send(officer, form, form.locator("button.primary"));
  const text = await officer.innerText("main");
  for (const part of [title, "三日内带供电中心到现场"]) assert.ok(text.includes(part), `the visit's page names ${part}`);
  await officer.locator("main a", { hasText: title }).first().click();
  assert.ok((await officer.innerText("h1")).includes(title));
  await all.leave();
});

test("a light at risk is turned by a measure, and the page says by which", async () => {
  const all = company(browser, {});
  const officer = await all.page("officer");
  await officer.goto("/visits/new");
  const options = await officer.locator('main select[name="subject"] option').evaluateAll((all) => all.map((o) => o.value));
  const subject = options.find((value) => value.startsWith("enterprise:"));
  assert.ok(subject, "the officer looks after an enterprise");
  const id = subject.split(":")[1];
  const lights = `/enterprises/${id}/lights`;

  await officer.goto(lights);
  const form = officer.locator(`form.form[action="${lights}"]`);
  await fill(form, { "state-production": "at_risk", cause: "原料只够两天" });
  await send(officer, form);
  await officer.goto(lights);
  assert.ok(await officer.locator(".light.at_risk").first().isVisible());

  await officer.goto(`/measures/new?enterprise=${id}`);
  const measure = officer.locator('form[action="/measures"]');
  await fill(measure, { subject, line: "production", kind: { index: 1 }, text: "协调邻厂先借二十吨原料" });
  await send(officer, measure);
  if (!/\/measures\/[0-9a-f-]{36}$/.test(officer.url())) {
    await officer.goto("/measures");
    await officer.locator("a", { hasText: "协调邻厂先借二十吨原料" }).first().click();
  }
  const end = officer.locator('form[action$="/close"]');
  await fill(end, { effect: "kept_going", effect_text: "没有停线", days_saved: "3", running: true });
  await send(officer, end);
  await officer.goto(lights);
  const row = officer.locator("tbody tr", { hasText: word("line-production") }).first();
  assert.ok((await row.innerText()).includes("协调邻厂先借二十吨原料"), await row.innerText());
  assert.equal(await row.locator(".light.running").count(), 1);
  await all.leave();
});

test("the board counts what the lights say", async () => {
  const all = company(browser, {});
  const leader = await all.page("leader");
  await leader.goto("/board");
  const shown = await leader.locator(".board li").count();
  assert.ok(shown >= 120, `${shown} subjects on one board`);
  await all.leave();
});

test("of two windows on one record the slower one changes nothing, and gets back what it wrote", async () => {
  const all = company(browser, {});
  const title = `样品被扣 ${Date.now()}`;
  const enterprise = await all.page("enterprise");
  await enterprise.goto("/appeals/new");
  const form = enterprise.locator('main form[method="post"]').first();
  await fill(form, { title, body: "一批样品扣在快递站，明天要送检。", category: { index: 1 } });
  await send(enterprise, form);
  const path = new URL(enterprise.url()).pathname;

  // The one window is the dispatcher's at the desk, the other the one left open on a second screen.
  const quick = await all.page("dispatcher");
  const slow = await quick.context().newPage();
  await quick.goto(path);
  await slow.goto(path);
  await act(quick, "dispatch", { department_id: { label: "企服部" }, instruction: "今天取回。" });
  await expectStatus(quick, path, "dispatched");

  const instruction = "请经发部联系快递公司。";
  const late = await submit(slow, "dispatch", { department_id: { label: "经发部" }, instruction });
  assert.equal(late, 412);
  assert.equal(await slow.innerText("h1"), word("problem-stale"));
  const main = await slow.innerText("main");
  assert.ok(main.includes(word("help-412")), main);
  assert.ok(main.includes(instruction), "what was written is handed back");
  await slow.locator("main a.primary").click();
  assert.equal(new URL(slow.url()).pathname, path, "and the record is one step away");
  assert.equal(await status(slow), word("appeal-status-dispatched"));
  assert.ok(!(await slow.innerText("main")).includes(instruction), "nothing of the slower one was taken");
  await all.leave();
});
