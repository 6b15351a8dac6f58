// Every page that somebody can reach, as each role, in both languages, on three widths.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { axe, cutOff, keyboard, outline, overflow } from "./checks.mjs";
import { as, close, launch, BASE, ROLES, ROOT } from "./house.mjs";

/**
 * `QUICK=1`, while working on pages, leaves out the widths between and the second language. So does PostgreSQL:
 * the pages are the same, and what they look like was checked on the other database.
 */
const QUICK = Boolean(process.env.QUICK) || process.env.DB === "postgres";
const WIDTHS = QUICK ? [[1440, 900], [360, 740]] : [[1440, 900], [768, 1024], [360, 740], [320, 640]];
const SHOTS = process.env.SHOTS;
/** Files to save and streams: no pages. */
const NO_PAGE = [/^\/api\//, /^\/assets\//, /^\/files\//, /\.(csv|xlsx|pdf|svg|json|txt|docx)$/, /^\/metrics$/, /\/export$/];

/** The route of a path: ids become `{}`. */
function shape(path) {
  return path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "{}").replace(/\/\d{4}-\d{2}-\d{2}(?=\/|$)/g, "/{}").replace(/\/\d+(?=\/|$)/g, "/{}");
}

/** Every page route in the sources: what the crawl must reach. */
function routes() {
  const found = new Set();
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith(".rs")) {
        for (const [, route] of readFileSync(path, "utf8").matchAll(/\.get\(\s*"(\/[^"]*)",\s*(?:Access|[A-Z])/g)) {
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

/** Opens a page and notes what went wrong besides. */
async function open(context, path, noise) {
  const page = await context.newPage();
  page.on("console", (m) => { if (m.type() === "error") noise.push(m.text().slice(0, 200)); });
  page.on("pageerror", (e) => noise.push(String(e).slice(0, 200)));
  page.on("request", (r) => { if (!r.url().startsWith(BASE) && !r.url().startsWith("data:")) noise.push(`asks ${r.url()}`); });
  const response = await page.goto(path, { waitUntil: "load" });
  return [page, response.status()];
}

/** Everything about one page. `whole` adds what is needed once only. */
async function check(context, path, lang, role, whole) {
  const wrong = [];
  const noise = [];
  const [page, status] = await open(context, path, noise);
  try {
    if (status !== 200) return { wrong: [`answers ${status}`], links: [] };
    wrong.push(...await outline(page, lang));
    const title = await page.title();
    const links = await page.evaluate(() => [...document.querySelectorAll("a[href]")].map((a) => a.getAttribute("href")));
    for (const [width, height] of whole ? WIDTHS : WIDTHS.slice(0, 1)) {
      await page.setViewportSize({ width, height });
      const wide = await overflow(page);
      if (wide) wrong.push(`${width}: ${wide}`);
      for (const line of await axe(page)) wrong.push(`${width}: ${line}`);
      if (SHOTS) {
        mkdirSync(SHOTS, { recursive: true });
        await page.screenshot({ path: join(SHOTS, `${role}${shape(path).replace(/\W+/g, "_")}_${lang}_${width}.png`), fullPage: width < 1000 });
      }
    }
    if (whole) {
      await page.emulateMedia({ colorScheme: "dark" });
      await page.setViewportSize({ width: 1280, height: 800 });
      for (const line of await axe(page)) wrong.push(`dark: ${line}`);
      await page.emulateMedia({ colorScheme: "light", forcedColors: "active" });
      const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.playState === "running").length);
      if (moving) wrong.push(`${moving} things move though less motion is wanted`);
      await page.emulateMedia({ forcedColors: "none" });
      wrong.push(...await keyboard(page));
      wrong.push(...noise.splice(0));
      wrong.push(...await cutOff(page));
      noise.length = 0;
    }
    wrong.push(...noise);
    return { wrong, links, title };
  } finally {
    await page.close();
  }
}

const reached = new Map();

for (const role of [null, ...ROLES]) {
  test(`pages of ${role ?? "a visitor"}`, async () => {
    const wrong = [];
    const titles = new Map();
    const zh = await as(browser, role);
    const en = await as(browser, role, { lang: "en" });
    const todo = [role ? "/" : "/sign-in"];
    const seen = new Set(todo.map(shape));
    while (todo.length > 0) {
      const path = todo.shift();
      const bare = shape(path.split("?")[0]);
      const first = !reached.has(bare);
      const { wrong: found, links, title } = await check(zh, path, "zh-CN", role ?? "visitor", first);
      wrong.push(...found.map((line) => `${path}: ${line}`));
      if (found[0]?.startsWith("answers") && links.length === 0) continue;
      reached.set(bare, path);
      if (titles.has(title) && titles.get(title) !== bare) wrong.push(`${path} and ${titles.get(title)} are both called ${title}`);
      titles.set(title, bare);
      if (first && !QUICK) {
        const { wrong: english } = await check(en, path, "en", role ?? "visitor", true);
        wrong.push(...english.map((line) => `${path} (en): ${line}`));
      }
      for (const link of links) {
        const url = new URL(link, BASE + path);
        const next = url.pathname;
        if (url.origin !== BASE || NO_PAGE.some((no) => no.test(next)) || seen.has(shape(next))) continue;
        seen.add(shape(next));
        todo.push(next + url.search);
      }
    }
    await close(zh);
    await close(en);
    assert.deepEqual([...new Set(wrong)], [], `${wrong.length} things are wrong`);
  });
}

test("every page of the program was reached by links", () => {
  // Reached in the middle of something only; their flows are tests of their own.
  const inFlow = ["/sign-in/second"];
  const missed = routes().filter((route) => !reached.has(route) && !inFlow.includes(route));
  assert.deepEqual(missed, []);
});

test("pages that answer with an error help", async () => {
  const officer = await as(browser, "officer");
  const noise = [];
  const wrong = [];
  for (const [path, status] of [["/nowhere", 404], ["/admin/accounts", 403], ["/enterprises/00000000-0000-7000-8000-000000000000", 404]]) {
    const [page, got] = await open(officer, path, noise);
    if (got !== status) wrong.push(`${path} answers ${got}`);
    wrong.push(...await outline(page, "zh-CN"), ...await axe(page));
    if (await page.locator("nav.rail").count() === 0) wrong.push(`${path}: the rail is gone`);
    await page.close();
  }
  await close(officer);
  assert.deepEqual(wrong, []);
});

test("every page works without JavaScript", async () => {
  const wrong = [];
  for (const role of ROLES) {
    const context = await as(browser, role, { js: false });
    const page = await context.newPage();
    for (const [bare, path] of reached) {
      const response = await page.goto(path);
      // Pages of other roles refuse; what opens must be whole.
      if (response.status() >= 500) wrong.push(`${role} ${path}: ${response.status()}`);
      if (response.status() !== 200) continue;
      const html = await response.text();
      for (const form of html.match(/<form[\s\S]*?<\/form>/g) ?? []) {
        if (!/<button(?![^>]*type="button")/.test(form)) wrong.push(`${role} ${bare}: a form without a button: ${form.slice(0, 80)}`);
      }
      if (/\sstyle="|\son[a-z]+="|<style|<script(?![^>]*\ssrc=)/.test(html)) wrong.push(`${role} ${bare}: something inline`);
    }
    await close(context);
  }
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
