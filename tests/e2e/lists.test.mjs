// Lists by hand: several records at once after a preview, columns that go out with the file.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { axe, overflow } from "./checks.mjs";
import { fill, send } from "./hands.mjs";
import { inWindow, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

/** A window of one role, closed when the work in it is done. */
const using = (role, work, options) => inWindow(browser, role, work, options);

const WIDE = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 360, height: 740 } };
const bulk = (page) => page.locator('form[method="post"][action$="/bulk"]');

/** Chooses an action below a list and asks for its preview. */
async function ask(page, action) {
  await page.locator("#bulk > summary").click();
  await bulk(page).locator('[name="action"]').selectOption(action);
  await send(page, bulk(page), bulk(page).locator('button[value="preview"]'));
}

/** Nothing sticks out, and who cannot see is told everything (axe is a script of its own: it needs scripts). */
async function looksRight(page, name, js = true) {
  if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/${name}.png`, fullPage: true });
  assert.equal(await overflow(page), null, name);
  if (js) assert.deepEqual(await axe(page), [], name);
}

/** The columns of the table that a page shows. */
const heads = (page) => page.locator("main table.cards thead th").evaluateAll((all) =>
  all.filter((th) => !th.querySelector(".sr")).map((th) => th.textContent.trim()));

/** The lines of the file that a link leads to. */
async function file(page, link) {
  const answer = await page.context().request.get(await link.getAttribute("href"));
  assert.equal(answer.status(), 200);
  assert.match(answer.headers()["content-disposition"], /^attachment/);
  return (await answer.text()).replace(/^\uFEFF/, "").trimEnd().split("\r\n");
}

let round = 0;
for (const [size, name] of [[WIDE, "wide"], [PHONE, "phone"]]) {
  for (const js of [true, false]) {
    const pictured = `${name}${js ? "" : "-plain"}`;
    test(`enterprises are marked together after a preview, ${pictured}`, () => using("dispatcher", async (page) => {
      // Each round has enterprises of its own, so that there is something left to change.
      await page.goto(`/enterprises?key=false&status=active&sort=${round++ % 2 ? "-" : ""}name`);
      await looksRight(page, `list-${pictured}`, js);
      const boxes = page.locator('main tbody input[name="item"]');
      assert.ok(await boxes.count() >= 3, "the demo zone has enterprises that are not key ones");
      const ids = [];
      for (const n of [0, 1, 2]) {
        await boxes.nth(n).check();
        ids.push(await boxes.nth(n).getAttribute("value"));
      }
      await ask(page, "set_key");
      assert.match(await page.innerText("main"), /将变更 3 条/);
      await looksRight(page, `preview-${pictured}`, js);
      // One is left out by its box.
      const ticked = page.locator('main tbody input[name="item"]');
      assert.equal(await ticked.count(), 3);
      await ticked.nth(2).uncheck();
      await send(page, bulk(page), bulk(page).locator('button[value="do"]'));
      assert.match(await page.innerText("main"), /已变更 2 条/);
      await looksRight(page, `report-${pictured}`, js);
      for (const [n, id] of ids.entries()) {
        await page.goto(`/enterprises/${id}`);
        assert.equal(/重点企业/.test(await page.locator(".head p").innerText()), n < 2, id);
      }
    }, { js, ...size }));
  }
}

test("a tag is asked for, and everything that the filter finds is previewed", () => using("officer", async (page) => {
  await page.goto("/enterprises?status=active&headcount_min=300");
  await page.locator("#bulk > summary").click();
  await bulk(page).locator('[name="scope"][value="all"]').check();
  await bulk(page).locator('[name="action"]').selectOption("add_tag");
  await send(page, bulk(page), bulk(page).locator('button[value="preview"]'));
  const chosen = Number((await page.innerText("main")).match(/已选 (\d+) 条/)?.[1]);
  assert.ok(chosen > 0, await page.innerText("main"));
  await bulk(page).locator('[name="tag"]').selectOption({ index: 1 });
  await send(page, bulk(page), bulk(page).locator('button[value="preview"]'));
  const [, changed, stays] = (await page.innerText("main")).match(/将变更 (\d+) 条，(\d+) 条保持不变/).map(Number);
  assert.equal(changed + stays, chosen, "each is told of");
}, WIDE));

test("appeals in the queue are dispatched together", async () => {
  const titles = ["停水", "停气"].map((what) => `${what} ${Date.now()}`);
  await using("enterprise", async (page) => {
    for (const title of titles) {
      await page.goto("/appeals/new");
      const form = page.locator('form[action="/appeals/new"]');
      await fill(form, { title, body: "请协调尽快恢复", category: "other" });
      await send(page, form);
    }
  }, WIDE);
  await using("dispatcher", async (page) => {
    await page.goto("/appeals?view=queue&status=registered&sort=-created");
    for (const title of titles) await page.locator("main tbody tr", { hasText: title }).locator('input[name="item"]').check();
    await looksRight(page, "appeals");
    await ask(page, "dispatch");
    await bulk(page).locator('[name="department_id"]').selectOption({ index: 1 });
    await send(page, bulk(page), bulk(page).locator('button[value="preview"]'));
    assert.match(await page.innerText("main"), /将变更 2 条/);
    await looksRight(page, "appeals-preview");
    await send(page, bulk(page), bulk(page).locator('button[value="do"]'));
    assert.match(await page.innerText("main"), /已变更 2 条/);
    await page.goto("/appeals?view=queue&status=registered&sort=-created");
    for (const title of titles) assert.equal(await page.locator("main tbody tr", { hasText: title }).count(), 0, title);
  }, WIDE);
});

for (const js of [true, false]) {
  test(`chosen columns stand on the page, in the kept view and in the file${js ? "" : ", without JavaScript"}`, () => using("officer", async (page) => {
    for (const [path, tick, untick] of [
      ["/enterprises?status=active", "uscc", "tags"],
      ["/projects", "owner", "works"],
      ["/people", "email", "account"],
      ["/visits", "kind", "ack"],
    ]) {
      await page.goto(path);
      const chooser = page.locator('details:has(input[name="columns"])');
      await chooser.locator("summary").click();
      await chooser.locator(`[name="columns"][value="${tick}"]`).check();
      await chooser.locator(`[name="columns"][value="${untick}"]`).uncheck();
      await Promise.all([page.waitForURL(/columns=/), chooser.locator("button").click()]);
      const shown = await heads(page);
      await looksRight(page, `columns-${path.split("?")[0].slice(1)}${js ? "" : "-plain"}`, js);
      const csv = await file(page, page.locator('a[href*="format=csv"]'));
      assert.equal(csv[0].split(",").length, shown.length, `${path}: ${csv[0]} for ${shown}`);
      const first = await page.locator("main tbody th.lead a").first().innerText();
      assert.ok(csv[1].startsWith(first) || csv[1].startsWith(`"${first}`), `${path}: ${csv[1]} begins with ${first}`);
      await page.locator('a[href^="/views/new"]').click();
      await page.fill('[name="name"]', `${path.slice(1, 12)} ${js}`);
      await send(page, page.locator('form[action="/views/new"]'));
      assert.deepEqual(await heads(page), shown, "the kept view shows the same columns");
    }
  }, { js, ...WIDE }));
}
