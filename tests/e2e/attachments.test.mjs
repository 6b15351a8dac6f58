// A photo goes with a report, evidence with an answer, a reply with a link: on a telephone, with and without script.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { act, fill, formOf, send, submit } from "./hands.mjs";
import { as, close, launch, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

/** A photo, painted by a browser. */
async function photo(page, colour) {
  const url = await page.evaluate((fill) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [1200, 900];
    const pen = canvas.getContext("2d");
    pen.fillStyle = fill;
    pen.fillRect(0, 0, 1200, 900);
    return canvas.toDataURL("image/jpeg");
  }, colour);
  return Buffer.from(url.split(",")[1], "base64");
}

const jpeg = (name, buffer) => ({ name, mimeType: "image/jpeg", buffer });
const pdf = (name) => ({ name, mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.7\n%%EOF\n") });

/** Waits until the small picture of a file is there and shown. */
async function thumbnail(page, path) {
  for (let tries = 0; tries < 60; tries += 1) {
    await page.goto(path);
    const picture = page.locator(".files img").first();
    if (await picture.count() > 0) {
      await picture.scrollIntoViewIfNeeded();
      await page.waitForFunction(() => document.querySelector(".files img")?.naturalWidth > 0);
      return picture.evaluate((e) => e.naturalWidth);
    }
    await page.waitForTimeout(500);
  }
  return 0;
}

for (const js of [true, false]) {
  test(`files go with a report, an order, its answer and the result${js ? "" : ", without JavaScript"}`, async () => {
    const open = async (role, options) => (await as(browser, role, { js, ...options })).newPage();
    const painter = await (await as(browser, null, {})).newPage();
    const title = `东门限高杆 ${Date.now()}`;

    // On a telephone: one file is not taken; what is good and what was typed stays.
    const enterprise = await open("enterprise", { viewport: { width: 360, height: 740 } });
    await enterprise.goto("/appeals/new");
    const form = enterprise.locator('form[action="/appeals/new"][method="post"]');
    await fill(form, { title, body: "高栏货车进不去，照片见附件。", category: { index: 1 } });
    await form.locator('[name="files"]').setInputFiles([
      jpeg("现场.jpg", await photo(painter, "#7a5")),
      { name: "说明.exe", mimeType: "image/jpeg", buffer: Buffer.from("MZ\u0090\u0000") },
    ]);
    assert.equal(await submit(enterprise, "new"), 422);
    const kept = await form.innerText();
    assert.match(kept, /现场\.jpg/);
    assert.match(await enterprise.innerText(".wrong-summary"), /说明\.exe/);
    assert.equal(await form.locator('[name="title"]').inputValue(), title);
    if (js) await look(enterprise, "report-again");
    await send(enterprise, form);
    const path = new URL(enterprise.url()).pathname;
    assert.match(path, /^\/appeals\/[0-9a-f-]{36}$/);
    assert.match(await enterprise.innerText(".files"), /现场\.jpg/);

    const dispatcher = await open("dispatcher");
    await dispatcher.goto(path);
    await act(dispatcher, "dispatch", { department_id: { label: "企服部" } });
    const officer = await open("officer");
    assert.equal(await thumbnail(officer, path), 480, "the small picture is there");
    if (js) await look(officer, "appeal-files");
    await act(officer, "sign");

    // A partner by link sees what was given to him, and adds to his answer.
    await officer.goto(path);
    const order = formOf(officer, "pass_partner");
    await order.evaluate((e) => { e.parentElement.open = true; });
    await fill(order, { department_id: { index: 1 }, text: "能否改为五米？" });
    await order.locator('[name="files"]').setInputFiles([pdf("平面图.pdf")]);
    await send(officer, order);
    const link = new URL(await officer.locator('input[readonly][id^="link-"]').first().inputValue()).pathname;
    const partner = await open(null, { viewport: { width: 360, height: 740 } });
    await partner.goto(link);
    assert.match(await partner.innerText(".files"), /平面图\.pdf/);
    assert.doesNotMatch(await partner.innerText("main"), /现场\.jpg/);
    const answer = formOf(partner, "answer");
    await fill(answer, { text: "可以，今晚改。" });
    await answer.locator('[name="files"]').setInputFiles([jpeg("已改.jpg", await photo(painter, "#57a"))]);
    await send(partner, answer);
    assert.match(await partner.innerText(".files"), /已改\.jpg/);
    if (js) await look(partner, "link-files");

    // Evidence is the office's own until somebody else has reviewed the answer.
    await officer.goto(path);
    const result = formOf(officer, "answer");
    await result.evaluate((e) => { e.parentElement.open = true; });
    await fill(result, { result: { index: 1 }, text: "限高杆已改为五米。", production_continued: { index: 1 } });
    await result.locator('[name="files"]').setInputFiles([jpeg("改后.jpg", await photo(painter, "#a57"))]);
    await send(officer, result);
    await enterprise.goto(path);
    const seen = () => enterprise.locator(".files").innerText();
    assert.doesNotMatch(await seen(), /改后\.jpg|已改\.jpg|平面图/);
    await dispatcher.goto(path);
    const href = await dispatcher.locator(".files a", { hasText: "改后.jpg" }).getAttribute("href");
    assert.equal((await enterprise.request.get(href)).status(), 404);
    await act(dispatcher, "review", { ok: "true" });
    await enterprise.goto(path);
    assert.match(await seen(), /改后\.jpg/);
    assert.doesNotMatch(await seen(), /已改\.jpg|平面图/);
    const file = await enterprise.request.get(href);
    assert.equal(file.status(), 200);
    assert.equal(file.headers()["x-content-type-options"], "nosniff");

    const other = await open("enterprise2");
    assert.equal((await other.request.get(href)).status(), 404, "another enterprise knows nothing of it");
    for (const page of [painter, enterprise, dispatcher, officer, partner, other]) await close(page.context());
  });
}

test("an officer adds a photo to a visit", async () => {
  const page = await (await as(browser, "officer", {})).newPage();
  await page.goto("/visits");
  await page.locator("tbody .lead a").first().click();
  const path = new URL(page.url()).pathname;
  const form = page.locator(`form[action="${path}/files"]`);
  await form.evaluate((e) => { e.parentElement.open = true; });
  await form.locator('[name="files"]').setInputFiles([pdf("现场记录.pdf")]);
  await send(page, form, form.locator("button").first());
  assert.match(await page.innerText(".files"), /现场记录\.pdf/);
  await look(page, "visit-files");
  await close(page.context());
});
