// What every page is held to: WCAG 2.2 AA by axe, reflow, keyboard, text spacing, no script, nothing from elsewhere.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { ROLES } from "./house.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];

/** What looks at every text and every control again: most of the time that axe takes. */
export const LOOKS = ["color-contrast", "target-size"];

/**
 * Violations of the page as it stands, as short lines: of all that pages are held to, of these rules `only`, or
 * `without` these; `fresh` looks at the parts that [`newParts`] found and at no others.
 */
export async function axe(page, { only, without = [], fresh = false } = {}) {
  if (!await page.evaluate(() => typeof window.axe === "object")) await page.evaluate(AXE);
  return page.evaluate(async ([tags, only, without, fresh]) => {
    const off = Object.fromEntries(without.map((rule) => [rule, { enabled: false }]));
    // A page that loaded itself again has forgotten them.
    const parts = (window.fresh ?? []).filter((e) => e.isConnected);
    const run = await window.axe.run(fresh && parts.length > 0 ? { include: parts } : document, {
      runOnly: only ? { type: "rule", values: only } : { type: "tag", values: tags },
      rules: only ? {} : { "target-size": { enabled: true }, ...off },
      resultTypes: ["violations"],
    });
    return run.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) =>
      `${v.id}: ${n.target.join(" ")} ${(n.failureSummary ?? "").split("\n")[1]?.trim() ?? ""}`));
  }, [TAGS, only ?? null, without, fresh]);
}

/** The parts of a page that are not among the `known`, by what they are; the page keeps which elements they are. */
export function newParts(page, known) {
  return page.evaluate((known) => {
    const old = new Set(known);
    const found = new Set();
    window.fresh = [];
    for (const e of document.querySelectorAll("body *")) {
      const part = `${e.parentElement.tagName} ${e.tagName}.${e.getAttribute("class") ?? ""}.${e.getAttribute("name") ?? ""}`;
      if (old.has(part)) continue;
      found.add(part);
      window.fresh.push(e);
    }
    return [...found];
  }, [...known]);
}

/** What can be pressed and has, in forced colours, neither a text nor an edge nor a picture to be seen by. */
export function invisible(page) {
  return page.evaluate(() => [...document.querySelectorAll("main button, main input:not([type=hidden]), main select, main textarea, .light")]
    .filter((e) => {
      const style = getComputedStyle(e);
      const before = getComputedStyle(e, "::before");
      const seen = e.checkVisibility() && e.clientWidth > 1;
      const drawn = style.borderTopStyle !== "none" || style.outlineStyle !== "none" || e.innerText.trim() !== ""
        || ["checkbox", "radio", "file", "range"].includes(e.type) || e.querySelector("svg, img")
        || (before.content !== "none" && before.content !== '""');
      return seen && !drawn;
    }).slice(0, 3).map((e) => `${e.tagName}.${e.className} cannot be seen`));
}

/** Pixels by which the page is wider than the window, and what sticks out. */
export function overflow(page) {
  return page.evaluate(() => {
    const off = document.scrollingElement.scrollWidth - document.documentElement.clientWidth;
    if (off <= 1) return null;
    let widest = null;
    for (const e of document.body.querySelectorAll("*")) {
      let clipped = false;
      for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) {
        if (getComputedStyle(p).overflowX !== "visible") clipped = true;
      }
      const right = e.getBoundingClientRect().right;
      if (!clipped && (!widest || right > widest.right)) widest = { right, what: `${e.tagName}.${e.className}` };
    }
    return `${off} px too wide: ${widest?.what}`;
  });
}

const FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";

/**
 * Walks the page by Tab. Answers what is wrong: not reachable, not visible, covered, trap, no skip link. The page
 * itself notes where each stop was, before the next key moves on; to ask it after every key takes five times as long.
 */
export async function keyboard(page) {
  const [all, dates] = await page.evaluate((focusable) => {
    const look = (e) => { const s = getComputedStyle(e); return [s.outlineStyle + s.outlineWidth, s.boxShadow, s.borderColor, s.backgroundColor].join("|"); };
    const seen = (e) => { const r = e.getBoundingClientRect(); return r.width > 0 && r.height > 0 && getComputedStyle(e).visibility !== "hidden" && !e.closest("[inert], [hidden], details:not([open]) > :not(summary)"); };
    const many = (e) => ["date", "datetime-local", "time"].includes(e.type);
    window.stops = [];
    window.stop = () => {
      const e = document.activeElement;
      if (!e || e === document.body) return window.stops.push(null);
      const r = e.getBoundingClientRect();
      const top = document.elementFromPoint(Math.min(innerWidth - 1, Math.max(0, r.x + r.width / 2)), Math.min(innerHeight - 1, Math.max(0, r.y + r.height / 2)));
      window.stops.push({
        walk: e.dataset.walk ?? null, at: look(e), href: e.getAttribute("href"), many: many(e), what: `${e.tagName} ${(e.innerText || e.name || "").slice(0, 30)}`,
        covered: top && !e.contains(top) && !top.contains(e) ? `${top.tagName}.${top.className}` : null,
      });
    };
    document.activeElement.blur();
    scrollTo(0, 0);
    let begun = false;
    addEventListener("keydown", (e) => { if (e.key === "Tab") { if (begun) window.stop(); begun = true; } }, true);
    const all = [...document.querySelectorAll(focusable)].filter((e) => seen(e) && !e.disabled && e.tabIndex >= 0);
    return [all.map((e, i) => {
      e.dataset.walk = i;
      return { i, radio: e.type === "radio" ? e.name : null, at: look(e), what: `${e.tagName} ${(e.innerText || e.name || e.getAttribute("aria-label") || "").slice(0, 30)}` };
    }), all.filter(many).length];
  }, FOCUSABLE);
  const keys = await page.context().newCDPSession(page);
  let stops = [];
  const most = all.length * 2 + 15;
  // A field of a date has a stop for each of its parts.
  for (let n = all.length + dates * 5 + 1, pressed = 0; pressed < most + dates * 5; pressed += n, n = 20) {
    await Promise.all(Array.from({ length: n }, () => keys.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 })));
    stops = await page.evaluate(() => window.stops);
    if (stops.includes(null)) break;
  }
  await page.evaluate(() => window.stop());
  stops = await page.evaluate(() => window.stops);
  await keys.detach();

  const wrong = [];
  const seen = new Set();
  let previous = null;
  for (const [n, here] of stops.entries()) {
    if (!here) break;
    if (n === 0 && !here.href?.startsWith("#")) wrong.push(`the first stop is no skip link: ${here.what}`);
    if (here.walk !== null && here.walk === previous && !here.many) { wrong.push(`a trap at ${here.what}`); break; }
    if (here.walk !== null && seen.has(here.walk) && here.walk !== previous) break;
    previous = here.walk;
    if (here.walk === null) continue;
    seen.add(here.walk);
    if (here.at === all[here.walk].at) wrong.push(`focus is not visible at ${here.what}`);
    if (here.covered) wrong.push(`${here.what} is covered by ${here.covered}`);
  }
  const radios = new Set(all.filter((e) => e.radio && seen.has(String(e.i))).map((e) => e.radio));
  for (const e of all) {
    if (!seen.has(String(e.i)) && !(e.radio && radios.has(e.radio))) wrong.push(`Tab does not reach ${e.what}`);
  }
  return wrong;
}

/** Text that is cut off with the text spacing of WCAG 1.4.12 and letters twice as large. */
export function cutOff(page) {
  return page.evaluate(() => {
    const bad = [];
    for (const e of document.body.querySelectorAll("*")) {
      e.style.setProperty("line-height", "1.5", "important");
      e.style.setProperty("letter-spacing", ".12em", "important");
      e.style.setProperty("word-spacing", ".16em", "important");
    }
    document.documentElement.style.fontSize = "200%";
    for (const e of document.body.querySelectorAll("*")) {
      const style = getComputedStyle(e);
      const hides = ["hidden", "clip"].includes(style.overflowX === "visible" ? style.overflowY : style.overflowX);
      const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
      if (text && hides && !e.closest(".sr") && e.clientHeight > 1 && (e.scrollWidth > e.clientWidth + 2 || e.scrollHeight > e.clientHeight + 2)) {
        bad.push(`cut off: ${e.tagName}.${e.className} "${e.innerText.slice(0, 20)}"`);
      }
    }
    return bad;
  });
}

/** Accounts of the demo zone: Latin words that Chinese pages may show. */
const NAMES = [...ROLES, "enterprise2", "demo"];

/** The outline of a page that must hold on each: language, one h1, a title. */
export async function outline(page, lang) {
  const found = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    h1: document.querySelectorAll("h1").length,
    title: document.title,
    raw: [...document.querySelectorAll("main *")].filter((e) => e.children.length === 0 && /^[a-z]+(-[a-z_]+[0-9]*)+$/.test(e.textContent.trim()) && !e.closest("code, pre, .code")).map((e) => e.textContent.trim()),
    words: [...document.querySelectorAll("main *:not(code, pre, .code, option, textarea, input)")].flatMap((e) => e.closest("code, pre, .code") ? [] : [...e.childNodes])
      .filter((n) => n.nodeType === 3 && /^[a-z]{3,}(_[a-z]+)*$/.test(n.data.trim())).map((n) => n.data.trim()),
  }));
  const wrong = [];
  if (found.lang !== lang) wrong.push(`lang is ${found.lang}`);
  if (found.h1 !== 1) wrong.push(`${found.h1} h1`);
  if (!found.title.trim() || found.title.startsWith(" ")) wrong.push(`title is "${found.title}"`);
  // Both languages have the same keys; in English many a word looks like one.
  if (lang === "zh-CN" && found.raw.length > 0) wrong.push(`a text is missing: ${[...new Set(found.raw)].slice(0, 5).join(", ")}`);
  const foreign = lang === "zh-CN" ? found.words.filter((word) => !NAMES.includes(word)) : [];
  if (foreign.length > 0) wrong.push(`a word of the program shows: ${[...new Set(foreign)].slice(0, 5).join(", ")}`);
  return wrong;
}

/**
 * Looks at a page in a wide and a narrow window: it fits, and axe finds nothing. Colours are those of the wide one; the
 * crawl looks at them in both. `SHOTS` names a folder for pictures.
 */
export async function look(page, name, widths = [[1440, 900], [360, 740]]) {
  const size = page.viewportSize();
  for (const [i, [width, height]] of widths.entries()) {
    await page.setViewportSize({ width, height });
    assert.equal(await overflow(page), null, `${name} at ${width}`);
    assert.deepEqual(await axe(page, { without: i > 0 ? ["color-contrast"] : [] }), [], `${name} at ${width}`);
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${name}-${width}.png`, fullPage: true });
  }
  await page.setViewportSize(size);
}
