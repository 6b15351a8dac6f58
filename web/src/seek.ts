// Names of enterprises and projects while one types. Without script the server asks back.

/** So long nobody types before the register is asked (ms). */
const BREATH = 200;
const OFFERED = 8;

type Found = { groups: { kind: string; items: { title: string }[] }[] };

/** The names of these kinds that are called so. */
async function names(q: string, kinds: string[], signal: AbortSignal): Promise<string[]> {
  const response = await fetch(`/api/v1/search?limit=${OFFERED}&q=${encodeURIComponent(q)}`, { credentials: "same-origin", signal });
  if (!response.ok) return [];
  const { groups } = await response.json() as Found;
  return groups.filter((group) => kinds.includes(group.kind)).flatMap((group) => group.items.map((item) => item.title));
}

function offer(input: HTMLInputElement): void {
  const kinds = (input.dataset.seek ?? "").split(" ");
  const list = document.createElement("datalist");
  list.id = `${input.id}-names`;
  input.after(list);
  input.setAttribute("list", list.id);
  let timer = 0;
  let asked: AbortController | null = null;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    asked?.abort();
    const q = input.value.trim();
    if (q === "" || [...list.options].some((option) => option.value === q)) return;
    timer = window.setTimeout(() => {
      asked = new AbortController();
      names(q, kinds, asked.signal).then((found) => {
        list.replaceChildren(...found.map((name) => Object.assign(document.createElement("option"), { value: name })));
      }).catch(() => undefined);
    }, BREATH);
  });
}

export function seek(): void {
  for (const input of document.querySelectorAll<HTMLInputElement>("input[data-seek]")) offer(input);
}
