// Takes the pictures of the README from the demo zone: `node pictures.mjs`.
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { as, at, close, launch, ROOT, serve } from "./house.mjs";

const house = await serve();
at(house.base);
const folder = join(ROOT, "docs", "images");
mkdirSync(folder, { recursive: true });
const browser = await launch();

async function picture(name, role, [width, height], go, options = {}) {
  const context = await as(browser, role, { viewport: { width, height }, ...options });
  const page = await context.newPage();
  await go(page);
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path });
  await close(context);
  console.log(`${Math.round(statSync(path).size / 1000)} KB  ${name}.png`);
}

const firstAppeal = async (page) => {
  await page.goto("/appeals?sort=due");
  await page.locator("tbody .lead a").first().click();
};
await picture("board", "leader", [1440, 900], (page) => page.goto("/board"));
await picture("appeal", "dispatcher", [1440, 900], firstAppeal);
await picture("visit", "officer", [1440, 1000], async (page) => {
  await page.goto("/visits/new");
  await page.locator('main select[name="subject"]').selectOption({ index: 1 });
  await page.locator("main form button.primary").click();
  await page.waitForSelector('form[action="/visits"]');
});
await picture("overview", "leader", [1440, 900], (page) => page.goto("/overview"));
await picture("phone", "enterprise", [390, 780], (page) => page.goto("/"), { deviceScaleFactor: 2 });

await browser.end();
await house.stop();
