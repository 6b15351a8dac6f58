// From who is due to a promise kept: the brief, a record with a requirement and a hazard, the word of the enterprise by link and by
// code without account, the second look, the review.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { fill, send } from "./hands.mjs";
import { as, close, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

const inDays = (n) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);
/** The entry of a requirement or hazard on the page of its visit. */
const entry = (page, text) => page.locator('li[id^="item-"]', { hasText: text });

/** Opens what is folded in the entry and answers its form. */
async function opened(page, text, action) {
  const of = entry(page, text).last();
  await of.locator("summary").click();
  return of.locator(`form[action$="/${action}"]`);
}

for (const js of [true, false]) {
  test(`due, brief, record, link, second look, promise kept${js ? "" : ", without JavaScript"}`, async () => {
    const officer = await as(browser, "officer", { js });
    const guest = await as(browser, null, { js });
    const dispatcher = await as(browser, "dispatcher", { js });
    try {
      // A rule so strict that somebody is due whatever the demo zone's people did.
      const settings = await dispatcher.newPage();
      await settings.goto("/settings/visits");
      if (js) await look(settings, "visit-settings");
      for (const tier of ["key", "above_scale", "general"]) {
        const rule = settings.locator('form[action="/settings/visits/contact"]', { has: settings.locator(`input[name="tier"][value="${tier}"]`) });
        await rule.locator('[name="contact_days"]').fill("1");
        await send(settings, rule);
      }

      const page = await officer.newPage();
      await page.goto("/");
      const line = page.locator('a[href="/visits/due?show=own"]');
      const n = Number((await line.innerText()).match(/\d+/)[0]);
      if (js) await look(page, "home-lines");
      await line.click();
      await page.waitForURL("**/visits/due?show=own");
      assert.equal(await page.locator("tbody tr").count(), Math.min(n, 20), "the number opens its list");
      if (js) await look(page, "due");
      await page.goto("/visits/due?show=often");
      if (js) await look(page, "often");

      await page.goto("/visits/due?show=own");
      await page.locator('tbody a[href^="/visits/brief/"]').first().click();
      await page.waitForURL("**/visits/brief/*");
      if (js) {
        await look(page, "brief");
        await page.emulateMedia({ media: "print" });
        assert.equal(await page.locator(".top").isVisible(), false, "on paper there is the sheet alone");
        await page.emulateMedia({ media: "screen" });
      }
      const enterprise = new URL(page.url()).pathname.split("/").pop();
      await page.locator('a.primary[href^="/visits/new"]').click();

      const [asked, danger, promised] = js
        ? ["每日测温登记上墙", "配电箱未上锁", "三日内联系交警办通行证"]
        : ["消防通道清出来", "油桶露天堆放", "两日内请供电来看"];
      let form = page.locator('form[action="/visits"]');
      await form.locator("details", { has: page.locator('[name="requirement_text"]') }).locator("summary").first().click();
      await fill(form, {
        requirement_text: asked, requirement_due: inDays(5), hazard_text: danger, answer_question: "补贴怎么领", answer_text: "网上申报",
        promise_text: promised, promise_due: inDays(3), note: "#政策 技改补助还有没有名额",
      });
      if (js) await look(page, "record-new");
      await send(page, form);
      const visit = new URL(page.url()).pathname;
      assert.match(visit, /^\/visits\/[0-9a-f-]{36}$/);
      assert.match(await page.innerText("main"), /技改补助还有没有名额/);
      assert.match(await entry(page, danger).innerText(), /待复查.*整改期限.*跟进人/s);
      if (js) await look(page, "record");
      await page.goto("/visits/due?show=own");
      assert.equal(await page.locator(`tbody a[href="/visits/brief/${enterprise}"]`).count(), 0, "who was talked to is not due");

      // Without account: the link, and the code of the sheet; an old one leads nowhere.
      await page.goto(visit);
      const old = await page.locator("#record-link").inputValue();
      await send(page, page.locator('form[action$="/link"]'), page.locator('form[action$="/link"] button'));
      const link = await page.locator("#record-link").inputValue();
      assert.notEqual(link, old);
      const [, number, code] = (await page.locator("#link").innerText()).match(/(ZF-\d{8}-\d{4})[\s\S]*?([0-9A-Z]{4}-[0-9A-Z]{4})/);
      const outside = await guest.newPage();
      assert.equal((await outside.goto(old)).status(), 404);
      await outside.goto("/sign-in");
      await outside.locator('a[href="/record"]').click();
      form = outside.locator('form[action="/record"]');
      await fill(form, { number, code: code.toLowerCase().replace("-", " ") });
      if (js) await look(outside, "record-find");
      await send(outside, form);
      assert.equal(new URL(outside.url()).pathname, new URL(link).pathname);
      const seen = await outside.innerText("main");
      for (const text of [asked, danger, promised]) assert.match(seen, new RegExp(text));
      if (js) await look(outside, "record-link");
      form = outside.locator('form[action^="/record/"]');
      await fill(form, { name: "李女士", note: "第二条当天就办" });
      await send(outside, form);
      assert.match(await outside.innerText("main"), /企业凭链接确认 李女士/);

      // The second look: it does not hold, then it does.
      await page.goto(visit);
      assert.match(await page.innerText("main"), /李女士[\s\S]*第二条当天就办/);
      let check = await opened(page, danger, "check");
      await check.locator('[name="note"]').fill("锁还没装");
      await check.locator('[name="due_at"]').fill(inDays(2));
      await send(page, check, check.locator('button[value="false"]'));
      assert.equal(await entry(page, danger).count(), 2);
      assert.match(await entry(page, danger).first().innerText(), /未落实/);
      check = await opened(page, danger, "check");
      await check.locator('[name="note"]').fill("已上锁");
      await send(page, check, check.locator('button[value="true"]'));
      assert.match(await entry(page, danger).last().innerText(), /已落实/);
      check = await opened(page, asked, "check");
      await check.locator('[name="note"]').fill("上级已取消");
      await send(page, check, check.locator('button[formaction$="/withdraw"]'));
      assert.match(await entry(page, asked).innerText(), /已撤回[\s\S]*上级已取消/);
      if (js) await look(page, "record-checked");
      await page.goto("/visits/items?show=held");
      assert.ok(await page.getByText(danger).first().isVisible());
      if (js) await look(page, "items");

      await page.goto("/promises?show=mine");
      await page.getByText(promised).first().click();
      form = page.locator('form[action$="/close"]');
      await form.locator('[name="reason"]').fill("通行证已送到");
      await send(page, form, form.locator('button[value="true"]'));
      assert.match(await page.innerText("main"), /已兑现/);
    } finally {
      for (const one of [officer, guest, dispatcher]) await close(one);
    }
  });
}

test("a record is looked through by somebody else, where the zone wants it", async () => {
  const officer = await as(browser, "officer");
  const dispatcher = await as(browser, "dispatcher");
  try {
    const chief = await dispatcher.newPage();
    const set = async (on) => {
      await chief.goto("/settings/visits");
      const form = chief.locator('form[action="/settings/visits"]');
      await form.locator('[name="review"]').setChecked(on);
      await send(chief, form);
    };
    await set(true);
    const page = await officer.newPage();
    await page.goto("/visits/due?show=own");
    const brief = page.locator('tbody a[href^="/visits/brief/"]').first();
    await brief.click();
    await page.locator('a.primary[href^="/visits/new"]').click();
    let form = page.locator('form[action="/visits"]');
    await form.locator('[name="draft"]').check();
    await send(page, form);
    const visit = new URL(page.url()).pathname;
    form = page.locator('form[action$="/review"]');
    await form.locator('[name="note"]').fill("补：李女士接待");
    await send(page, form);
    await look(page, "review-submitted");
    await chief.goto(visit);
    await look(chief, "review");
    form = chief.locator('form[action$="/review"]');
    await form.locator('[name="note"]').fill("写清时间");
    await send(chief, form, form.locator('button[value="return"]'));
    await page.goto("/");
    await page.locator(`a[href="${visit}"]`).first().click();
    await page.waitForURL(`**${visit}`);
    form = page.locator('form[action$="/review"]');
    await form.locator('[name="note"]').fill("下午三点");
    await send(page, form);
    await chief.goto(visit);
    form = chief.locator('form[action$="/review"]');
    await send(chief, form, form.locator('button[value="pass"]'));
    assert.match(await chief.innerText("main"), /已审核/);
    await set(false);
  } finally {
    for (const one of [officer, dispatcher]) await close(one);
  }
});
