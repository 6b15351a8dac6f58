// Where the way of an appeal turns: objected to, given more time, merged, suspended, kept on the list, withdrawn,
// not accepted, done again, opened again; with and without script.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { act, answered, expectStatus, given, inDays, reported, signed, status, submit, word } from "./hands.mjs";
import { company, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

/** Whether the page offers this action. */
const offers = async (page, action) => await page.locator(`main form[method="post"]:has(input[name="action"][value="${action}"])`).count() > 0;

/** The rows of a list that name this title. */
const rowsOf = (page, title) => page.locator("main tbody tr", { hasText: title });

/** What the page shows of its finish clock, opened. */
async function explained(page) {
  const due = page.locator(".facts details.due").first();
  await due.evaluate((e) => { e.open = true; });
  return due.innerText();
}

/** When the finish clock of the page is over. */
const due = (page) => page.locator(".facts details.due summary time").first().getAttribute("datetime");

/** Sends an action without what the browser itself would ask for. Answers the status. */
async function loose(page, action, fields) {
  await page.evaluate(() => { for (const form of document.forms) form.noValidate = true; });
  return submit(page, action, fields);
}

/** Tests with script and without; `tag` tells the one's titles from the other's. */
function both(name, run) {
  for (const js of [true, false]) {
    test(`${name}, ${js ? "with" : "without"} script`, async () => {
      const all = company(browser, { js });
      try {
        await run(all, js ? "一" : "二", async (page, shot) => { if (js) await look(page, shot); });
      } finally {
        await all.leave();
      }
    });
  }
}

both("a department objects once, the arbiter rules, and that is final", async (all, tag, show) => {
  const title = `门前树木遮挡限高标志${tag}`;
  const path = await reported(all, { title, body: "行道树长到路上，司机看不见限高标志。", category: "traffic" });
  await given(all, path, "企服部");
  const officer = await all.page("officer");
  await officer.goto(path);
  assert.equal(await loose(officer, "object", { department_id: { label: "审批部" } }), 422, "an objection gives its reason");
  await act(officer, "object", { reason: "修剪树木要办许可。" });
  await expectStatus(officer, path, "objected");
  assert.ok(!await offers(officer, "object") && !await offers(officer, "sign"), "who objected waits for the ruling");

  const dispatcher = await all.page("dispatcher");
  await dispatcher.goto(`/appeals?view=queue&q=${encodeURIComponent(title)}`);
  await rowsOf(dispatcher, title).locator("a").first().click();
  await dispatcher.waitForURL(`**${path}`);
  assert.match(await dispatcher.innerText(".timeline"), /修剪树木要办许可/);
  await show(dispatcher, "turns-objected");
  await act(dispatcher, "rule", { reason: "先由企服部牵头协调。" });
  await expectStatus(officer, path, "dispatched");
  const why = await officer.innerText("main");
  assert.ok(why.includes(word("conflict-objection_final")), "the page says why nobody objects again");
  assert.match(why, /先由企服部牵头协调/);
  assert.ok(!await offers(officer, "object"));
  await act(officer, "sign");

  // Another one goes to the department that was named, which cannot send it on either.
  const other = `${title}，另一处`;
  const second = await reported(all, { title: other, body: "北门也有一处看不见。", category: "traffic" });
  await given(all, second, "企服部");
  await officer.goto(second);
  await act(officer, "object", { reason: "属于许可事项。", department_id: { label: "审批部" } });
  await dispatcher.goto(second);
  await act(dispatcher, "rule", { reason: "由审批部办理。", department_id: { label: "审批部" } });
  await officer.goto(second);
  assert.ok(!await offers(officer, "sign"), "it is another's now");
  const specialist = await all.page("specialist");
  await specialist.goto(second);
  assert.ok(!await offers(specialist, "object"));
  await act(specialist, "sign");
  await expectStatus(specialist, second, "signed");
});

both("more time is asked for before it is over and decided by somebody else; what was refused changes nothing", async (all, tag, show) => {
  const title = `蒸汽管道改线延后${tag}`;
  const path = await reported(all, { title, body: "管道改线要等停产检修，希望提前排期。", category: "power_water_gas" });
  await given(all, path, "企服部");
  await signed(all, path);
  const officer = await all.page("officer");
  await officer.goto(path);
  const before = await due(officer);
  assert.equal(await loose(officer, "extend", { days: 99, reason: "要等检修" }), 422);
  assert.equal(await officer.locator('form:has(input[value="extend"]) [name="reason"]').first().inputValue(), "要等检修", "what was typed is kept");
  await act(officer, "extend", { days: 3 });
  assert.match(await officer.innerText(".facts"), /申请延期 3 个工作日，待批/);
  assert.ok(!await offers(officer, "grant"), "nobody decides on his own request");
  assert.ok((await officer.innerText("main")).includes(word("conflict-extension_pending")));

  const leader = await all.page("leader");
  await leader.goto("/appeals?view=extension");
  await show(leader, "turns-extension-list");
  await rowsOf(leader, title).locator("a").first().click();
  await leader.waitForURL(`**${path}`);
  await show(leader, "turns-extension");
  await act(leader, "grant", { granted: "true", reason: "检修日期已定" });
  assert.match(await leader.innerText(".facts"), /已延期 3 个工作日/);
  assert.match(await explained(leader), /延长 .*批准人：曾景行/);
  await officer.goto(path);
  const later = await due(officer);
  assert.ok(later > before, `${before} became ${later}`);
  const enterprise = await all.page("enterprise");
  await enterprise.goto(path);
  assert.match(await enterprise.innerText(".facts"), /已延期 3 个工作日/, "the enterprise is told");

  // A second time: refused, with a reason that the one who asked can read.
  await officer.goto(path);
  await act(officer, "extend", { days: 2, reason: "设备到货晚" });
  await leader.goto(path);
  assert.equal(await loose(leader, "grant", { granted: "false" }), 422, "a refusal gives its reason");
  await act(leader, "grant", { granted: "false", reason: "到货可以催" });
  await officer.goto(path);
  assert.equal(await due(officer), later, "the time stays");
  const told = await officer.innerText("main");
  assert.match(told, /不同意延期[\s\S]*到货可以催/);
  assert.match(told, /已延期 3 个工作日/);
});

both("what an enterprise reports twice becomes one", async (all, tag, show) => {
  const first = `北侧围挡积水${tag}`;
  const kept = await reported(all, { title: first, body: "围挡下积水进了配电间。", category: "safety_env" });
  await given(all, kept, "企服部");
  const again = `配电间进水${tag}`;
  const path = await reported(all, { title: again, body: "今天又进水，电工不敢合闸。", category: "safety_env" });
  const dispatcher = await all.page("dispatcher");
  await dispatcher.goto(path);
  await dispatcher.locator('form:has(input[value="merge"]) [name="into"]').waitFor({ state: "attached" });
  const into = await dispatcher.locator('form:has(input[value="merge"]) [name="into"] option').evaluateAll(
    (all, title) => all.find((o) => o.textContent.includes(title))?.value, first);
  assert.ok(into, "the open one of the same enterprise is offered");
  await act(dispatcher, "merge", { into });
  await expectStatus(dispatcher, path, "merged");
  await show(dispatcher, "turns-merged");
  assert.ok(!await offers(dispatcher, "dispatch"), "nobody works on it");
  await dispatcher.locator(`.facts a[href="${kept}"]`).click();
  await dispatcher.waitForURL(`**${kept}`);
  assert.match(await dispatcher.innerText(".timeline"), new RegExp(`${again}[\\s\\S]*电工不敢合闸`), "its words go along");
  const officer = await all.page("officer");
  await officer.goto(kept);
  assert.match(await officer.innerText(".timeline"), /电工不敢合闸/, "and are read by who works on it");
  const enterprise = await all.page("enterprise");
  await enterprise.goto(path);
  assert.equal(await status(enterprise), word("appeal-status-merged"));
  assert.equal(await enterprise.locator(`.facts a[href="${kept}"]`).count(), 1, "the enterprise sees where it goes on");
});

both("time stands still on a legal ground, and the clock says why", async (all, tag, show) => {
  const title = `两台吊车检验存疑${tag}`;
  const path = await reported(all, { title, body: "检验机构结论不一，吊车不能用。", category: "approval" });
  await given(all, path, "企服部");
  await signed(all, path);
  const officer = await all.page("officer");
  await officer.goto(path);
  const before = await due(officer);
  assert.equal(await loose(officer, "suspend", { ground: "appraisal", until: inDays(-1), reason: "等复检结论" }), 422, "a day that is over is none");
  assert.equal(await officer.locator('form:has(input[value="suspend"]) [name="reason"]').inputValue(), "等复检结论", "what was typed is kept");
  await act(officer, "suspend", { until: inDays(30) });
  await expectStatus(officer, path, "suspended");
  assert.match(await officer.innerText("main"), new RegExp(`依法挂起，至 ${inDays(30)} 前后`));
  const standing = await explained(officer);
  assert.ok(standing.includes(word("due-standing-still")), standing);
  assert.match(standing, /等复检结论/);
  await show(officer, "turns-suspended");
  assert.ok(!await offers(officer, "answer"));

  const enterprise = await all.page("enterprise");
  await enterprise.goto(path);
  assert.match(await enterprise.innerText("main"), /等复检结论/, "the enterprise is told what is waited for");
  await act(enterprise, "reply", { text: "复检报告下周出。" });
  await expectStatus(enterprise, path, "suspended");

  await officer.goto(path);
  await act(officer, "resume", { reason: "复检报告已出" });
  await expectStatus(officer, path, "working");
  const running = await explained(officer);
  assert.ok(!running.includes(word("due-standing-still")), running);
  // It stood still for less than a day, so the same day is due; the timeline keeps both.
  assert.equal(await due(officer), before);
  assert.match(await officer.innerText(".timeline"), /恢复办理[\s\S]*复检报告已出[\s\S]*依法挂起[\s\S]*等复检结论/);
  await show(officer, "turns-resumed");
});

both("what takes long is kept on a list with the day on which it is looked at again", async (all, tag, show) => {
  const title = `宿舍产权证办不下来${tag}`;
  const path = await reported(all, { title, body: "原开发商注销，产权证办不下来。", category: "housing_school" });
  await given(all, path, "企服部");
  await signed(all, path);
  const officer = await all.page("officer");
  await officer.goto(path);
  const answer = { result: "long_term", text: "须待清算组移交档案。", production_continued: "yes" };
  assert.equal(await loose(officer, "answer", answer), 422, "a long-term matter names its day");
  await act(officer, "answer", { review_on: inDays(90) });
  const dispatcher = await all.page("dispatcher");
  await dispatcher.goto(path);
  await act(dispatcher, "review", { ok: "true" });
  const enterprise = await all.page("enterprise");
  await enterprise.goto(path);
  await act(enterprise, "confirm", { rating: "4" });
  await dispatcher.goto(path);
  await act(dispatcher, "close", {});
  await expectStatus(dispatcher, path, "long_term");
  assert.ok((await dispatcher.innerText(".facts")).includes(inDays(90)));
  await dispatcher.goto("/appeals?status=long_term&sort=-created");
  assert.equal(await rowsOf(dispatcher, title).count(), 1, "it is on the list");
  await show(dispatcher, "turns-long-term");
  await enterprise.goto(path);
  assert.ok((await enterprise.innerText(".facts")).includes(inDays(90)), "the enterprise knows when it is looked at again");

  await officer.goto(path);
  await act(officer, "resume", { reason: "档案已移交" });
  await expectStatus(officer, path, "working");
  await officer.goto(path);
  await answered(officer, path, { text: "产权证已发放。" });
  await dispatcher.goto(path);
  await act(dispatcher, "review", { ok: "true" });
  await enterprise.goto(path);
  await act(enterprise, "confirm", { rating: "5" });
  await dispatcher.goto(path);
  await act(dispatcher, "close", {});
  await expectStatus(dispatcher, path, "closed");
});

both("an enterprise takes it back; what is not accepted names the right way", async (all, tag, show) => {
  const back = await reported(all, { title: `想换一块指示牌${tag}`, body: "园区口的指示牌旧了。", category: "other" });
  const enterprise = await all.page("enterprise");
  await enterprise.goto(back);
  assert.equal(await loose(enterprise, "withdraw", {}), 422, "it says why");
  await act(enterprise, "withdraw", { reason: "物业已换好" });
  await expectStatus(enterprise, back, "withdrawn");
  assert.ok(!await offers(enterprise, "withdraw") && !await offers(enterprise, "reply"));
  const dispatcher = await all.page("dispatcher");
  await dispatcher.goto(back);
  assert.match(await dispatcher.innerText(".timeline"), /物业已换好/);
  assert.ok(!await offers(dispatcher, "dispatch"), "nobody works on it");

  const path = await reported(all, { title: `与包装厂的货款官司${tag}`, body: "对方不执行判决，请管委会执行。", category: "legal" });
  await dispatcher.goto(path);
  assert.equal(await loose(dispatcher, "reject", { reason: "判决由法院执行" }), 422, "the right way has to be named");
  assert.equal(await dispatcher.locator('form:has(input[value="reject"]) [name="reason"]').inputValue(), "判决由法院执行", "what was typed is kept");
  await act(dispatcher, "reject", { right_channel: "区法院执行局，电话 12368" });
  await expectStatus(enterprise, path, "rejected");
  const told = await enterprise.innerText("main");
  assert.match(told, /判决由法院执行[\s\S]*区法院执行局，电话 12368/);
  await show(enterprise, "turns-rejected");
});

both("an answer is sent back twice, and what was closed is opened again", async (all, tag, show) => {
  const path = await reported(all, { title: `冷藏车夜间无处停${tag}`, body: "冷藏车夜里要插电，园区没有车位。", category: "logistics" });
  await given(all, path, "企服部");
  await signed(all, path);
  const officer = await all.page("officer");
  const dispatcher = await all.page("dispatcher");
  const enterprise = await all.page("enterprise");
  await answered(officer, path, { text: "正在协调。" });
  await dispatcher.goto(path);
  assert.equal(await loose(dispatcher, "review", { ok: "false" }), 422, "who sends back says why");
  await act(dispatcher, "review", { ok: "false", reason: "没有说停在哪里" });
  await expectStatus(officer, path, "working");
  assert.match(await officer.innerText("main"), /退回重办 1 次[\s\S]*没有说停在哪里/);
  await enterprise.goto(path);
  assert.ok(!(await enterprise.innerText("main")).includes("正在协调"), "what was not reviewed stays in the house");

  await answered(officer, path, { text: "夜间停南区六号库前，有插座。" });
  await dispatcher.goto(path);
  await act(dispatcher, "review", { ok: "true" });
  await enterprise.goto(path);
  await act(enterprise, "dispute", { reason: "插座没有电" });
  await expectStatus(enterprise, path, "working");
  assert.match(await enterprise.innerText("main"), /插座没有电/);
  await officer.goto(path);
  assert.match(await officer.innerText(".facts"), /退回重办 2 次/);
  await answered(officer, path, { text: "已通电，夜里有人值守。" });
  await dispatcher.goto(path);
  await act(dispatcher, "review", { ok: "true" });
  await enterprise.goto(path);
  await act(enterprise, "confirm", { rating: "4" });
  await dispatcher.goto(path);
  await act(dispatcher, "close", {});
  await expectStatus(enterprise, path, "closed");

  assert.equal(await loose(enterprise, "reopen", {}), 422, "it says what is new");
  await act(enterprise, "reopen", { reason: "今晚又断电" });
  await expectStatus(officer, path, "working");
  const told = await officer.innerText("main");
  assert.match(told, /重启 1 次[\s\S]*今晚又断电/);
  assert.ok(await due(officer), "its clock runs again");
  await show(officer, "turns-reopened");
});
