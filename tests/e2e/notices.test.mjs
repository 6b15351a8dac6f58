// Notices that leave the house: a channel is set up and tried out, an address is confirmed, wishes are said, the list of
// deliveries and its counts, sending again; a text for a group. With and without script.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createServer as createTcp } from "node:net";
import { after, before } from "node:test";
import { look } from "./checks.mjs";
import { act, fill, send, submit } from "./hands.mjs";
import { as, close, launch, test } from "./house.mjs";

let browser, robot, post;
const posted = [], mails = [];
let answer = '{"errcode":0}';

/** Listens on a free port of this machine. */
const listen = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));

before(async () => {
  browser = await launch();
  robot = await listen(createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => { body += chunk; });
    request.on("end", () => { posted.push(JSON.parse(body)); response.end(answer); });
  }));
  // As much of a mail server as one mail needs.
  post = await listen(createTcp((socket) => {
    let mail = null, rest = "";
    socket.on("error", () => {});
    socket.write("220 post.example\r\n");
    socket.on("data", (chunk) => {
      const lines = (rest + chunk).split("\r\n");
      rest = lines.pop();
      for (const line of lines) {
        if (mail !== null) {
          if (line !== ".") { mail += `${line}\n`; continue; }
          mails.push(mail);
          mail = null;
          socket.write("250 taken\r\n");
        } else if (/^data/i.test(line)) { mail = ""; socket.write("354 go on\r\n"); }
        else socket.write(/^quit/i.test(line) ? "221 bye\r\n" : "250 ok\r\n");
      }
    });
  }));
});
after(async () => { robot?.close(); post?.close(); await browser?.end(); });

/** The text of the last mail. */
function text(mail) {
  const [head, ...body] = mail.split("\n\n");
  const joined = body.join("\n\n");
  if (/base64/i.test(head)) return Buffer.from(joined.replace(/\s/g, ""), "base64").toString();
  return /quoted-printable/i.test(head) ? decodeURIComponent(joined.replaceAll("=\n", "").replaceAll("%", "%25").replace(/=([0-9A-F]{2})/g, "%$1")) : joined;
}

/** Waits until something holds. */
async function until(what, holds) {
  for (let tries = 0; tries < 80; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  assert.fail(what);
}

for (const js of [true, false]) {
  test(`a channel is set up, an address confirmed, a notice sent, found and sent again${js ? "" : ", without JavaScript"}`, async () => {
    const stamp = `${js ? "有" : "无"}脚本 ${Date.now()}`;
    const windows = [];
    const open = async (role, options) => {
      const context = await as(browser, role, { js, ...options });
      windows.push(context);
      return context.newPage();
    };
    const admin = await open("sysadmin");

    // A robot: wrong first, and what was typed stays.
    await admin.goto("/admin/channels");
    await admin.getByRole("link", { name: "企业微信群机器人" }).click();
    const form = admin.locator('form[action="/admin/channels/new"]');
    await fill(form, { channel_title: `值班群 ${stamp}`, url: "ftp://x", quiet_from: "", quiet_to: "" });
    await form.locator("button.primary").click();
    assert.match(await admin.innerText(".wrong-summary"), /https/);
    assert.equal(await form.locator('[name="channel_title"]').inputValue(), `值班群 ${stamp}`);
    await fill(form, { url: `http://127.0.0.1:${robot.address().port}/send?key=quiet` });
    await send(admin, form);
    const channel = new URL(admin.url()).pathname;
    assert.doesNotMatch(await admin.content(), /key=quiet/);
    answer = '{"errcode":93000,"errmsg":"invalid webhook url"}';
    await act(admin, "test");
    assert.match(await admin.innerText("main"), /对方不认账号、口令或密钥/);
    answer = '{"errcode":0}';
    await act(admin, "test");
    assert.match(await admin.innerText(".flash:not([data-year])"), /对方已接收测试消息/);
    if (js) await look(admin, "channel");
    await admin.goto("/admin/channels");
    if (js) await look(admin, "channels");

    // The office's mail.
    await admin.goto("/admin/channels/new?kind=email");
    const mail = admin.locator('form[action="/admin/channels/new"]');
    await fill(mail, { channel_title: `邮件 ${stamp}`, host: "127.0.0.1", port: post.address().port, security: "plain", sender: "管委会 <office@example.com>" });
    await send(admin, mail);
    const mailing = new URL(admin.url()).pathname;

    // A dispatcher confirms his address and says what he wants.
    const dispatcher = await open("dispatcher", { viewport: { width: 360, height: 740 } });
    await dispatcher.goto("/account");
    const numbers = dispatcher.locator('form[action="/account"]');
    await fill(numbers, { email: `d${Date.now()}@example.com` });
    await send(dispatcher, numbers);
    await dispatcher.goto("/account/notices");
    assert.match(await dispatcher.innerText("main"), /未验证/);
    const before = mails.length;
    await dispatcher.locator('form[action="/account/notices/code"] button').first().click();
    await until("the code came", () => mails.length > before);
    await dispatcher.waitForLoadState();
    assert.equal(await submit(dispatcher, "confirm", { code: "AAAA-AAAA" }), 422);
    const code = text(mails.at(-1)).match(/[A-Z0-9]{4}-[A-Z0-9]{4}/)[0];
    await act(dispatcher, "confirm", { code });
    assert.match(await dispatcher.innerText("main"), /已验证/);
    await fill(dispatcher.locator('form[action="/account/notices"]'), { quiet_from: "", quiet_to: "" });
    await send(dispatcher, dispatcher.locator('form[action="/account/notices"]'));
    if (js) await look(dispatcher, "own-notices");

    // A difficulty reaches group and mail, without what was written beside its title.
    const enterprise = await open("enterprise");
    await enterprise.goto("/appeals/new");
    const report = enterprise.locator('form[action="/appeals/new"][method="post"]');
    await fill(report, { title: `东门限高 ${stamp}`, body: "联系人李女士，车进不去。", category: { index: 1 } });
    await send(enterprise, report);
    const appeal = new URL(enterprise.url()).pathname;
    await until("the group was told", () => posted.some((body) => body.text?.content?.includes(`东门限高 ${stamp}`)));
    await until("the mail came", () => mails.some((one) => text(one).includes(`东门限高 ${stamp}`)));
    assert.ok(!JSON.stringify(posted).includes("李女士") && !mails.some((one) => text(one).includes("李女士")));

    // The counts open their lists, which name the number and not the title; what was sent is sent once more.
    const number = (await enterprise.innerText("main")).match(/SQ-\d{8}-\d{4,}/)[0];
    await until("both are noted", async () => {
      await admin.goto("/admin/deliveries?state=sent");
      return await admin.locator("tbody tr", { hasText: number }).count() >= 2;
    });
    assert.ok(!(await admin.innerText("main")).includes("东门限高"));
    const chip = admin.locator(".chip[aria-current]");
    assert.equal(Number((await chip.innerText()).match(/\d+$/)[0]), await admin.locator("tbody tr").count());
    if (js) await look(admin, "deliveries");
    const told = posted.length;
    const row = admin.locator("tbody tr", { hasText: number }).filter({ hasText: `值班群 ${stamp}` });
    await row.locator("button").first().click();
    await until("the group was told again", () => posted.length > told);

    // A text for a group.
    const office = await open("dispatcher");
    await office.goto(appeal);
    await office.getByRole("link", { name: "群发文本" }).click();
    const paste = await office.locator("textarea[readonly]").inputValue();
    assert.ok(paste.includes(`东门限高 ${stamp}`) && !paste.includes("李女士"), paste);
    await office.goto("/group-text?about=overdue");
    if (js) {
      await look(office, "group-text");
      await office.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      const copy = office.getByRole("button", { name: "复制" });
      if (await copy.count() > 0) {
        await copy.click();
        await office.getByRole("button", { name: "已复制" }).waitFor();
      }
    }

    // Out of use: nothing is sent any more. Other tests are left as they were.
    for (const path of [channel, mailing]) {
      await admin.goto(path);
      const change = admin.locator(`form[action="${path}"]`);
      await change.locator('[name="is_on"]').uncheck();
      await send(admin, change);
    }
    await dispatcher.goto("/account/notices");
    await act(dispatcher, "stop");
    for (const one of windows) await close(one);
  });
}
