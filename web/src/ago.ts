const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** How long ago, in the words of the language: 5分钟前, yesterday. */
export function ago(ms: number, format: Intl.RelativeTimeFormat): string {
  for (const [unit, length] of UNITS) {
    if (ms >= length) return format.format(-Math.floor(ms / length), unit);
  }
  return format.format(0, "second");
}

/** Keeps the relative times of an open page true, counting on from how old they were when the page came. */
export function times(): void {
  const all = document.querySelectorAll<HTMLTimeElement>("time[data-ago]");
  if (all.length === 0) return;
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  setInterval(() => {
    for (const time of all) time.textContent = ago(Number(time.dataset.ago) + performance.now(), format);
  }, 60_000);
}
