// Every page that somebody can reach, as each role, in both languages, on four widths.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { axe, cutOff, invisible, keyboard, LOOKS, newParts, outline, overflow } from "./checks.mjs";
import { fill, inDays, send, settled } from "./hands.mjs";
import { as, close, launch, within, BASE, ROLES, ROOT, test } from "./house.mjs";

/**
 * `QUICK=1`, while working on pages, leaves out the widths between and the second language. So does PostgreSQL:
 * the pages are the same, and what they look like was checked on the other database.
 */
const QUICK = Boolean(process.env.QUICK) || process.env.DB === "postgres";
const WIDTHS = QUICK ? [[1440, 900], [360, 740]] : [[1440, 900], [768, 1024], [360, 740], [320, 640]];
const SHOTS = process.env.SHOTS;
/** Files to save and streams: no pages. */
const NO_PAGE = [/^\/api\//, /^\/assets\//, /^\/files\//, /\.(csv|xlsx|pdf|svg|json|txt|docx)$/, /^\/metrics$/, /\/export$/, /\/rejects(\?|$)/, /^\/imports\/template\//, /\/attachments\//, /^\/calendar\//];

/** The route of a path: ids become `{}`. */
function shape(path) {
  return path.replace(/^\/(w|plan|record|confirm)\/[^/]+/, "/$1/{}").replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "{}").replace(/\/\d{4}-\d{2}-\d{2}(?=\/|$)/g, "/{}").replace(/\/\d+(?=\/|$)/g, "/{}");
}

/** Every page route in the sources: what the crawl must reach. */
function routes() {
  const found = new Set();
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith(".rs")) {
        for (const [, route] of readFileSync(path, "utf8").matchAll(/\.get\(\s*"(\/[^"]*)",/g)) {
          found.add(route.replace(/\{[^}]*\}/g, "{}"));
        }
      }
    }
  };
  walk(join(ROOT, "crates", "buting", "src"));
  return [...found].filter((route) => !NO_PAGE.some((no) => no.test(route))).sort();
}

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

/** A window that notes what goes wrong besides. One is used for page after page: to open and close them costs more than to look. */
async function eye(context) {
  const page = await context.newPage();
  const noise = [];
  page.on("console", (m) => { if (m.type() === "error") noise.push(m.text().slice(0, 200)); });
  page.on("pageerror", (e) => noise.push(String(e).slice(0, 200)));
  page.on("request", (r) => { if (!r.url().startsWith(BASE) && !r.url().startsWith("data:")) noise.push(`asks ${r.url()}`); });
  return { page, noise };
}

/** Opens a page; null for a file to save, which is no page. */
async function open({ page, noise }, path) {
  noise.length = 0;
  await page.setViewportSize({ width: 1280, height: 800 });
  try {
    return await page.goto(path, { waitUntil: "load" });
  } catch (error) {
    if (String(error).includes("Download is starting")) return null;
    throw error;
  }
}

/** What a page's HTML must be for whoever has no script: forms that can be sent, nothing inline. */
function plain(html) {
  const wrong = [];
  for (const form of html.match(/<form[\s\S]*?<\/form>/g) ?? []) {
    if (!/<button(?![^>]*type="button")/.test(form)) wrong.push(`a form without a button: ${form.slice(0, 80)}`);
  }
  for (const inline of html.match(/\sstyle="|\son[a-z]+="|<style|<script(?![^>]*\ssrc=)/g) ?? []) wrong.push(`inline:${inline}`);
  return wrong;
}

/** The parts of each page, by shape and language, that were looked at closely. */
const looked = new Map();

/**
 * Everything about one page. What is quick is looked at whoever opens it; the rest once for every shape of page and
 * again where a role sees a part that is new, where contrast and sizes are those of the new parts; what does not depend
 * on language in Chinese alone.
 */
async function check({ page, noise }, path, lang, role) {
  const wrong = [];
  const response = await open({ page, noise }, path);
  if (!response) return { wrong, links: [] };
  const at = shape(new URL(page.url()).pathname);
  if (response.status() !== 200) return { wrong: [`answers ${response.status()}`], links: [], at };
  wrong.push(...await outline(page, lang), ...plain(await response.text()));
  const title = await page.title();
  // Where links and searches lead, and addresses to be handed on.
  const links = await page.evaluate(() => [
    ...[...document.querySelectorAll("a[href]")].map((a) => a.getAttribute("href")),
    ...[...document.querySelectorAll("form:not([method=post])[action]")].map((f) => f.getAttribute("action")),
    ...[...document.querySelectorAll("input[readonly]")].map((i) => i.value).filter((value) => value.startsWith("http")),
  ]);
  const key = `${at} ${lang}`;
  const known = looked.get(key);
  const parts = await newParts(page, known ?? []);
  looked.set(key, new Set([...looked.get(key) ?? [], ...parts]));
  if (parts.length > 0) {
    const first = known === undefined;
    const closely = lang === "zh-CN";
    const rules = async () => {
      if (!closely) return axe(page, { without: ["color-contrast"] });
      return first ? axe(page) : [...await axe(page, { without: LOOKS }), ...await axe(page, { only: LOOKS, fresh: true })];
    };
    for (const [width, height] of closely ? WIDTHS : [WIDTHS[0], WIDTHS.at(-1)]) {
      await page.setViewportSize({ width, height });
      const wide = await overflow(page);
      if (wide) wrong.push(`${width}: ${wide}`);
      // What lies between, once for every shape of page.
      if (width === 1440 || (closely && (width === 360 || (width === 768 && first)))) wrong.push(...(await rules()).map((line) => `${width}: ${line}`));
      if (SHOTS && (width === 1440 || width === 360)) {
        mkdirSync(SHOTS, { recursive: true });
        await page.screenshot({ path: join(SHOTS, `${role}${at.replace(/\W+/g, "_")}_${lang}_${width}.png`), fullPage: width < 1000 });
      }
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    if (closely) {
      await page.emulateMedia({ colorScheme: "dark" });
      wrong.push(...(await axe(page, { only: ["color-contrast"], fresh: !first })).map((line) => `dark: ${line}`));
      await page.emulateMedia({ colorScheme: "light", forcedColors: "active" });
      wrong.push(...(await invisible(page)).map((line) => `forced colours: ${line}`));
      await page.emulateMedia({ forcedColors: "none" });
      const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.playState === "running").length);
      if (moving) wrong.push(`${moving} things move though less motion is wanted`);
      wrong.push(...await keyboard(page));
    }
    wrong.push(...noise.splice(0));
    // This changes the page, so it is the last.
    wrong.push(...await cutOff(page));
    noise.length = 0;
  }
  wrong.push(...noise);
  return { wrong, links, title, at };
}

/** Where a partner agency without an account answers its order. */
let byLink;
/** Where an enterprise without an account answers a planned visit. */
let planned;
/** The page of somebody with a second post, which alone leads to where it ends. */
let twoPosts;

test("what the demo zone lacks is made by hand, so that its pages can be looked at", async () => {
  const at = async (role, path) => {
    const page = await (await as(browser, role)).newPage();
    await page.goto(path);
    return page;
  };
  let page = await at("leader", "/task-forces/new");
  let form = page.locator('main form[method="post"]');
  await fill(form, { name: "北航天汇服务专班", leader_id: { index: 1 }, founded_on: inDays(-3) });
  await form.locator('[name="members"]').first().check();
  await form.locator('[name="project_ids"]').first().check();
  await send(page, form);

  await page.goto("/projects");
  const project = await page.locator("tbody .lead a").first().getAttribute("href");
  await page.goto(`${project}/milestones/new`);
  form = page.locator('main form[method="post"]');
  await fill(form, { name: "主体封顶", plan_on: inDays(30) });
  await send(page, form);

  await page.goto("/imports");
  form = page.locator('main form[method="post"]');
  await fill(form, { kind: "enterprises" });
  await form.locator('[name="file"]').setInputFiles({ name: "企业.csv", mimeType: "text/csv", buffer: Buffer.from("名称,统一社会信用代码\n,\n测试食品有限公司,\n") });
  await send(page, form);
  await settled(page);
  await send(page, page.locator('form[action$="/accept"]'));
  await settled(page);

  page = await at("dispatcher", "/enterprises?key=true");
  await page.locator('nav a[href^="/views/new"]').click();
  form = page.locator('form[action="/views/new"]');
  await fill(form, { name: "重点企业" });
  await send(page, form);

  // A partner without an account is sent a link; the page that shows it says so in a field to copy.
  page = await at("dispatcher", "/appeals?status=dispatched&status=signed&status=working&status=with_partner&status=planned&sort=-created");
  for (const path of await page.locator("tbody .lead a").evaluateAll((all) => all.map((a) => a.getAttribute("href")))) {
    await page.goto(path);
    const link = page.locator('input[id^="link-"]').first();
    if (await link.count() > 0) { byLink = new URL(await link.inputValue()).pathname; break; }
  }
  assert.ok(byLink, "an open order of the demo zone can be answered by link");

  page = await at("dispatcher", `/people?q=${encodeURIComponent("马明哲")}`);
  twoPosts = await page.locator("tbody .lead a").first().getAttribute("href");

  page = await at("officer", "/visits/plans/new");
  form = page.locator('form[action="/visits/plans"]');
  await fill(form, { subject_text: "艺高", planned_at: `${inDays(20)}T10:00`, kind: { index: 1 }, purpose: "看新线投产" });
  await send(page, form);
  planned = new URL(await page.locator("#link").inputValue()).pathname;

  page = await at("sysadmin", "/admin/channels/new?kind=webhook");
  form = page.locator('form[action="/admin/channels/new"]');
  await fill(form, { channel_title: "指挥中心大屏", url: "https://screen.example/notices" });
  await form.locator('[name="is_on"]').uncheck();
  await send(page, form);

  page = await at("enterprise", "/privacy/mine");
  form = page.locator('form[action="/privacy/requests"]');
  await fill(form, { kind: { index: 1 }, body: "请更正我的职务。" });
  await send(page, form);
});

const reached = new Map();

// ROLE=dispatcher looks at the pages of one role alone.
const WANTED = process.env.ROLE ? process.env.ROLE.split(",") : [null, ...ROLES];

for (const role of WANTED) {
  test(`pages of ${role ?? "a visitor"}`, async () => {
    const wrong = new Set();
    const titles = new Map();
    const zh = await as(browser, role);
    const en = await as(browser, role, { lang: "en" });
    const todo = role ? ["/"] : ["/sign-in", byLink, planned];
    if (role === "dispatcher") todo.push(twoPosts);
    const seen = new Set(todo.map(shape));
    const look = async (seeing, path, lang) => {
      try {
        return await within(120, check(seeing, path, lang, role ?? "visitor"), "the page");
      } catch (error) {
        // The window may be stuck: the next page gets another.
        Object.assign(seeing, await within(20, eye(seeing.page.context()), "a window"));
        return { wrong: [String(error)], links: [] };
      }
    };
    const visit = async (path, lane) => {
      const bare = shape(path.split("?")[0]);
      const first = !reached.has(bare);
      reached.set(bare, path);
      const { wrong: found, links, title, at } = await look(lane.zh, path, "zh-CN");
      for (const line of found) wrong.add(`${path}: ${line}`);
      // Where a path leads on to another page, that one counts.
      if (title && (titles.get(title) ?? at) !== at) wrong.add(`${path} and ${titles.get(title)} are both called ${title}`);
      titles.set(title, at);
      if (first && !QUICK) {
        const { wrong: english } = await look(lane.en, path, "en");
        for (const line of english) wrong.add(`${path} (en): ${line}`);
      }
      for (const link of links) {
        const url = new URL(link, BASE + path);
        const next = url.pathname;
        // A form that was told what it is about shows more than one that has to ask.
        const views = ["view", "show"].map((name) => url.searchParams.get(name) ?? "").join("");
        const key = shape(next) + (next.endsWith("/new") ? [...url.searchParams.keys()].sort().join() : views);
        if (url.origin !== BASE || NO_PAGE.some((no) => no.test(next)) || seen.has(key)) continue;
        seen.add(key);
        todo.push(next + url.search);
      }
    };
    // Two at once: while one waits for the program the other is looked at.
    let busy = 0;
    const walk = async () => {
      const lane = { zh: await eye(zh), en: QUICK ? null : await eye(en) };
      while (todo.length > 0 || busy > 0) {
        const path = todo.shift();
        if (path === undefined) {
          // What the other one looks at may lead on.
          await new Promise((resolve) => setTimeout(resolve, 50));
          continue;
        }
        busy += 1;
        await visit(path, lane).finally(() => { busy -= 1; });
      }
    };
    await Promise.all([walk(), walk()]);
    await close(zh);
    await close(en);
    assert.ok(wrong.size === 0, `${wrong.size} things are wrong\n${[...wrong].join("\n")}`);
  }, 15);
}

test("every page of the program was reached by links", () => {
  // Reached in the middle of something only, or built with a feature; their flows are tests of their own.
  const inFlow = ["/sign-in/second", "/first-run", "/sign-in/provider", "/sign-in/provider/back", "/account/provider", "/settings/sign-in"];
  const all = routes();
  const paths = [...reached.keys()];
  const leadsTo = (route) => {
    const form = new RegExp(`^${route.replaceAll("{}", "[^/]+")}$`);
    return paths.some((path) => path === route || (!all.includes(path) && form.test(path)));
  };
  const missed = all.filter((route) => !leadsTo(route) && !inFlow.includes(route));
  assert.deepEqual(missed, []);
});

test("pages that answer with an error help", async () => {
  const officer = await as(browser, "officer");
  const wrong = [];
  const seeing = await eye(officer);
  for (const [path, status] of [["/nowhere", 404], ["/admin/accounts", 403], ["/enterprises/00000000-0000-7000-8000-000000000000", 404]]) {
    const { page } = seeing;
    const response = await open(seeing, path);
    if (response.status() !== status) wrong.push(`${path} answers ${response.status()}`);
    wrong.push(...await outline(page, "zh-CN"), ...await axe(page));
    if (await page.locator("nav.rail").count() === 0) wrong.push(`${path}: the rail is gone`);
  }
  await close(officer);
  assert.deepEqual(wrong, []);
});

test("the first page of an enterprise is light", async () => {
  const context = await as(browser, "enterprise", { viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  let bytes = 0;
  page.on("response", async (r) => { bytes += (await r.body().catch(() => Buffer.alloc(0))).length; });
  await page.goto("/", { waitUntil: "networkidle" });
  await close(context);
  assert.ok(bytes > 0 && bytes < 60_000, `${bytes} bytes`);
});
