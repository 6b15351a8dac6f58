/** Buttons that print the page; without scripts they are not there, the browser's own menu prints. */
export function printing(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}
