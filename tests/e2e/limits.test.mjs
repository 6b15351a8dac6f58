// Limits: a new version is looked at and confirmed, a rule sends appeals to a profile, the ladder is looked at with an example and saved.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { fill, send } from "./hands.mjs";
import { as, close, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

for (const js of [true, false]) {
  test(`limits are looked at before they change${js ? "" : ", without JavaScript"}`, async () => {
    const context = await as(browser, "dispatcher", { js });
    try {
      const page = await context.newPage();
      await page.goto("/settings/limits");
      if (js) await look(page, "limits");
      assert.equal(await page.locator("table.cards").first().locator("tbody tr").count(), 12);
      await page.locator('a[href="/settings/limits?key=shandong_enterprise#edit"]').click();
      let form = page.locator('#edit form[action^="/settings/limits"]');
      const days = js ? 12 : 13;
      await fill(form, { finish: days, retime: true });
      await send(page, form, form.locator('button[value="preview"]'));
      if (js) await look(page, "limits-preview");
      form = page.locator('#edit form[action^="/settings/limits"]');
      const preview = form.locator("#f-seen");
      assert.match(await preview.innerText(), new RegExp(`${days} 个工作日`));
      assert.equal(await form.locator('[name="finish"]').inputValue(), String(days), "looking keeps what was typed");
      const moves = await preview.locator("table").nth(1).locator("tbody tr").count();
      assert.ok(moves > 0, "the deadlines that move are listed");
      await fill(form, { reason: "委务会定" });
      await send(page, form, form.locator('button[value="save"]'));
      const row = page.locator("table.cards tbody tr").first();
      assert.match(await row.innerText(), new RegExp(`${days} 个工作日`));

      const rules = page.locator('form[action^="/settings/limits/rules"]');
      await page.locator("#rules details > summary").first().click();
      if (!js) await rules.evaluate((e) => { e.closest("details").open = true; });
      await fill(rules, { "kind-1": "consult", "profile-1": "bureau_example" });
      await send(page, rules);
      assert.match(await page.locator("#rules ol").innerText(), /咨询：某局热线/);
    } finally {
      await close(context);
    }
  });

  test(`the ladder is looked at with an example${js ? "" : ", without JavaScript"}`, async () => {
    const context = await as(browser, "dispatcher", { js });
    try {
      const page = await context.newPage();
      await page.goto("/settings/limits");
      await page.locator('a[href="/settings/ladder"]').click();
      if (js) await look(page, "ladder");
      const n = await page.locator("table.cards tbody tr").count();
      let form = page.locator('#edit form[action^="/settings/ladder"]');
      await fill(form, { [`point-${n}`]: "share", [`n-${n}`]: 50, [`deed-${n}`]: "remind", [`reaches-${n}`]: "handler", start: "2026-11-24T10:00", days: 5 });
      await send(page, form, form.locator('button[value="preview"]'));
      if (js) await look(page, "ladder-preview");
      form = page.locator('#edit form[action^="/settings/ladder"]');
      assert.match(await form.locator('[role="status"]').innerText(), /2026-11-27 17:30/, "half of five days is over with the third");
      await fill(form, { reason: "过半提醒" });
      await send(page, form, form.locator('button[value="save"]'));
      assert.equal(await page.locator("table.cards tbody tr").count(), n + 1);
    } finally {
      await close(context);
    }
  });
}

test("a running appeal is put under a disruption, and its due time says why", async () => {
  const context = await as(browser, "dispatcher");
  try {
    const page = await context.newPage();
    await page.goto("/appeals");
    const number = (await page.locator("main tbody").innerText()).match(/SQ-\d{8}-\d{4}/)[0];
    await page.goto("/disruptions");
    await page.locator('main a[href^="/disruptions/"]:not([href$="/new"])').first().click();
    await page.waitForURL(/\/disruptions\/[0-9a-f-]{36}$/);
    const form = page.locator('form[action$="/appeals"]');
    await page.locator("details", { has: form }).locator("summary").first().click();
    await look(page, "limits-disruption");
    await fill(form, { numbers: number, reason: "应急处置" });
    await send(page, form, form.locator("button"));
    const line = page.locator("li", { hasText: number }).first();
    await line.locator("a").first().click();
    await page.locator("details.due").first().waitFor();
    await look(page, "limits-appeal");
    assert.match(await page.locator("main").innerText(), new RegExp("归到突发事件名下"));
  } finally {
    await close(context);
  }
});
