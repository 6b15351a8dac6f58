/** Buttons that copy a text of the page; without them it is marked and copied by hand. */
export function copying(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-copy]")) {
    const text = document.getElementById(button.dataset.copy ?? "") as HTMLTextAreaElement | null;
    if (!text) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      navigator.clipboard?.writeText(text.value).then(() => { button.textContent = button.dataset.copied ?? ""; }, () => text.select()) ?? text.select();
    });
  }
}
