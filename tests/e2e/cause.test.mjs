// One cause of many appeals: proposed, gathered, answered once, reviewed once; with and without script.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { act, fill, send, submit } from "./hands.mjs";
import { inWindow, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

const using = (who, options, work) => inWindow(browser, who, work, options);

/** How the appeals of the cause stand. */
const standing = (page) => page.locator("#appeals tbody tr td:nth-of-type(2)").allInnerTexts();

test("what three enterprises report alike is answered once, and each confirms for itself", async () => {
  let path;
  await using("dispatcher", {}, async (page) => {
    await page.goto("/appeals");
    await page.locator('a.button[href="/causes"]').click();
    await look(page, "causes");
    const proposed = page.locator("main ul.list > li:has(a.button)", { hasText: "雨后仓库返潮" });
    assert.match(await proposed.innerText(), /3 家/);
    await proposed.locator("a.button").click();
    const form = page.locator('form[method="post"][action="/causes/new"]');
    assert.equal(await form.locator('[name="appeals"]:checked').count(), 3);
    await fill(form, { title: "雨后仓库返潮", department_id: "" });
    await form.evaluate((e) => { e.noValidate = true; });
    await form.locator("button.primary").click();
    assert.equal(await form.locator('[name="appeals"]:checked').count(), 3, "what was chosen is kept");
    await look(page, "cause-new");
    await fill(form, { department_id: { label: "企服部" } });
    await send(page, form);
    path = new URL(page.url()).pathname;
    assert.deepEqual(await standing(page), Array(3).fill("待签收"));
    await look(page, "cause");
    // To another department and back: what waits to be signed for goes along.
    const led = page.locator("#appeals tbody tr td:nth-of-type(3)");
    for (const [label, reason] of [["建设部", "房屋由建设部管"], ["企服部", "企业由企服部联系"]]) {
      await act(page, "pass", { department_id: { label }, reason });
      assert.deepEqual(await led.allInnerTexts(), Array(3).fill(label));
    }
    await page.locator('a[href^="/history/cause/"]').click();
    assert.match(await page.innerText("main"), /房屋由建设部管/);
  });
  await using("officer", {}, async (page) => {
    await page.goto(path);
    const answer = { result: "policy_does_not_allow", text: "已调配除湿机九台。", production_continued: "yes" };
    assert.equal(await submit(page, "answer", answer), 422, "a refusal names its provision");
    await act(page, "answer", { result: "solved" });
    assert.deepEqual(await standing(page), Array(3).fill("待审核"));
    await act(page, "note", { text: "设备月底前收回。" });
    assert.match(await page.innerText("main"), /设备月底前收回/);
  });
  await using("dispatcher", { js: false }, async (page) => {
    await page.goto(path);
    await act(page, "leave", { reason: "是另一处漏雨。" });
    assert.equal(await page.locator("#appeals tbody tr").count(), 2);
    await act(page, "review", { ok: "yes" });
    assert.deepEqual(await standing(page), Array(2).fill("待企业确认"));
    await page.locator("#appeals tbody a").first().click();
    assert.match(await page.innerText("main"), /GX-\d{8}-\d{4}/);
  });
});
