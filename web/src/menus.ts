/** The person's menu closes by Escape and by a click elsewhere. */
export function menus(): void {
  const menu = document.querySelector<HTMLDetailsElement>("details.me");
  if (!menu) return;
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target as Node)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
}
