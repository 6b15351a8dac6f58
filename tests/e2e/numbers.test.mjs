// Every number opens its list, and the list has so many: after the demo's sixty days of work, for each who reads numbers.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { close, as, launch, test } from "./house.mjs";

/** Where numbers stand. */
const PAGES = ["/", "/overview", "/board", "/appeals", "/causes", "/visits", "/visits/due", "/visits/campaigns", "/assignments",
  "/projects", "/task-forces", "/enterprises", "/carriers", "/departments", "/measures", "/disruptions", "/settings/limits", "/outer"];
const READERS = ["leader", "dispatcher", "officer", "specialist", "oversight", "enterprise", "project", "sysadmin"];

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.end(); });

/** The numbers on a page that are links: of how many, and where to. */
function numbers(page) {
  return page.evaluate(() => [...document.querySelectorAll("main a[href]")]
    .map((a) => ({ text: a.innerText.trim(), href: a.getAttribute("href"), near: (a.closest("tr, li, div")?.innerText ?? "").replace(/\s+/g, " ").slice(0, 60) }))
    // A year is no count.
    .filter(({ href }) => href !== "/settings/calendar")
    .filter(({ text, href }) => /^\d+\+?$/.test(text) && /^[/?#]/.test(href)));
}

/** How many a list says that it has; what it shows, where it says nothing. */
function counted(page) {
  return page.evaluate(() => {
    const part = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    const told = (part ?? document).querySelector(".pager > span, [data-count]");
    if (told?.dataset.count) return Number(told.dataset.count);
    const said = told?.textContent.match(/\d[\d,]*/)?.[0];
    if (said) return Number(said.replaceAll(",", ""));
    const rows = (part?.closest("section") ?? part ?? document.querySelector("main")).querySelectorAll("tbody tr, ul.list > li, .tiles > *");
    // What counts is no list.
    return [...rows].filter((row) => !row.closest(".board-head")).length;
  });
}

test("every number opens a list of so many", async () => {
  const wrong = [];
  let compared = 0;
  for (const role of READERS) {
    const context = await as(browser, role);
    const [page, list] = [await context.newPage(), await context.newPage()];
    const lists = new Map();
    for (const path of PAGES) {
      const response = await page.goto(path);
      if (response.status() !== 200) continue;
      for (const { text, href, near } of await numbers(page)) {
        if (!lists.has(href)) {
          const answer = await list.goto(href);
          lists.set(href, answer && answer.status() !== 200 ? `answers ${answer.status()}` : await counted(list));
        }
        compared++;
        const n = Number(text.replace("+", ""));
        const has = lists.get(href);
        if (text.endsWith("+") ? !(has >= n) : has !== n) wrong.push(`${role} ${path}: ${text} (${near}) opens ${href}, which has ${has}`);
      }
    }
    await close(context);
  }
  assert.ok(compared > 100, `only ${compared} numbers were compared`);
  assert.equal(wrong.length, 0, `${wrong.length} of ${compared}:\n${[...new Set(wrong.map((line) => line.replace(/^\w+ /, "")))].join("\n")}`);
}, 8);
