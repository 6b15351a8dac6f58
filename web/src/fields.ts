import { word } from "./words";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

function isControl(e: EventTarget | null): e is Control {
  return e instanceof HTMLInputElement || e instanceof HTMLSelectElement || e instanceof HTMLTextAreaElement;
}

/** Says what is wrong with a field when somebody who changed it leaves it. The server checks again. */
export function fields(): void {
  document.addEventListener("input", (event) => {
    if (!isControl(event.target)) return;
    event.target.dataset.touched = "yes";
    if (event.target.validity.valid) clear(event.target);
  });
  document.addEventListener("focusout", (event) => {
    const control = event.target;
    if (!isControl(control) || !control.dataset.touched || control.validity.valid) return;
    const box = control.closest(".field");
    if (!box || box.querySelector(".error")) return;
    const error = document.createElement("div");
    error.className = "error";
    error.id = `e-own-${control.id}`;
    error.textContent = control.validity.valueMissing ? word("required") : word("unreadable");
    control.after(error);
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", `${error.id} ${control.getAttribute("aria-describedby") ?? ""}`.trim());
    box.classList.add("wrong");
  });
  // A group of choices cannot be focused itself; its first choice can.
  document.querySelector(".wrong-summary")?.addEventListener("click", (event) => {
    const link = (event.target as Element).closest("a");
    const target = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (target instanceof HTMLFieldSetElement) {
      event.preventDefault();
      target.querySelector("input")?.focus();
    }
  });
}

function clear(control: Control): void {
  const box = control.closest(".field");
  const own = document.getElementById(`e-own-${control.id}`);
  if (!box || !own) return;
  const described = (control.getAttribute("aria-describedby") ?? "").replace(own.id, "").trim();
  own.remove();
  control.removeAttribute("aria-invalid");
  if (described) control.setAttribute("aria-describedby", described);
  else control.removeAttribute("aria-describedby");
  box.classList.remove("wrong");
}
