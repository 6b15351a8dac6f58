// A visit from plan to record: planned, another day named by link, moved, joined by another department, recorded in one save by both.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { fill, inDays, send } from "./hands.mjs";
import { as, close, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

const factOf = (page, text) => page.locator("dl.facts").getByText(text).first();

for (const js of [true, false]) {
  test(`plan, another day, together, one record${js ? "" : ", without JavaScript"}`, async () => {
    const officer = await as(browser, "officer", { js });
    const guest = await as(browser, null, { js });
    const specialist = await as(browser, "specialist", { js });
    try {
      const purpose = js ? "看技改进度" : "看夜班安排";
      const page = await officer.newPage();
      await page.goto("/visits/plans/new");
      const form = page.locator('form[action="/visits/plans"]');
      const firm = js ? "济柴" : "艺高";
      const typed = { planned_at: `${inDays(40)}T10:00`, kind: "routine", channel: "onsite" };
      await fill(form, { ...typed, subject_text: "生物医药", purpose, despite: "技改当月要看" });
      const many = page.waitForResponse((r) => r.request().method() === "POST");
      await form.locator("button.primary").click();
      assert.equal((await many).status(), 422, "many are called so");
      await page.waitForLoadState();
      assert.ok(await form.locator('input[type="radio"][name="subject"]').count() > 1, "and one of them is chosen");
      assert.equal(await form.locator('[name="purpose"]').inputValue(), purpose, "what was typed stays");
      if (js) {
        await look(page, "plan-which");
        await form.locator('[name="subject_text"]').fill("");
        await form.locator('[name="subject_text"]').pressSequentially(firm);
        await page.waitForFunction(() => document.querySelector("datalist option") !== null);
      }
      await fill(form, { subject_text: firm });
      await send(page, form);
      const plan = new URL(page.url()).pathname;
      const link = new URL(await page.locator("#link").inputValue()).pathname;
      if (js) await look(page, "plan");

      const invited = await guest.newPage();
      await invited.goto(link);
      if (js) await look(invited, "invitation");
      let answer = invited.locator(`form[action="${link}"]`);
      await answer.locator('[name="reason"]').fill("那天停电检修");
      const refused = invited.waitForResponse((r) => r.request().method() === "POST");
      await answer.locator('button[value="countered"]').click();
      assert.equal((await refused).status(), 422);
      await invited.waitForLoadState();
      assert.equal(await answer.locator('[name="reason"]').inputValue(), "那天停电检修", "what was typed stays when the day lacks");
      answer = invited.locator(`form[action="${link}"]`);
      await answer.locator('[name="other_at"]').fill(`${inDays(42)}T09:30`);
      await send(invited, answer, answer.locator('button[value="countered"]'));
      assert.match(await invited.locator("dl.facts").innerText(), /企业另提时间/);

      await page.goto(plan);
      const move = page.locator('form[action$="/move"]');
      assert.equal(await move.locator('[name="planned_at"]').inputValue(), `${inDays(42)}T09:30`, "the day that was named comes first");
      await move.locator('[name="despite"]').fill("企业自己提的时间");
      await send(page, move, move.locator("button").first());
      assert.ok(await factOf(page, "企业已同意").isVisible());

      // The other department wants to come in the same days, is told that somebody comes, and goes along.
      const other = await specialist.newPage();
      await other.goto("/visits/plans/new");
      const second = other.locator('form[action="/visits/plans"]');
      await fill(second, { ...typed, subject_text: firm, planned_at: `${inDays(44)}T10:00`, purpose: "办证上门" });
      const near = other.waitForResponse((r) => r.request().method() === "POST");
      await second.locator("button.primary").click();
      assert.equal((await near).status(), 422);
      await other.waitForLoadState();
      if (js) await look(other, "plan-near");
      await send(other, second, second.locator(`button[formaction="${plan}/join"]`));
      assert.match(await other.locator("dl.facts").innerText(), /联合走访/);

      // A link that went astray opens nothing more; the new one does.
      await page.goto(plan);
      const astray = page.locator('form[action$="/link"]');
      await send(page, astray, astray.locator("button"));
      assert.equal((await guest.request.get(link)).status(), 404);
      const renewed = new URL(await page.locator("#link").inputValue()).pathname;
      assert.equal((await guest.request.get(renewed)).status(), 200);

      await page.goto(`/visits/calendar?day=${inDays(42)}`);
      assert.ok(await page.locator(`a[href="${plan}"]`).isVisible());
      if (js) await look(page, "calendar");
      await page.goto(`/visits/calendar?day=${inDays(42)}&view=week`);
      if (js) await look(page, "calendar-week");
      const open = page.locator('form[action="/visits/calendar/feed"]');
      await send(page, open, open.locator('button[value="true"]'));
      const feed = await page.locator("#feed-href").inputValue();
      const answerOf = await guest.request.get(feed);
      assert.match(await answerOf.text(), /BEGIN:VEVENT[\s\S]*STATUS:CONFIRMED/);
      await send(page, open, page.locator('form[action="/visits/calendar/feed"] button[value="false"]'));
      assert.equal((await guest.request.get(feed)).status(), 404);

      await page.goto(plan);
      await page.locator('a.primary[href^="/visits/new"]').click();
      await page.waitForURL("**/visits/new**");
      const record = page.locator('form[action="/visits"]');
      await fill(record, { note: "#承诺 3日内回复技改补助" });
      await send(page, record);
      assert.match(new URL(page.url()).pathname, /^\/visits\/[0-9a-f-]{36}$/);
      await page.goto(plan);
      assert.ok(await factOf(page, "已走访").isVisible());
      await invited.goto(renewed);
      assert.equal(await invited.locator(`form[action="${renewed}"]`).count(), 0, "what is settled asks nothing");
    } finally {
      for (const context of [officer, guest, specialist]) await close(context);
    }
  });
}
