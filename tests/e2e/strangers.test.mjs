// What those may know who are strangers to a matter: a partner agency by link, the unit that is complained about.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { act, expectStatus, fill, given, reported, send, signed, submit } from "./hands.mjs";
import { company, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

/** The address by which the agency of this order answers, as the office copies it. */
async function linkOf(page, path) {
  await page.goto(path);
  return new URL(await page.locator('input[id^="link-"]').first().inputValue()).pathname;
}

for (const js of [true, false]) {
  const how = js ? "with" : "without";
  const tag = js ? "甲" : "乙";
  const show = async (page, shot) => { if (js) await look(page, shot); };

  test(`a partner agency without account answers its order by link, ${how} script`, async () => {
    const all = company(browser, { js });
    const path = await reported(all, { title: `配电箱容量不足${tag}`, body: "新线要加三百千伏安，配电箱不够。", category: "power_water_gas" });
    await given(all, path, "企服部");
    await signed(all, path);
    const officer = await all.page("officer");
    await officer.goto(path);
    await act(officer, "pass_partner", { department_id: { label: "供电中心" }, text: "请查增容的条件。" });
    await expectStatus(officer, path, "with_partner");
    const link = await linkOf(officer, path);

    const guest = await all.page(null);
    const other = `${link.slice(0, -3)}${link.endsWith("AAA") ? "BBB" : "AAA"}`;
    assert.equal((await guest.goto(other)).status(), 404, "a link that was guessed opens nothing");
    await guest.goto(link);
    const told = await guest.innerText("main");
    assert.match(told, /请查增容的条件/);
    await show(guest, "partner");
    await guest.evaluate(() => { for (const form of document.forms) form.noValidate = true; });
    assert.equal(await submit(guest, "answer", {}), 422, "an answer has words");
    await act(guest, "extend", { days: 2, reason: "要现场勘查" });
    assert.match(await guest.innerText("main"), /申请延期 2 天：要现场勘查/);

    await officer.goto(path);
    await act(officer, "grant", { granted: "true" });
    await guest.goto(link);
    assert.doesNotMatch(await guest.innerText("main"), /申请延期 2 天/, "it was decided");
    await act(guest, "answer", { text: "可以增容，需先报装。" });
    assert.match(await guest.innerText("main"), /已反馈[\s\S]*可以增容，需先报装|可以增容，需先报装[\s\S]*已反馈/);
    await show(guest, "partner-done");

    // Sent back once, answered again; then the work goes on where it was.
    await expectStatus(officer, path, "working");
    assert.match(await officer.innerText("main"), /可以增容，需先报装/);
    await act(officer, "review", { ok: "false", reason: "请写明报装要几天" });
    await guest.goto(link);
    await act(guest, "answer", { text: "报装五个工作日。" });
    await officer.goto(path);
    await act(officer, "review", { ok: "true" });
    assert.match(await officer.innerText("main"), /报装五个工作日/);

    const enterprise = await all.page("enterprise");
    await enterprise.goto(path);
    await act(enterprise, "withdraw", { reason: "新线缓建" });
    assert.equal((await guest.goto(link)).status(), 404, "the link ends with the appeal");
    await all.leave();
  });

  test(`the unit that is complained about does not learn who complains, ${how} script`, async () => {
    const all = company(browser, { js });
    const firm = "云岭医药";
    const title = `材料退了三次不说缺什么${tag}`;
    const enterprise = await all.page("enterprise");
    await enterprise.goto("/appeals/new");
    const form = enterprise.locator('form[action="/appeals/new"]');
    await form.locator('[name="accused_department_id"]').evaluate((e) => { e.closest("details").open = true; });
    await fill(form, { title, body: "每次只说不行，不说缺什么。", category: "approval", kind: "complaint", accused_department_id: { label: "审批部" } });
    await send(enterprise, form);
    const path = new URL(enterprise.url()).pathname;
    await show(enterprise, "complaint-own");

    const hidden = async (why) => {
      const accused = await all.page("specialist");
      assert.equal((await accused.goto(path)).status(), 404, why);
      for (const list of [`/appeals?view=all&q=${encodeURIComponent(title)}`, `/search?q=${encodeURIComponent(title)}`, "/"]) {
        await accused.goto(list);
        assert.ok(!(await accused.innerText("main")).includes(title) || list.includes("search") && await accused.locator(`main a[href="${path}"]`).count() === 0, `${list}: ${why}`);
      }
    };
    await hidden("before anybody has it");

    const dispatcher = await all.page("dispatcher");
    await dispatcher.goto(path);
    assert.match(await dispatcher.innerText(".facts"), new RegExp(`${firm}[\\s\\S]*被投诉部门\\s*审批部`), "who sends it on its way knows both");
    const choices = await dispatcher.locator('form:has(input[value="dispatch"]) [name="department_id"] option').allInnerTexts();
    assert.ok(choices.some((one) => one.includes("企服部")) && !choices.some((one) => one.includes("审批部")), "the unit itself is not offered");
    await given(all, path, "企服部");
    await signed(all, path);
    await hidden("while it is worked on");

    const officer = await all.page("officer");
    await officer.goto(path);
    await show(officer, "complaint-officer");
    await act(officer, "pass_partner", { department_id: { label: "市监所" }, text: "请核对同类事项的材料清单。" });
    const guest = await all.page(null);
    await guest.goto(await linkOf(officer, path));
    assert.doesNotMatch(await guest.innerText("body"), new RegExp(firm), "a partner does not learn it either");
    await show(guest, "complaint-partner");
    await act(guest, "answer", { text: "清单已公开。" });
    await officer.goto(path);
    await act(officer, "answer", { result: "explained", text: "已一次性告知所缺材料。", production_continued: "not_affected" });
    await dispatcher.goto(path);
    await act(dispatcher, "review", { ok: "true" });
    await enterprise.goto(path);
    await act(enterprise, "confirm", { rating: "4" });
    await dispatcher.goto(path);
    await act(dispatcher, "close", {});
    await hidden("when it is closed");
    await all.leave();
  });
}
