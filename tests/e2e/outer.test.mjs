// Orders of the 12345 hotline: pasted, looked at, taken in once, answered back; with and without script.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { act, send } from "./hands.mjs";
import { as, close, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

const PASTED = (number) => `【工单编号】${number}
来电人：赵某某
联系电话：13900000001
企业名称：泉润
诉求内容：园区东门限高，原料车无法进入。
已影响明天的生产，请协调。
办理时限：2026-12-01 17:00`;

for (const js of [true, false]) {
  test(`a pasted order becomes an appeal and its answer goes back, ${js ? "with" : "without"} script`, async () => {
    const context = await as(browser, "dispatcher", { js });
    try {
      const page = await context.newPage();
      const number = `JN-E2E-${js ? 1 : 2}`;
      await page.goto("/appeals?view=queue");
      await page.locator('a.button[href="/appeals/outer"]').click();
      if (js) await look(page, "outer");
      const reading = page.locator('form[action="/appeals/outer/read"]');
      await reading.locator('[name="pasted"]').fill("今天没有工单");
      await reading.locator("button.primary").click();
      assert.match(await page.innerText("main"), /没有读到工单/);
      assert.equal(await reading.locator('[name="pasted"]').inputValue(), "今天没有工单", "what was pasted is kept");

      await reading.locator('[name="pasted"]').fill(PASTED(number));
      await reading.locator("button.primary").click();
      const taking = page.locator('form[action="/appeals/outer/take"]');
      assert.equal(await taking.locator('[name="title"]').inputValue(), "园区东门限高，原料车无法进入");
      assert.equal(await taking.locator('[name="due_on"]').inputValue(), "2026-12-01");
      if (js) await look(page, "outer-take");
      await taking.locator('[name="subject"]').fill("没有这家企业");
      await taking.locator("button.primary").click();
      assert.match(await page.innerText("main"), /企业库中没有这家企业/);
      assert.match(await taking.locator('[name="body"]').inputValue(), /已影响明天的生产/, "nothing typed is lost");

      const name = await registered(page.request);
      await taking.locator('[name="subject"]').fill(name);
      await taking.locator("button.primary").click();
      await page.waitForURL(/view=queue/);
      assert.match(await page.innerText("main"), /已承接/);

      await page.goto("/appeals/outer");
      await page.locator('form[action="/appeals/outer/read"] [name="pasted"]').fill(PASTED(number));
      await page.locator('form[action="/appeals/outer/read"] button.primary').click();
      assert.match(await page.innerText("main"), /已承接：SQ-/, "the same number is known");
      await page.locator('main a[href^="/appeals/"]', { hasText: "SQ-" }).click();
      assert.match(await page.innerText("main"), /赵某某/);
      assert.doesNotMatch(await page.innerText("main"), /13900000001/);
      await page.locator('a[href*="caller=true"]').click();
      assert.match(await page.innerText("main"), /13900000001/);

      await act(page, "reject", { reason: "不属于企业诉求。", right_channel: "请拨打路政热线" });
      await page.goto("/appeals/outer");
      const row = page.locator("tbody tr", { hasText: number });
      await row.locator('[name="appeals"]').check();
      const reporting = page.locator('form[action="/appeals/outer/reported"]');
      await send(page, reporting, reporting.locator('button[type="submit"]').last());
      assert.match(await page.innerText("main"), /已标记为已回填/);
      assert.equal(await page.locator("tbody tr", { hasText: number }).count(), 0);
      await page.goto("/appeals/outer?stage=reported");
      assert.equal(await page.locator("tbody tr", { hasText: number }).count(), 1);
    } finally {
      await close(context);
    }
  });
}

/** The full name of an enterprise of the register. */
async function registered(request) {
  const answer = await request.get("/api/v1/enterprises?limit=1");
  return (await answer.json()).items[0].name;
}
