import { word } from "./words";

/** A form that is on its way is not sent a second time. The server would refuse it too: the one-time key is used up. */
export function once(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sending) {
      event.preventDefault();
      return;
    }
    form.dataset.sending = "yes";
    const button = event.submitter;
    // After this turn: a button that is disabled now would not send its own value.
    setTimeout(() => {
      button?.setAttribute("aria-disabled", "true");
      button?.setAttribute("title", word("sending"));
    });
  });
  // Back from the next page: the form may be sent again.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll<HTMLFormElement>("form[data-sending]")) {
      delete form.dataset.sending;
      form.querySelector("[aria-disabled]")?.removeAttribute("aria-disabled");
    }
  });
}
