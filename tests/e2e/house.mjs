// The house under test: one demo zone, served by the real program, and a real browser.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test as nodeTest } from "node:test";
import { chromium } from "playwright-core";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const PASSWORD = "e2e-quiet-words-1";

/** A test that may take so long and fails when it takes longer: a page that never answers must not hold up the rest. */
export function test(name, run, minutes = 4) {
  return nodeTest(name, { timeout: minutes * 60_000 }, run);
}

/** A port that nobody listens on. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts the program in an empty directory, as a new office does. */
export function empty() {
  return start(["serve"], false);
}

/** Starts the demo zone on a database of its own. Answers `{ base, log, stop }`. */
export function serve() {
  return start(["demo", "--password", PASSWORD], process.env.DB === "postgres");
}

async function start(command, postgres) {
  const data = mkdtempSync(join(tmpdir(), "buting-e2e-"));
  const port = await freePort();
  const args = [...command, "--listen", `127.0.0.1:${port}`, "--data", data];
  if (postgres) {
    const database = process.env.BUTING_TEST_POSTGRES;
    if (!database) throw new Error("DB=postgres needs BUTING_TEST_POSTGRES: run under scripts/with-postgres.sh");
    args.push("--database", database);
  }
  const program = process.env.BUTING ?? join(ROOT, "target", "debug", "buting");
  // Servers that stand in for others listen on this machine.
  const env = { ...process.env, BUTING_OUTGOING_INTERNAL: "127.0.0.1" };
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env });
  let log = "";
  const base = `http://127.0.0.1:${port}`;
  await new Promise((resolve, reject) => {
    const hear = (chunk) => {
      log += chunk;
      if (log.includes(`listening on ${base}`)) resolve();
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the program ended with ${code}:\n${log.slice(-4000)}`)));
  });
  return {
    base,
    log: () => log,
    async stop() {
      child.removeAllListeners("exit");
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      const code = await gone;
      rmSync(data, { recursive: true, force: true });
      return code;
    },
  };
}

/** A browser of its own process; `browser.end()` ends it, whatever state it is in. */
export async function launch() {
  const server = await chromium.launchServer({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage", "--force-color-profile=srgb"],
  });
  const browser = await chromium.connect(server.wsEndpoint());
  return Object.assign(browser, { end: () => server.kill() });
}

/** What comes of a promise, or an error when it takes longer than so many seconds. */
export async function within(seconds, promise, what) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what}: nothing in ${seconds} s`)), seconds * 1000); });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Closes a window. Chromium now and then never answers to that; then it goes when the browser ends. */
export async function close(what) {
  await within(5, what.close(), "close").catch(() => {});
}

/** The base URL of the zone under test: the runner sets it, and whoever serves one himself. */
export let BASE = process.env.BASE;

export function at(base) {
  BASE = base;
}

/** Cookies of the roles that have signed in: once is enough for a run. */
const cookies = new Map();

/** A browser window in which this role is signed in. */
export async function as(browser, role, { lang = "zh-CN", js = true, ...more } = {}) {
  const context = await browser.newContext({
    baseURL: BASE,
    javaScriptEnabled: js,
    locale: lang,
    timezoneId: "Asia/Shanghai",
    reducedMotion: "reduce",
    ...more,
  });
  context.setDefaultTimeout(20_000);
  await context.addCookies([{ name: "lang", value: lang, url: BASE }]);
  if (cookies.has(role)) {
    await context.addCookies(cookies.get(role));
  } else if (role) {
    const page = await context.newPage();
    await page.goto("/sign-in");
    await page.fill('[name="user"]', role);
    await page.fill('[name="password"]', PASSWORD);
    await page.click("main form button.primary");
    if (new URL(page.url()).pathname.startsWith("/sign-in")) {
      throw new Error(`${role} cannot sign in: ${await page.innerText("main")}`);
    }
    await close(page);
    cookies.set(role, (await context.cookies()).filter((c) => c.name !== "lang" && c.name !== "flash"));
  }
  return context;
}

/** The roles of the demo zone. */
export const ROLES = ["leader", "dispatcher", "officer", "specialist", "oversight", "agency", "enterprise", "project",
  "sysadmin", "secadmin", "auditor"];

/** Works on a page of a role, in a window of its own that is closed whatever happens. */
export async function inWindow(browser, role, work, options) {
  const context = await as(browser, role, options);
  try {
    return await work(await context.newPage());
  } finally {
    await close(context);
  }
}

/** A window for each role, opened when first needed. */
export function company(browser, options) {
  const pages = new Map();
  return {
    async page(role) {
      if (!pages.has(role)) pages.set(role, await (await as(browser, role, options)).newPage());
      return pages.get(role);
    },
    async leave() {
      for (const page of pages.values()) await close(page.context());
    },
  };
}
