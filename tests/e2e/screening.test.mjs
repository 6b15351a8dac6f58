// From a candidate to the missing: training, certificate, point approved on evidence, round, tube filled and never overfilled, expired sampler refused, hand-over, result, coverage.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { act, fill, inDays, send } from "./hands.mjs";
import { inWindow, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

const FIRM = "云岭医药";
const EVIDENCE = ["register", "wait", "sample", "buffer", "support", "waste", "transport"];

/** Sends a form that is folded away, and answers the status. */
async function post(page, form, fields) {
  await form.evaluate((e) => {
    for (let p = e.parentElement; p; p = p.parentElement) if (p.tagName === "DETAILS") p.open = true;
    e.noValidate = true;
  });
  await fill(form, fields);
  const answer = page.waitForResponse((r) => r.request().method() === "POST");
  await form.locator("button.primary").click();
  const status = (await answer).status();
  await page.waitForLoadState("load");
  return status;
}

/** Proposes somebody of the enterprise, has him trained on a day and gives him a certificate of twelve months. */
async function certified(using, name, no, day) {
  await using("enterprise", async (page) => {
    await page.goto("/screening/samplers/new");
    const form = page.locator('form[action="/screening/samplers/new"]');
    assert.equal(await post(page, form, { name, background: "nurse" }), 422, "nobody is named who did not agree");
    assert.equal(await form.locator('[name="name"]').inputValue(), name, "what was typed is kept");
    await fill(form, { consent: true });
    await send(page, form);
    assert.match(await page.innerText("main"), new RegExp(name));
  });
  let path;
  await using("dispatcher", async (page) => {
    await page.goto("/screening/trainings/new");
    const form = page.locator('form[action="/screening/trainings/new"]');
    await fill(form, { topic: `采样培训${no}`, department_id: { label: "平安卫生院" } });
    await form.locator("label", { hasText: name }).click();
    await send(page, form);
    path = new URL(page.url()).pathname;
    await act(page, "plan", { held_at: `${day}T09:00`, place: "卫生院会议室" });
    const judge = page.locator('form:has(input[name="action"][value="result"])').first();
    assert.equal(await post(page, judge, { certificate_no: no }), 303);
    assert.match(await page.innerText("main"), new RegExp(no));
  });
  return path;
}

for (const js of [true, false]) {
  test(`from a candidate to coverage and the missing${js ? "" : ", without JavaScript"}`, async () => {
    const using = (who, work) => inWindow(browser, who, work, { js });
    const tag = js ? "甲" : "乙";
    const [valid, old] = [`祝清和${tag}`, `陶远舟${tag}`];
    const training = await certified(using, valid, `HG-${tag}-1`, inDays(-1));
    await certified(using, old, `HG-${tag}-2`, inDays(-500));
    if (js) await using("dispatcher", async (page) => {
      await page.goto(training);
      await look(page, "screening-training");
      await page.goto("/screening/trainings");
      await look(page, "screening-trainings");
      await page.goto("/screening/samplers?show=expired");
      assert.match(await page.innerText("main"), new RegExp(old), "expired certificates are listed");
      await look(page, "screening-samplers");
    });

    let point;
    await using("enterprise", async (page) => {
      await page.goto("/screening/points/new");
      const form = page.locator('form[action="/screening/points/new"]');
      await fill(form, { name: `东门采样点${tag}`, place: "东门内", people: "700" });
      await send(page, form);
      point = new URL(page.url()).pathname;
      for (const kind of EVIDENCE.slice(1)) await act(page, "show", { kind, text: "已布置" });
      await act(page, "apply");
    });
    await using("dispatcher", async (page) => {
      await page.goto(point);
      assert.match(await page.innerText("main"), /证据还没有齐/);
      await act(page, "show", { kind: "register", text: "现场查看" });
      await act(page, "approve");
      if (js) await look(page, "screening-point");
    });
    await using("enterprise", async (page) => {
      await page.goto(point);
      await act(page, "open");
      assert.match(await page.innerText("main .panel"), /开放/);
    });

    let round;
    await using("dispatcher", async (page) => {
      await page.goto("/screening/rounds/new");
      const form = page.locator('form[action="/screening/rounds/new"]');
      await fill(form, { title: `第三轮${tag}`, ends_at: `${inDays(2)}T18:00`, pool_size: "5" });
      await send(page, form);
      round = new URL(page.url()).pathname;
    });
    await using("enterprise", async (page) => {
      await page.goto(round);
      const list = page.locator(`form[action="${round}/people"]`);
      const rows = ["姓名,工号", ...["甲一", "乙二", "丙三", "丁四", "戊五", "己六", "庚七"].map((name, n) => `${name},K${n + 1}`), ",K8"];
      assert.equal(await post(page, list, { text: rows.join("\n") }), 200);
      assert.match(await page.innerText('[role="alert"]'), /已收 7 行，1 行没有收[\s\S]*第 9 行 A 列：没有姓名/);

      const samples = () => page.locator(`form[action="${round}/samples"]`);
      const at = { point_id: { label: `东门采样点${tag} · ${FIRM}` }, code: `GM-${tag}-1` };
      const option = async (name) => ({ value: await samples().locator("option", { hasText: name }).first().getAttribute("value") });
      assert.equal(await post(page, samples(), { ...at, sampler_id: await option(old), lines: "K1" }), 422);
      assert.match(await page.innerText("main"), /合格证已过期，不能采样/);
      assert.equal(await post(page, samples(), { ...at, sampler_id: await option(valid), lines: "K1\nK2\nK3\nK4\nK5\nK6" }), 200);
      assert.match(await page.innerText('[role="alert"]'), /已收 5 行，1 行没有收[\s\S]*这支管已满/);
      if (js) await look(page, "screening-round-enterprise");
      await page.goto(round);
      await act(page, "hand_over", { code: `GM-${tag}-1`, to: "区疾控实验室" });
      const missing = await page.innerText("#missing");
      assert.match(missing, /未检 2 人/);
      assert.match(missing, /己六/);
      assert.doesNotMatch(missing, /甲一/);
    });
    await using("dispatcher", async (page) => {
      await page.goto(round);
      await act(page, "result", { code: `GM-${tag}-1`, result: "negative" });
      const main = await page.innerText("main");
      assert.match(main, /71\.4%/);
      assert.match(main, /5 人在本单位采样/);
      assert.doesNotMatch(main, /己六/, "names are not for everybody");
      if (js) await look(page, "screening-round");
      await page.goto("/screening/rounds");
      if (js) await look(page, "screening-rounds");
    });
    await using("enterprise", async (page) => {
      await page.goto("/");
      assert.match(await page.innerText("#screening"), new RegExp(`第三轮${tag}[\\s\\S]*未检 2 人`));
      await page.goto(round);
      const names = page.locator(`form[action="${round}/names"]`);
      assert.equal(await post(page, names, { subject_id: { label: FIRM }, reason: "" }), 422, "a reason is asked");
      assert.equal(await post(page, names, { subject_id: { label: FIRM }, reason: "核对复检名单" }), 200);
      assert.match(await page.innerText("tbody"), /甲一[\s\S]*阴性/);
      if (js) await look(page, "screening-names");
    });
  }, 6);
}
