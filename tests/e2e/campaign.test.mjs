// A campaign from its start to its coverage: who is in it, one enterprise planned, one visited, every number with its list, the end.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { fill, inDays, send } from "./hands.mjs";
import { as, close, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });


for (const js of [true, false]) {
  test(`a campaign from start to coverage${js ? "" : ", without JavaScript"}`, async () => {
    const context = await as(browser, "dispatcher", { js });
    try {
      const page = await context.newPage();
      await page.goto("/visits/campaigns");
      if (js) await look(page, "campaigns");
      await page.locator('a[href="/visits/campaigns/new"]').click();
      if (js) await look(page, "campaign-new");
      let form = page.locator('form[action="/visits/campaigns"]');
      await fill(form, { name: js ? "岁末走访" : "春节走访", purpose: "问清年底前还缺什么", starts_on: inDays(1), ends_on: inDays(30) });
      await send(page, form, form.locator('button[name="count"]'));
      const found = Number((await page.locator('[role="status"]', { hasText: /\d/ }).first().innerText()).match(/\d+/)[0]);
      form = page.locator('form[action="/visits/campaigns"]');
      assert.equal(await form.locator('[name="purpose"]').inputValue(), "问清年底前还缺什么", "asking how many keeps what was typed");
      await send(page, form, form.locator("button.primary"));
      const campaign = new URL(page.url()).pathname;
      assert.match(campaign, /^\/visits\/campaigns\/[0-9a-f-]{36}$/);
      if (js) await look(page, "campaign");

      const numbers = async () => {
        const links = await page.locator("dl.figures a").evaluateAll((all) => all.map((a) => [a.getAttribute("href"), Number(a.textContent)]));
        return new Map(links.map(([href, n]) => [href.split("show=")[1] ?? "", n]));
      };
      const before = await numbers();
      assert.equal(before.get(""), found, "the list is what was counted");
      assert.equal([...before].filter(([key]) => key).reduce((sum, [, n]) => sum + n, 0), found, "each enterprise is counted once");
      await page.goto(`${campaign}?show=never`);
      await page.locator('tbody a[href^="/visits/plans/new"]').first().click();
      await page.waitForURL("**/visits/plans/new**");
      const plan = page.locator('form[action="/visits/plans"]');
      await fill(plan, { planned_at: `${inDays(12)}T09:00`, kind: "routine", purpose: "岁末走访", despite: "大走访安排" });
      await send(page, plan);
      await page.goto(campaign);
      const after = await numbers();
      assert.equal(after.get("planned"), before.get("planned") + 1);
      assert.equal(after.get("never"), before.get("never") - 1);
      await page.goto(`${campaign}?show=planned`);
      assert.equal(await page.locator("tbody tr").count(), Math.min(20, after.get("planned")), "the number opens its list");

      // Somebody who is in it already is found by a part of the name, and said to be in it.
      const adding = page.locator('form[action$="/add"]');
      await page.locator("details.more", { has: adding }).locator("summary").click();
      await fill(adding, { enterprise_id_text: "济柴", reason: "企业来电" });
      const refused = page.waitForResponse((r) => r.request().method() === "POST");
      await adding.locator("button.primary").click();
      assert.equal((await refused).status(), 422);
      assert.match(await adding.innerText(), /已在名单里/);

      await page.locator("details.more", { has: page.locator('form[action$="/end"]') }).locator("summary").click();
      await send(page, page.locator('form[action$="/end"]'));
      assert.equal(await page.locator('form[action$="/end"]').count(), 0, "what has ended is not ended again");
    } finally {
      await close(context);
    }
  });
}
