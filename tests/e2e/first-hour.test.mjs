// A new office's first hour, as docs/src/office/first-hour.md tells it: from an empty directory to everybody answering for somebody.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { counts, fill, preview, send, settled } from "./hands.mjs";
import { close, empty, launch, PASSWORD, test } from "./house.mjs";

let browser, house;
before(async () => { [browser, house] = await Promise.all([launch(), empty()]); });
after(async () => { await browser?.end(); await house?.stop(); });

/** A sheet as the office keeps it. */
const sheet = (name, lines) => ({ name, mimeType: "text/csv", buffer: Buffer.from(lines.join("\n")) });
const ENTERPRISES = Array.from({ length: 24 }, (_, n) =>
  `首批第${n + 1}机械有限公司,首${n + 1},${20 + n * 15},${n % 6 === 0 ? "是" : "否"},${n % 2 ? "C34" : "C14"},${n < 5 ? "首创产业园" : ""}`);

/** Takes a sheet in after its preview. Answers what was counted. */
async function takeIn(page, kind, file) {
  await preview(page, kind, file);
  await send(page, page.locator('form[action$="/accept"]'));
  await settled(page);
  return counts(page);
}

test("within an hour of the installation everybody answers for somebody", async () => {
  const context = await browser.newContext({ baseURL: house.base, locale: "zh-CN", timezoneId: "Asia/Shanghai" });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();

  // 1. The zone and its four people, with the code from the console.
  const code = house.log().match(/set-up code ([\w-]+)/)?.[1];
  assert.ok(code, "the console shows a set-up code");
  await page.goto("/");
  assert.equal(new URL(page.url()).pathname, "/first-run", "a new house begins here");
  const first = page.locator('form[action="/first-run"]');
  await fill(first, { code, name: "示例经济开发区管委会", handle: "shili", department: "总协调室", sysadmin: "系统甲", secadmin: "安全乙", auditor: "审计丙", dispatcher: "调度丁" });
  await first.locator('[name="require_totp"]').uncheck();
  await send(page, first);
  const links = await page.locator("ul.slips a.code").evaluateAll((all) => all.map((one) => one.getAttribute("href")));
  assert.equal(links.length, 4, "one link for each");

  // 2. The dispatcher opens his link and chooses a password.
  await page.goto(links[3]);
  const join = page.locator('form[action="/join"]');
  await fill(join, { new: PASSWORD, again: PASSWORD });
  await send(page, join);
  await page.goto("/");
  assert.match(await page.innerText("body"), /调度丁/);

  // 3. The office's own lists: departments, staff, enterprises.
  const departments = await takeIn(page, "departments", sheet("部门.csv", ["部门名称,简称", "企业服务部,企服部", "经济发展部,经发部"]));
  assert.equal(departments["新增"], "2");
  const staff = await takeIn(page, "staff", sheet("人员.csv",
    ["姓名,部门,职务,手机", "经办戊,企业服务部,科员,13900000001", "经办己,企业服务部,科员,13900000002", "经办庚,经济发展部,科员,13900000003"]));
  assert.equal(staff["新增"], "3");
  const carriers = await takeIn(page, "carriers", sheet("载体名单.csv", ["载体名称,简称,类别", "首创产业园,首创园,园区"]));
  assert.equal(carriers["新增"], "1");
  const enterprises = await takeIn(page, "enterprises", sheet("企业名单.csv", ["企业名称,简称,职工人数,是否重点,行业代码,所属载体", ...ENTERPRISES]));
  assert.equal(enterprises["新增"], String(ENTERPRISES.length));
  const contacts = await takeIn(page, "contacts", sheet("联系人.csv", ["企业名称,姓名,职务,手机", "首批第1机械有限公司,厂务辛,厂长,13900000011"]));
  assert.equal(contacts["新增"], "1");

  // The list of who looks after whom, as it hung on the wall: one firm, and a park with what is in it. One row knows nobody and comes back.
  const known = await takeIn(page, "assignments", sheet("包联分工.csv",
    ["包联对象,包联领导,牵头部门,服务专员", "首批第1机械有限公司,,企业服务部,经办己", "首创产业园,,经济发展部,经办庚", "首批第9机械有限公司,,,查无此人"]));
  assert.equal(known["新增"], "2");

  // 4. Nobody answers for the others yet; a plan proposes who, and is accepted. First the departments, then their officers.
  await page.goto("/assignments?view=gaps");
  const gaps = await page.locator("main tbody tr").count();
  assert.ok(gaps >= ENTERPRISES.length, `every enterprise lacks something still: ${gaps}`);
  for (const role of ["lead_dept", "officer"]) {
    await page.goto(`/assignments/plan?role=${role}&steadiness=gaps`);
    const plan = page.locator('form[method="post"][action="/assignments/plan"]');
    await fill(plan, { reason: "建区首次分工" });
    await send(page, plan);
    assert.match(await page.innerText("main"), /现状不需要变动/);
  }

  const firm = async (name) => {
    await page.goto("/enterprises?q=" + encodeURIComponent(name));
    await page.locator("main tbody th a", { hasText: name }).first().click();
  };
  await firm("首批第1机械");
  assert.match(await page.innerText("main"), /经办己/, "the plan left the office's own list as it was");

  // 5. Whom to call stands on the enterprise's page.
  await firm("首批第12机械");
  assert.match(await page.innerText("main"), /经办[戊己庚]/);

  // 6. Slips let people in: the officers of a department, and the contact of a firm; one of each signs in with his.
  const slips = async (query) => {
    await page.goto(`/invitations/new?${query}`);
    const form = page.locator('form[method="post"][action="/invitations/new"]');
    await send(page, form);
    return page.locator("ul.slips > li").evaluateAll((all) => all.map((one) =>
      ({ name: one.querySelector(".lead").firstChild.textContent.trim(), link: one.querySelector("a.code").getAttribute("href") })));
  };
  const joined = async (link, userName) => {
    const other = await browser.newContext({ baseURL: house.base, locale: "zh-CN", timezoneId: "Asia/Shanghai" });
    const first = await other.newPage();
    await first.goto(link);
    const form = first.locator('form[action="/join"]');
    await fill(form, { user_name: userName, new: PASSWORD, again: PASSWORD });
    await send(first, form);
    await first.goto("/");
    return [other, first];
  };
  const department = await page.goto("/invitations/new").then(() => page.locator('select[name="department"] option', { hasText: "企业服务部" }).getAttribute("value"));
  const staffSlips = await slips(`department=${department}`);
  assert.deepEqual(staffSlips.map(({ name }) => name).sort(), ["经办己", "经办戊"].sort());
  const [officers, officer] = await joined(staffSlips.find(({ name }) => name === "经办己").link, "jingbanji");
  assert.match(await officer.innerText("body"), /经办己/);
  const firmSlips = await slips("of=enterprises");
  assert.deepEqual(firmSlips.map(({ name }) => name), ["厂务辛"]);
  const [firms, contact] = await joined(firmSlips[0].link, "changwuxin");
  assert.match(await contact.innerText("main"), /经办己/, "the enterprise reads who answers for it");
  await close(firms);

  // 7. The first difficulty goes its way.
  await firm("首批第12机械");
  await page.locator('a[href^="/appeals/new"]').first().click();
  const appeal = page.locator('form[action="/appeals/new"]');
  await fill(appeal, { title: "三号线停电", body: "早上八点起停电，两条线停产。", category: "power_water_gas" });
  await send(page, appeal, appeal.locator("button.primary").first());
  assert.match(new URL(page.url()).pathname, /^\/appeals\//);
  await close(officers);
  await close(context);
}, 6);
