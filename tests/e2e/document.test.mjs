// Documents: previewed, issued, handed out as PDF and for Word, verified without account, withdrawn; with and without script.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { send } from "./hands.mjs";
import { as, close, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

/** The file that a link of the page hands out. */
async function handed(page, link) {
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  const pieces = [];
  for await (const piece of await download.createReadStream()) pieces.push(piece);
  return { name: download.suggestedFilename(), bytes: Buffer.concat(pieces) };
}

for (const js of [true, false]) {
  test(`a supervision order is issued, handed out, verified and withdrawn, ${js ? "with" : "without"} script`, async () => {
    const context = await as(browser, "dispatcher", { js });
    const nobody = await browser.newContext({ javaScriptEnabled: js, locale: "zh-CN" });
    try {
      const page = await context.newPage();
      const appeal = await workedOn(page.request);
      await page.goto(`/appeals/${appeal}`);
      await page.locator('a[href^="/documents/new/hand_over"]').click();
      assert.match(await page.innerText("main"), /未编号/);
      if (js) await look(page, "document-hand-over");
      await page.goto(`/appeals/${appeal}`);
      await page.locator('a[href^="/documents/new/supervision"]').click();
      const form = page.locator('form[action^="/documents/new/supervision"]');
      const demand = `${js ? "有" : "无"}脚本：三日内办结`;
      await form.locator('[name="demand"]').fill(demand);
      await form.locator('[name="reply_on"]').fill("2099-12-31");
      await form.locator('[name="demanded_by"]').fill("王主任");
      await form.locator('button[value="preview"]').click();
      await page.waitForLoadState();
      assert.match(await page.innerText("main"), /未编号[\s\S]*督办要求[\s\S]*三日内办结/);
      assert.equal(await form.locator('[name="demand"]').inputValue(), demand, "what was typed is kept");
      if (js) await look(page, "document-preview");
      await send(page, form, form.locator('button[value="issue"]'));
      const number = await page.locator("h1").innerText();
      assert.match(number, /^大管办督〔\d{4}〕\d+号$/);
      if (js) await look(page, "document");

      const pdf = await handed(page, page.locator('a[href$="format=pdf"]'));
      assert.equal(pdf.bytes.subarray(0, 5).toString(), "%PDF-");
      assert.ok(pdf.name.includes(number) && pdf.name.endsWith(".pdf"), pdf.name);
      const docx = await handed(page, page.locator('a[href$="format=docx"]'));
      assert.equal(docx.bytes.subarray(0, 2).toString(), "PK");

      // Who holds the sheet has no account.
      const verify = await page.locator('a[href^="/d/"]').getAttribute("href");
      const stranger = await nobody.newPage();
      const place = new URL(verify, page.url()).href;
      await stranger.goto(place);
      let said = await stranger.innerText("main");
      assert.ok(said.includes(number) && said.includes("有效"), said);
      assert.doesNotMatch(said, /三日内办结|SQ-/, "what it says is not shown");
      if (js) await look(stranger, "document-verify");

      const withdrawing = page.locator('form[action$="/withdraw"]');
      await withdrawing.evaluate((e) => { e.closest("details").open = true; });
      await withdrawing.locator('[name="reason"]').fill("误发");
      await send(page, withdrawing, withdrawing.locator("button").last());
      await stranger.goto(place);
      said = await stranger.innerText("main");
      assert.match(said, /已作废/);
      assert.doesNotMatch(said, /误发/);

      await page.goto("/documents");
      assert.match(await page.locator("tbody tr", { hasText: number }).innerText(), /已作废/);
      if (js) await look(page, "documents");
      await page.goto("/documents?kind=ledger");
      assert.equal(await page.locator("tbody tr", { hasText: number }).count(), 0);
      await page.goto("/appeals");
      await page.locator('a[href^="/documents/new/ledger"]').click();
      assert.match(await page.innerText("main"), /诉求台账[\s\S]*共\d+件/);
      if (js) await look(page, "document-ledger");
    } finally {
      await nobody.close();
      await close(context);
    }
  });
}

/** An appeal that a department works on. */
async function workedOn(request) {
  const answer = await request.get("/api/v1/appeals?status=working&limit=1");
  const { items } = await answer.json();
  assert.ok(items.length > 0, "the demo has appeals at work");
  return items[0].id;
}
