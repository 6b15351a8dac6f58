// What came of it: rated by link without account, called about, put right, called back, left out by another unit, counted.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { act, fill, inDays, send } from "./hands.mjs";
import { inWindow, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

const using = (who, options, work) => inWindow(browser, who, work, options);

/** The next working day, as far as weekends go. */
function workday() {
  for (let n = 1; ; n += 1) {
    const day = inDays(n);
    if (![0, 6].includes(new Date(`${day}T12:00:00+08:00`).getUTCDay())) return day;
  }
}

for (const js of [true, false]) {
  const title = js ? "夜班缺操作工" : "白班缺操作工";
  test(`a result is rated by link, looked into and counted, ${js ? "with" : "without"} script`, async () => {
    let path;
    await using("enterprise", { js }, async (page) => {
      await page.goto("/appeals/new");
      const form = page.locator('form[action="/appeals/new"]');
      await fill(form, { title, body: "夜班缺六名操作工，请帮助对接。", category: "labour" });
      await send(page, form);
      path = new URL(page.url()).pathname;
    });
    await using("dispatcher", { js }, async (page) => {
      await page.goto(path);
      await act(page, "dispatch", { department_id: { label: "企服部" } });
    });
    await using("officer", { js }, async (page) => {
      await page.goto(path);
      await act(page, "sign");
      await act(page, "answer", { result: "solved", text: "已对接六名操作工。", production_continued: "yes" });
    });
    let link;
    await using("dispatcher", { js }, async (page) => {
      await page.goto(path);
      await act(page, "review", { ok: "true" });
      const text = await page.locator("#confirm-text").inputValue();
      assert.match(text, new RegExp(`“${title}”已有办理结果`));
      [link] = text.match(/https?:[^（]+\/confirm\/[^（]+/);
      if (js) await look(page, "result-appeal");
      await send(page, page.locator(`form[action="${path}/link"]`), page.locator(`form[action="${path}/link"] button`));
      const again = await page.locator("#confirm-text").inputValue();
      assert.ok(!again.includes(link), "a new link");
      [link] = again.match(/https?:[^（]+\/confirm\/[^（]+/);
    });
    await using(null, { js }, async (page) => {
      await page.goto(link);
      assert.match(await page.innerText("main"), /已对接六名操作工/);
      if (js) await look(page, "result-confirm");
      const form = page.locator('form[action^="/confirm/"]');
      await fill(form, { rating: "1", text: "来了两天又走了", name: "李女士" });
      await send(page, form);
      assert.match(await page.innerText("main"), /非常不满意/);
    });

    // The bad rating: called about within one working day, put right by a day.
    await using("oversight", { js }, async (page) => {
      await page.goto("/");
      await page.locator('a[href="/appeals/ratings?state=contact"]').click();
      if (js) await look(page, "result-ratings");
      await page.getByRole("link", { name: title }).click();
      assert.match(await page.innerText("main"), /李女士[\s\S]*来了两天又走了/);
      if (js) await look(page, "result-rating");
      const form = page.locator('form[action^="/appeals/ratings/"]');
      await fill(form, { found: "valid", reason: "企业说属实" });
      await form.locator("button.primary").click();
      await page.waitForLoadState("load");
      assert.equal(await form.locator('[name="reason"]').inputValue(), "企业说属实", "nothing typed is lost");
      await fill(form, { rectification: "换一批重新对接", fix_on: workday() });
      await send(page, form);
      assert.match(await page.innerText("main"), /待整改[\s\S]*差评整改/);
    });
    await using("officer", { js }, async (page) => {
      await page.goto("/appeals/ratings?state=fix");
      await page.getByRole("link", { name: title }).click();
      const form = page.locator('form[action$="/fixed"]');
      await fill(form, { note: "已重新对接六人，均已到岗。" });
      await send(page, form);
      // Who led asks to leave it out, and calls nobody back.
      await page.goto(path);
      await page.locator(`a[href="${path}/exclusion"]`).click();
      if (js) await look(page, "result-exclude");
      const asked = page.locator(`form[action="${path}/exclusion"]`);
      await fill(asked, { ground: "private_dispute", proof: "属企业与中介的合同纠纷" });
      await send(page, asked);
      await page.goto("/appeals/calls?show=open");
      assert.equal(await page.getByRole("link", { name: title }).count(), 0);
    });

    // Called back, and left out, by another unit.
    await using("oversight", { js }, async (page) => {
      await page.goto("/appeals/calls");
      if (js) await look(page, "result-calls");
      await page.goto("/appeals/calls?show=open&sort=-made");
      await page.getByRole("link", { name: title }).click();
      if (js) await look(page, "result-call");
      const form = page.locator('form[action^="/appeals/calls/"]');
      await fill(form, { verdict: "solved", rating: "4", note: "六人都在岗" });
      await send(page, form);
      await page.goto("/appeals/exclusions");
      if (js) await look(page, "result-exclusions");
      const one = page.locator("main ul.list > li", { hasText: title });
      await one.locator("details").evaluate((e) => { e.open = true; });
      await fill(one.locator("form"), { granted: "true", reason: "有合同为证" });
      await send(page, one.locator("form"));
      await page.goto("/appeals/exclusions?state=granted");
      assert.match(await page.innerText("main"), new RegExp(title));
    });
    await using("leader", { js }, async (page) => {
      await page.goto("/appeals");
      await page.locator('a.button[href="/appeals/results"]').click();
      if (js) await look(page, "result-rates");
      for (const by of ["department", "category"]) {
        await page.goto(`/appeals/results?by=${by}`);
        const numbers = await page.locator('tfoot a[href*="/results/list"], tbody tr:first-child a[href*="/results/list"]').evaluateAll((links) =>
          links.map((a) => [a.getAttribute("href"), Number(a.textContent)]));
        assert.ok(numbers.length > 8, "there is something to count");
        for (const [href, n] of numbers.slice(0, js ? 40 : 6)) assert.equal(await rows(page, href), n, href);
      }
      if (js) await look(page, "result-list");
    });
  });
}

/** How many rows the list behind a number has, on all its pages. */
async function rows(page, href) {
  let n = 0;
  for (let at = href; at;) {
    await page.goto(at);
    n += await page.locator("main tbody tr").count();
    const next = page.locator('main a[rel="next"]');
    at = await next.count() > 0 ? await next.getAttribute("href") : null;
  }
  return n;
}

test("who is called back is a setting", async () => {
  await using("dispatcher", {}, async (page) => {
    await page.goto("/settings");
    await page.locator('a[href="/settings/results"]').click();
    await look(page, "result-settings");
    const form = page.locator('form[action="/settings/results"]');
    await fill(form, { percent: 120 });
    await form.evaluate((e) => { e.noValidate = true; });
    await form.locator("button.primary").click();
    assert.match(await page.innerText("main"), /应在 0 到 100 之间/);
    await fill(form, { percent: 35, satisfied_from: "4" });
    await send(page, form);
    assert.equal(await form.locator('[name="percent"]').inputValue(), "35");
  });
});
