// An approval without a meeting: an enterprise applies on a phone, corrects once, is accepted and granted; the licence
// goes by courier, and the rate counts the case; with and without script.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { act, send, submit } from "./hands.mjs";
import { as, close, inWindow, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

const PHONE = { viewport: { width: 360, height: 740 } };

/** A matter of the specialist, made by the dispatcher with a form. */
async function matter(js) {
  return inWindow(browser, "dispatcher", async (page) => {
    await page.goto("/matters/new");
    if (js) await look(page, "matter-form");
    const form = page.locator('form[action="/matters/new"]');
    const choose = async (name, label) => form.locator(`[name="${name}"]`).selectOption({ label });
    await form.locator('[name="title"]').fill(`开业登记 ${js ? 1 : 2}`);
    await form.locator('[name="code"]').fill(`E2E-${js ? 1 : 2}`);
    await choose("department_id", await form.locator('[name="department_id"] option', { hasText: "审批" }).first().innerText());
    await choose("owner_id", "叶乐山");
    await choose("deputy_id", "袁思齐");
    await form.locator('[name="conditions"]').fill("依法登记。");
    await form.locator('[name="basis"]').fill("《中华人民共和国行政许可法》第十二条");
    await form.locator('[name="material"]').first().fill("申请书");
    await form.locator('[name="material_need"]').first().selectOption("required");
    const questions = form.locator('[name="question"]');
    await questions.nth(0).fill("企业名称");
    await form.locator('[name="question_known"]').nth(0).selectOption("name");
    await questions.nth(1).fill("经营面积");
    await form.locator('[name="question_asks"]').nth(1).selectOption("number");
    await form.locator('[name="question_must"]').nth(1).selectOption("yes");
    await send(page, form);
    return new URL(page.url()).pathname;
  }, { js });
}

for (const js of [true, false]) {
  test(`an enterprise applies by phone and has its licence by post, ${js ? "with" : "without"} script`, async () => {
    const guide = await matter(js);
    const enterprise = await as(browser, "enterprise", { js, ...PHONE });
    const specialist = await as(browser, "specialist", { js });
    try {
      const page = await enterprise.newPage();
      await page.goto("/matters");
      if (js) await look(page, "matters");
      await page.goto(guide);
      assert.match(await page.innerText("main"), /叶乐山/, "who sees to it stands there by name");
      if (js) await look(page, "matter");
      await page.locator('a.button[href^="/applications/new"]').click();
      assert.match(await page.innerText("#known"), /企业名称/, "what is known is shown, not asked");
      assert.equal(await page.locator('[name="answers/q1"]').count(), 0);
      if (js) await look(page, "application-new");
      const form = page.locator('form[action="/applications/new"]');
      await form.locator('[name="answers/q2"]').fill("80");
      await form.locator("button.primary").click();
      assert.match(await page.innerText("main"), /缺少必要材料：申请书/);
      assert.equal(await form.locator('[name="answers/q2"]').inputValue(), "80", "nothing typed is lost");
      await form.locator('[name="papers"]').first().check();
      await send(page, form);
      const path = new URL(page.url()).pathname;
      assert.match(await page.innerText("main"), /等待专员在五个工作日内答复/);

      const office = await specialist.newPage();
      await office.goto("/");
      assert.match(await office.innerText("main"), /办件待答复/);
      await office.goto(path);
      if (js) await look(office, "application");
      await act(office, "ask_correction", { text: "面积与图纸不一致" });
      await page.goto("/");
      assert.match(await page.innerText("main"), /申请待补正/);
      await page.goto(path);
      assert.match(await page.innerText("main"), /面积与图纸不一致/);
      const again = page.locator(`form[action="${path}"]:has(button[value="resubmit"])`);
      await again.locator('[name="answers/q2"]').fill("78");
      await send(page, again, again.locator('button[value="resubmit"]'));

      await office.goto(path);
      assert.equal(await office.locator('input[name="action"][value="ask_correction"]').count(), 0, "a correction is asked for once");
      await act(office, "accept");
      await act(office, "review");
      assert.equal(await submit(office, "refuse", { reason: "x", remedies: " " }), 422, "no refusal without remedies");
      await office.goto(path);
      await act(office, "grant");

      await page.goto(path);
      await act(page, "address", { recipient: "王某", phone: "13900000001", address: "大学城创新路 1 号", consent: true });
      if (js) await look(page, "application-own");

      await office.goto("/deliveries");
      if (js) await look(office, "deliveries");
      await office.goto("/deliveries/sheet");
      assert.match(await office.innerText("main"), /大学城创新路 1 号/);
      if (js) await look(office, "delivery-sheet");
      await office.goto(path);
      assert.equal(await submit(office, "dispatch", { carrier: "EMS", parcel_no: "EA473124828CN", licences: "营业执照" }), 422);
      assert.match(await office.innerText("main"), /校验位不对/);
      await office.goto(path);
      await act(office, "dispatch", { carrier: "EMS", parcel_no: "EA473124829CN", licences: "营业执照" });
      await act(office, "courier_end", { outcome: "delivered", proof: "本人签收" });
      assert.match(await office.innerText("main"), /已送达/);
      await page.goto(path);
      assert.match(await page.innerText("main"), /证照已经送达/);

      await office.goto("/applications?show=all&sort=-made");
      if (js) await look(office, "applications");
      await inWindow(browser, "leader", async (leader) => {
        await leader.goto("/applications/rate?face=without");
        if (js) await look(leader, "rate");
        assert.equal(await leader.locator(`main a[href="${path}"]`).count(), 1, "the rate lists it among those without a meeting");
        assert.match(await leader.innerText("main"), /9[0-9]\.\d %/);
      }, { js });
    } finally {
      await close(enterprise);
      await close(specialist);
    }
  });
}
