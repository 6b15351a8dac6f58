function typing(e: Element | null): boolean {
  return e instanceof HTMLElement && (e.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName));
}

/** `/` goes to the search box; up and down go from row to row of a table, and Enter opens, as it does on any link. */
export function keys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const here = document.activeElement;
    if (event.key === "/" && !typing(here)) {
      const find = document.getElementById("find");
      if (find) {
        event.preventDefault();
        find.focus();
      }
      return;
    }
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const row = step !== 0 && !typing(here) ? here?.closest("tbody tr") : null;
    if (!row) return;
    const links = [...(row.parentElement?.querySelectorAll<HTMLAnchorElement>("tr > .lead a") ?? [])];
    const at = links.findIndex((link) => row.contains(link));
    const next = links[at + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
}
