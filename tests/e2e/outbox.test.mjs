// What becomes of a visit on the device: the rules of web/src/offline/machine.ts, without browser or network.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./house.mjs";

const { buildSync } = createRequire(join(ROOT, "web", "package.json"))("esbuild");
const built = buildSync({ entryPoints: [join(ROOT, "web", "src", "offline", "machine.ts")], bundle: true, format: "esm", write: false });
const m = await import(`data:text/javascript;base64,${Buffer.from(built.outputFiles[0].text).toString("base64")}`);

const FIELDS = [["note", ""], ["state-production", "stopped"], ["cause-production", "断电"], ["reduced_to-production", ""], ["plan_id", "p1"]];
const SHOWN = { "state-production": "停产 · 断电" };
const written = () => m.edit(m.begin("v1", "me", "enterprise:e1", "甲", [{ line: "production", state: "running" }], 0), FIELDS, SHOWN, 1);
const queued = () => m.submit(written(), 2);
const receipt = { id: "v1", number: "ZF-1", items: [] };

test("a visit goes from the desk to the queue, on its way, and leaves a receipt", () => {
  const sending = m.take(queued(), 3, true);
  assert.deepEqual([sending.state, sending.tries, sending.unsure], ["sending", 1, true]);
  const sent = m.answered(sending, { is: "receipt", receipt }, 4);
  assert.deepEqual([sent.state, sent.receipt.number, sent.fields], ["sent", "ZF-1", []]);
  assert.deepEqual(m.unsent([sent, queued()]).map((v) => v.state), ["queued"]);
});

test("what may have arrived is neither edited nor taken back until an answer says what became of it", () => {
  const lost = m.answered(m.take(queued(), 3, true), { is: "none" }, 4);
  assert.deepEqual([lost.state, lost.unsure, m.editable(lost)], ["queued", true, false]);
  assert.equal(m.takeBack(lost), lost);
  assert.equal(m.edit(lost, [], {}, 5), lost);
  for (const [answer, state, editable] of [
    [{ is: "signed_out" }, "queued", false],
    [{ is: "held", text: "x" }, "queued", false],
    [{ is: "busy", text: "x" }, "queued", false],
    [{ is: "refused", text: "x", wrong: [] }, "refused", true],
    [{ is: "changed", changed: [{ field: "plan_id", what: "", now: "", value: "" }] }, "conflict", true],
  ]) {
    const next = m.answered(m.take(m.wake(lost), 9, true), answer, 10);
    assert.deepEqual([next.state, m.editable(next)], [state, editable], answer.is);
    assert.equal(next.id, "v1");
  }
});

test("what was taken back to the desk since it was found due is not sent", () => {
  const desk = m.takeBack(queued());
  assert.equal(m.take(desk, 3, true), desk);
  const sending = m.take(queued(), 3, true);
  assert.equal(m.take(sending, 4, false), sending, "another window has it");
  assert.equal(m.take(m.answered(sending, { is: "receipt", receipt }, 4), 5, true).state, "sent");
});

test("a first attempt that met a closed door leaves the visit editable", () => {
  for (const answer of [{ is: "signed_out" }, { is: "held", text: "x" }]) {
    const next = m.answered(m.take(queued(), 3, true), answer, 4);
    assert.ok(m.editable(next), answer.is);
    assert.equal(m.takeBack(next).state, "editing");
  }
});

test("each attempt waits longer, until there is network", () => {
  let visit = queued();
  const pauses = [];
  for (let n = 0; n < 6; n += 1) {
    visit = m.answered(m.take(m.wake(visit), 0, true), { is: "none" }, 1000);
    pauses.push((visit.after - 1000) / 1000);
  }
  assert.deepEqual(pauses, [5, 15, 60, 300, 900, 900]);
  assert.equal(m.due([visit], 2000, true).length, 0);
  assert.equal(m.due([m.wake(visit)], 2000, true).length, 1);
});

test("what was cut off on its way is sent again by whoever holds the lock, and by others after a while", () => {
  const sending = m.take(queued(), 1000, true);
  assert.equal(m.due([sending], 2000, true).length, 1);
  assert.equal(m.due([sending], 2000, false).length, 0);
  assert.equal(m.due([sending], 200_000, false).length, 1);
  assert.deepEqual(m.due([written(), m.answered(sending, { is: "receipt", receipt }, 1)], 1e9, true), []);
});

test("only the server's own word counts as an answer", () => {
  const problem = (title, more) => ({ title, ...more });
  for (const [status, body, is] of [
    [200, { receipt, changed: [] }, "receipt"],
    [200, { receipt: { ...receipt, id: "another" }, changed: [] }, "none"],
    [200, null, "none"],
    [200, { hello: "hotel" }, "none"],
    [200, { receipt: null, changed: [{ field: "plan_id" }] }, "changed"],
    [302, null, "none"],
    [403, "<html>", "none"],
    [401, problem("x"), "signed_out"],
    [403, problem("x"), "held"],
    [409, problem("x", { code: "other_person" }), "held"],
    // It was looked for, and something that it speaks of is another now: it must not wait for ever.
    [409, problem("x", { code: "said_meanwhile" }), "refused"],
    [429, problem("x"), "busy"],
    [503, null, "busy"],
    [507, problem("x"), "busy"],
    [404, problem("x"), "refused"],
  ]) {
    assert.equal(m.read("v1", status, body).is, is, `${status} ${JSON.stringify(body)}`);
  }
  const refused = m.read("v1", 422, problem("t", { errors: [{ pointer: "/fields/promise_due-0", detail: "请填写" }, { pointer: "/subject", detail: "?" }] }));
  assert.deepEqual(refused.wrong.map((one) => one.field), ["promise_due-0", "subject"]);
});

test("a conflict is settled by either side, and the other is kept", () => {
  const changed = [
    { field: "state-production", what: "生产", now: "减产", value: "reduced" },
    { field: "plan_id", what: "约访", now: "已取消", value: "cancelled" },
  ];
  const conflict = m.answered(m.take(queued(), 3, true), { is: "changed", changed }, 4);
  const mine = m.settle(conflict, "state-production", "mine", "-", 5);
  assert.deepEqual([mine.state, mine.seen, mine.fields], ["conflict", [{ line: "production", state: "reduced" }], FIELDS]);
  const all = m.settle(mine, "plan_id", "theirs", "原约访 周二", 6);
  assert.deepEqual([all.state, all.unsure], ["queued", false]);
  assert.deepEqual(Object.fromEntries(all.fields), { ...Object.fromEntries(FIELDS), plan_id: "", note: "原约访 周二" });
  const theirs = m.settle(conflict, "state-production", "theirs", "走访时所见 生产 停产", 5);
  assert.deepEqual(Object.fromEntries(theirs.fields),
    { ...Object.fromEntries(FIELDS), "state-production": "", "cause-production": "", note: "走访时所见 生产 停产" });
  const merged = m.answered(m.take(queued(), 3, true), { is: "changed", changed: [{ field: "subject", what: "对象", now: "乙", value: "enterprise:e2" }] }, 4);
  const moved = m.settle(merged, "subject", "mine", "", 5);
  assert.deepEqual([moved.subject, moved.name, moved.state, moved.id], ["enterprise:e2", "乙", "queued", "v1"]);
  assert.equal(m.settle(queued(), "plan_id", "mine", "", 5).state, "queued");
});

test("a marked line of the note that is settled by the other side keeps its words", () => {
  const fields = [["note", "看了车间\n#状态 停产：断料\n午后"]];
  const changed = [{ field: "state-production", what: "生产", now: "减产", value: "reduced", note_line: 2 }];
  const visit = m.submit(m.edit(m.begin("v1", "me", "enterprise:e1", "甲", [{ line: "production", state: "running" }], 0), fields, {}, 1), 2);
  const conflict = m.answered(m.take(visit, 3, true), { is: "changed", changed }, 4);
  assert.equal(m.noteLine(conflict, 2), "#状态 停产：断料");
  const theirs = m.settle(conflict, "state-production", "theirs", "x", 5);
  assert.deepEqual([theirs.state, theirs.fields], ["queued", [["note", "看了车间\n状态 停产：断料\n午后"]]]);
  const mine = m.settle(conflict, "state-production", "mine", "x", 5);
  assert.deepEqual([mine.fields, mine.seen], [fields, [{ line: "production", state: "reduced" }]]);
});

test("receipts go after a week, what was never sent after a month", () => {
  const sent = m.answered(m.take(queued(), 0, true), { is: "receipt", receipt }, 0);
  assert.equal(m.until(sent) / 86_400_000, 7);
  assert.equal(Math.round(m.until(queued()) / 86_400_000), 30);
  const day = 86_400_000;
  let tried = queued();
  for (let n = 1; n < 29; n += 1) tried = m.answered(m.take({ ...tried, after: 0 }, n * day, true), { is: "none" }, n * day);
  assert.equal(Math.round(m.until(tried) / day), 30, "trying in vain is no change");
  assert.equal(Math.round(m.until({ ...tried, typed: undefined }) / day), 58, "what an older page kept has no such time");
});

test("a page is kept with what it loads, not with what somebody typed", () => {
  const page = `<link rel="stylesheet" href="/assets/0a1b/app.css"><script src="/assets/0a1b/app.js" defer></script>
    <body data-htmx="/assets/0c/htmx.min.js"><use href="/assets/ff/icons.svg#search"/><use href="/assets/ff/icons.svg#person"/>
    <p>看 /assets/dead/beef.js</p><input value="/assets/dead/value.js"><option data-name="src=&#34;/assets/dead/name.js&#34;">`;
  assert.deepEqual(m.assetsOf(page), ["/assets/0a1b/app.css", "/assets/0a1b/app.js", "/assets/0c/htmx.min.js", "/assets/ff/icons.svg"]);
});
