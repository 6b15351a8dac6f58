// Visits without network: written on the device, sent once, with a receipt; what changed meanwhile keeps both sides.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { fill } from "./hands.mjs";
import { as, BASE, close, launch, PASSWORD, test } from "./house.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

/** A window with a session of its own, so that signing out ends no other test's. */
async function signIn(page, user) {
  await page.goto("/sign-in");
  await page.fill('[name="user"]', user);
  await page.fill('[name="password"]', PASSWORD);
  await page.click("main form button.primary");
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
}

/** A device on which the page was opened once; `work` gets its page. */
async function device(work, user = "officer") {
  const context = await as(browser, null);
  try {
    const page = await context.newPage();
    await signIn(page, user);
    await page.goto("/visits/offline");
    await page.waitForSelector('#offline-ready[data-ready="yes"]');
    assert.match(await page.innerText("#offline-ready"), /没有网络时也能打开/);
    await work(page, context);
  } finally {
    await close(context);
  }
}

/** Begins a visit to the n-th of those offered. Answers the subject's name. */
async function begin(page, n = 0) {
  const choice = page.locator("#offline-subjects button").nth(n);
  const name = await choice.innerText();
  await choice.click();
  await page.waitForSelector("#offline-edit form");
  return name;
}

const form = (page) => page.locator("#offline-edit form");
const card = (page, state) => page.locator(`#offline-list > li[data-state="${state}"]`);
const press = (page, text) => form(page).locator("button", { hasText: text }).first().click();
const count = async (page) => (await page.evaluate(async () => (await (await fetch("/api/v1/visits?limit=1")).json()).total));

test("two visits are written without network, survive a reload, and are sent once each with a receipt", () => device(async (page, context) => {
  const before = await count(page);
  await context.setOffline(true);
  await page.reload();
  assert.match(await page.innerText("#offline-network"), /没有网络/);
  const first = await begin(page, 0);
  await form(page).locator("details > summary").click();
  await fill(form(page), {
    "text-production": "两条线开一条", appeal_title: "货车进不了园区", promise_text: "三日内联系交警", promise_due: "2027-03-01",
    "state-production": "at_risk", "cause-production": "货车进不来", hazard_text: "配电箱未上锁",
  });
  await page.waitForFunction(() => document.querySelector("[data-kept]")?.textContent);
  await look(page, "offline-form");
  // The browser dies in the middle.
  await page.reload();
  await card(page, "editing").locator("button", { hasText: "继续填写" }).click();
  assert.equal(await form(page).locator('[name="appeal_title"]').first().inputValue(), "货车进不了园区");
  await press(page, "再加三行");
  await form(page).locator('[name="promise_text"]').nth(1).fill("下周回访");
  await form(page).locator('[name="promise_due"]').nth(1).fill("2027-03-02");
  await press(page, "送出");
  await card(page, "queued").waitFor();
  await begin(page, 1);
  await fill(form(page), { note: "一切正常" });
  await press(page, "送出");
  await page.waitForFunction(() => document.querySelectorAll('#offline-list > li[data-state="queued"]').length === 2);
  // Any other page without network leads here, and the badge says how many wait.
  await page.goto("/appeals");
  assert.equal(new URL(page.url()).pathname, "/visits/offline");
  await page.waitForSelector(".bell.unsent b");
  assert.equal(await page.innerText(".bell.unsent b"), "2");
  await look(page, "offline-queue");

  await context.setOffline(false);
  await page.waitForFunction(() => document.querySelectorAll('#offline-list > li[data-state="sent"]').length === 2, null, { timeout: 20_000 });
  const receipt = card(page, "sent").filter({ hasText: first });
  const text = await receipt.innerText();
  for (const piece of [/走访 ZF-\d{8}-\d+/, /诉求 \S+ 货车进不了园区/, /承诺 三日内联系交警/, /承诺 下周回访/, /生产/, /隐患 配电箱未上锁/]) assert.match(text, piece);
  assert.equal(await count(page), before + 2);
  assert.equal(await page.locator(".unsent").count(), 0);
  await look(page, "offline-receipts");
  await page.emulateMedia({ colorScheme: "dark" });
  await look(page, "offline-dark");
  await receipt.locator('a[href^="/visits/"]').first().click();
  assert.match(await page.innerText("main"), /货车进不了园区/);
}));

test("an answer that is lost on the way makes no second visit, and nothing is edited until it is known", () => device(async (page, context) => {
  const before = await count(page);
  // What this page sends arrives, and nothing comes back; the worker is not asked to try.
  await page.evaluate(() => {
    const real = window.fetch;
    window.fetch = async (...asked) => { await real(...asked); throw new TypeError("lost"); };
    SyncManager.prototype.register = async () => {};
  });
  await begin(page, 2);
  await fill(form(page), { note: "答复丢了", appeal_title: "只应有一条" });
  await press(page, "送出");
  await page.waitForFunction(() => /没有收到答复/.test(document.querySelector("#offline-list")?.textContent ?? ""));
  assert.equal(await card(page, "queued").locator("button", { hasText: "取回修改" }).count(), 0);
  // Two windows at once.
  const other = await context.newPage();
  await Promise.all([other.goto("/visits/offline"), page.reload()]);
  await card(page, "sent").waitFor();
  assert.match(await card(page, "sent").innerText(), /只应有一条/);
  assert.equal(await count(page), before + 1);
}));

test("what is refused keeps everything, says why beside the field, and goes when it is corrected", () => device(async (page, context) => {
  await begin(page, 0);
  await fill(form(page), { note: "要更正的", promise_text: "没有期限的承诺" });
  await page.waitForFunction(() => document.querySelector("[data-kept]")?.textContent);
  // It is written in one window at a time.
  const other = await context.newPage();
  await other.goto("/visits/offline");
  await card(other, "editing").locator("button", { hasText: "继续填写" }).click();
  await other.waitForFunction(() => /另一个窗口/.test(document.querySelector("#offline-warn").textContent));
  await close(other);
  await press(page, "送出");
  await card(page, "refused").waitFor();
  await card(page, "refused").locator("button", { hasText: "更正" }).click();
  assert.match(await form(page).locator(".wrong-summary").innerText(), /承诺要有期限/);
  assert.equal(await form(page).locator('[name="promise_due"]').first().getAttribute("aria-invalid"), "true");
  assert.equal(await form(page).locator('[name="note"]').inputValue(), "要更正的");
  await look(page, "offline-refused");
  await form(page).locator('[name="promise_due"]').first().fill("2027-03-01");
  await press(page, "送出");
  await card(page, "sent").waitFor();
}));

test("a light that somebody changed meanwhile is asked back, and neither side is lost", () => device(async (page) => {
  // The device has read how things stand; then a colleague says something else.
  const subject = await page.evaluate(() => [...document.querySelectorAll("template[data-subject^=enterprise]")]
    .find((t) => t.content.querySelector('[data-line="transport"]:not([data-state="stopped"])'))?.dataset.subject);
  const n = await page.evaluate((s) => [...document.querySelectorAll("template[data-subject]")].findIndex((t) => t.dataset.subject === s), subject);
  await begin(page, n);
  await fill(form(page), { note: "看过仓库", "state-transport": "running" });
  await press(page, "以后再送");
  const was = await page.evaluate((s) => document.querySelector(`template[data-subject="${s}"]`).content.querySelector('[data-line="transport"]').dataset.state, subject);
  assert.notEqual(was, "stopped");
  const colleague = await as(browser, "dispatcher");
  const theirs = await colleague.newPage();
  await theirs.goto("/visits");
  const said = await theirs.evaluate(async (id) => (await fetch("/api/v1/continuity", {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ enterprise_id: id, line: "transport", state: "stopped", cause: "高速封闭" }),
  })).status, subject.split(":")[1]);
  assert.equal(said, 201);
  await close(colleague);

  await card(page, "editing").locator("button", { hasText: "继续填写" }).click();
  await press(page, "送出");
  await card(page, "conflict").waitFor();
  const conflict = await card(page, "conflict").innerText();
  assert.match(conflict, /我填写的[\s\S]*现在系统里的[\s\S]*高速封闭/);
  await look(page, "offline-conflict");
  await card(page, "conflict").locator("button", { hasText: "保留现在的" }).click();
  await card(page, "sent").waitFor();
  await card(page, "sent").locator('a[href^="/visits/"]').first().click();
  assert.match(await page.innerText("main"), /看过仓库\s+走访时所见/);
}));

test("when the session has ended nothing is lost, and the same person goes on", () => device(async (page, context) => {
  await context.clearCookies({ name: "sid" });
  await begin(page, 1);
  await fill(form(page), { note: "登录过期时写的" });
  await press(page, "送出");
  await page.waitForFunction(() => /重新登录/.test(document.querySelector("#offline-warn")?.textContent ?? ""));
  await page.locator("#offline-warn a").click();
  // Whoever signs in is told before whose visits wait here.
  await page.waitForFunction(() => /请由原来的本人登录/.test(document.body.textContent));
  await page.fill('[name="user"]', "officer");
  await page.fill('[name="password"]', PASSWORD);
  await page.click("main form button.primary");
  await page.waitForURL("**/visits/offline");
  await card(page, "sent").waitFor();
}));

test("signing out asks and removes everything; another person finds nothing of the one before", () => device(async (page, context) => {
  const name = await begin(page, 0);
  await fill(form(page), { note: "只属于我" });
  await press(page, "以后再送");
  const [file] = await Promise.all([page.waitForEvent("download"), page.click("#offline-export")]);
  const text = await new Promise((resolve, reject) => file.createReadStream().then((stream) => {
    let all = "";
    stream.setEncoding("utf8").on("data", (chunk) => { all += chunk; }).on("end", () => resolve(all)).on("error", reject);
  }, reject));
  assert.match(text, new RegExp(`# ${name}[\\s\\S]*随手记：只属于我`));
  const left = () => page.evaluate(async () => ({
    pages: await (await caches.open("buting-offline")).keys().then((keys) => keys.length),
    // To open what the browser has cleared would make it anew, empty and of no use to the page.
    visits: (await indexedDB.databases()).every((db) => db.name !== "buting") ? 0 : await new Promise((resolve) => {
      const request = indexedDB.open("buting");
      request.onsuccess = () => { request.result.transaction("visits").objectStore("visits").count().onsuccess = (e) => resolve(e.target.result); };
    }),
    keys: Object.keys(localStorage),
  }));
  assert.equal((await left()).visits, 1);
  // Another person on the same device, without a sign-out between.
  await context.clearCookies({ name: "sid" });
  await signIn(page, "leader");
  await page.waitForFunction(() => !localStorage.getItem("offline"));
  assert.deepEqual(await left(), { pages: 0, visits: 0, keys: [] });

  await page.goto("/visits/offline");
  await page.waitForSelector('#offline-ready[data-ready="yes"]');
  assert.equal(await page.locator("#offline-list > li").count(), 0);
  await begin(page, 0);
  await fill(form(page), { note: "书记写的" });
  await press(page, "以后再送");
  await page.waitForSelector(".bell.unsent");
  await page.click("details.me > summary");
  await page.click('form[action="/sign-out"] button');
  assert.match(await page.innerText("dialog"), /没有发送/);
  await page.click("dialog button.primary");
  await page.waitForURL("**/sign-in**");
  assert.deepEqual(await left(), { pages: 0, visits: 0, keys: [] });
}));

test("the account page clears the device; the browser can put the product on the home screen", () => device(async (page) => {
  await begin(page, 0);
  await fill(form(page), { note: "x" });
  await press(page, "以后再送");
  await page.goto("/account");
  await look(page, "offline-account");
  await page.click("[data-clear-device]");
  await page.click("dialog button.primary");
  await page.waitForFunction(() => document.querySelector("[role=status].small")?.textContent && !localStorage.getItem("offline"));
  const manifest = await page.evaluate(async () => (await fetch(document.querySelector("link[rel=manifest]").href)).json());
  assert.deepEqual([manifest.lang, manifest.display, manifest.start_url], ["zh-CN", "standalone", "/"]);
  for (const icon of manifest.icons) assert.equal((await page.request.get(icon.src)).status(), 200, icon.src);
  const worker = await page.request.get("/sw.js");
  assert.match(worker.headers()["cache-control"], /no-cache/);
  assert.match(worker.headers()["content-type"], /javascript/);
}));

test("where the browser keeps nothing the page says so, hands out the text, and still sends", async () => {
  const context = await as(browser, "officer");
  const page = await context.newPage();
  await page.addInitScript(() => {
    const no = () => { throw new DOMException("not allowed", "SecurityError"); };
    Object.defineProperty(window, "localStorage", { get: no });
    IDBFactory.prototype.open = no;
  });
  await page.goto("/visits/offline");
  await page.waitForFunction(() => /不允许在本机保存/.test(document.querySelector("#offline-warn").textContent));
  await begin(page, 0);
  await fill(form(page), { note: "无痕窗口里写的" });
  await press(page, "以后再送");
  const [file] = await Promise.all([page.waitForEvent("download"), page.click("#offline-export")]);
  assert.match(file.suggestedFilename(), /\.txt$/);
  await card(page, "editing").locator("button", { hasText: "继续填写" }).click();
  await press(page, "送出");
  await card(page, "sent").waitFor();
  await close(context);
});

test("without JavaScript the page says so and leads to the form that works", async () => {
  const context = await as(browser, "officer", { js: false });
  const page = await context.newPage();
  await page.goto("/visits/offline");
  assert.match(await page.innerText("main"), /需要浏览器启用 JavaScript/);
  assert.ok(await page.locator('main a[href="/visits/new"]').isVisible());
  await close(context);
});

test("other sites cannot send", async () => {
  const context = await as(browser, "officer");
  const cookies = (await context.cookies()).map((c) => `${c.name}=${c.value}`).join("; ");
  for (const [headers, status] of [
    [{ origin: "https://evil.example", "sec-fetch-site": "cross-site" }, 403],
    [{ "content-type": "text/plain" }, 415],
  ]) {
    const answer = await fetch(`${BASE}/api/v1/visits/offline`, { method: "POST", body: "{}", headers: { cookie: cookies, "content-type": "application/json", ...headers } });
    assert.equal(answer.status, status, JSON.stringify(headers));
  }
  await close(context);
});
