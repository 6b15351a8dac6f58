import { word } from "./words";

/** Asks before a form with `data-confirm` is sent. */
export function confirmations(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const question = form.dataset.confirm;
    if (!question || typeof HTMLDialogElement === "undefined") return;
    if (form.dataset.confirmed) {
      delete form.dataset.confirmed;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter as HTMLButtonElement | null;
    ask(question, button?.textContent?.trim() || word("confirm"), () => {
      form.dataset.confirmed = "yes";
      form.requestSubmit(button);
    });
  });
}

/** Asks in a dialog; `then` after a yes. */
export function ask(question: string, yes: string, then: () => void): void {
  const dialog = document.createElement("dialog");
  const text = document.createElement("p");
  text.textContent = question;
  text.id = "question";
  dialog.setAttribute("aria-labelledby", text.id);
  const buttons = document.createElement("div");
  buttons.className = "acts section";
  for (const [value, label, kind] of [["yes", yes, "primary"], ["", word("not-now"), ""]] as const) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.className = kind;
    button.addEventListener("click", () => dialog.close(value));
    buttons.append(button);
  }
  dialog.append(text, buttons);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue === "yes") then();
  });
  document.body.append(dialog);
  dialog.showModal();
}
