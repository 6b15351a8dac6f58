// The service worker: keeps one page with what it is set in, opens it without network, sends what waits.
// Everything else goes to the server as if there were no worker.
import { assetsOf, KEPT } from "./machine";
import { send } from "./send";
import { CACHE } from "./shelf";

type Waiting = Event & { waitUntil(work: Promise<unknown>): void };
type Fetching = Waiting & { request: Request; respondWith(answer: Promise<Response>): void };
type Told = Waiting & { data: unknown; ports: readonly MessagePort[] };
type Worker = {
  addEventListener(name: "install" | "activate" | "sync", run: (event: Waiting) => void): void;
  addEventListener(name: "fetch", run: (event: Fetching) => void): void;
  addEventListener(name: "message", run: (event: Told) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
};
const worker = self as unknown as Worker;

const PAGE = "/visits/offline";
/** So long the network may take when there is a page to show instead (ms). */
const PATIENCE = 5_000;

/** Counts the times that the device was cleared: what was asked for before is not kept after. */
let cleared = 0;

/** Keeps the page, and exactly the assets that it names: an old page never loses the style it was made for. */
async function keep(response: Response, asked: number): Promise<void> {
  const text = await response.text();
  const made = Number(/data-made="(\d+)"/.exec(text)?.[1] ?? 0);
  // Some other page under this address, such as that of a hotel's network.
  if (made === 0) return;
  const headers = new Headers(response.headers);
  headers.set("x-kept-at", String(Date.now()));
  headers.set("x-clock", String(made - Date.now()));
  const assets = assetsOf(text);
  if (asked !== cleared) return;
  const cache = await caches.open(CACHE);
  for (const asset of assets) if (!await cache.match(asset)) await cache.add(asset);
  await cache.put(PAGE, new Response(text, { headers }));
  for (const request of await cache.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname !== PAGE && !assets.includes(pathname)) await cache.delete(request);
  }
  // Somebody signed out while this went on.
  if (asked !== cleared) await caches.delete(CACHE);
}

async function kept(): Promise<Response | undefined> {
  const cache = await caches.open(CACHE);
  const page = await cache.match(PAGE);
  if (page && Date.now() - Number(page.headers.get("x-kept-at")) > KEPT) {
    await caches.delete(CACHE);
    return undefined;
  }
  return page;
}

/** Fetches the page anew. False when it did not come: no network, or nobody is signed in. */
async function refresh(): Promise<boolean> {
  const asked = cleared;
  try {
    const response = await fetch(PAGE, { credentials: "same-origin", redirect: "manual", cache: "no-store" });
    if (!response.ok) return false;
    await keep(response, asked);
    return true;
  } catch {
    return false;
  }
}

async function page(event: Fetching): Promise<Response> {
  const asked = cleared;
  const old = await kept();
  try {
    const network = fetch(event.request);
    // A request that comes too late must not end as an error that nobody hears.
    network.catch(() => undefined);
    const late = new Promise<Response>((_, reject) => { if (old) setTimeout(() => reject(new Error("late")), PATIENCE); });
    const response = await Promise.race([network, late]);
    if (response.status >= 500 && old) return old;
    if (response.ok && response.type === "basic" && !response.redirected) event.waitUntil(keep(response.clone(), asked));
    return response;
  } catch (error) {
    if (old) return old;
    throw error;
  }
}

/** Another page without network: the one that works is better than the browser's own. */
async function other(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (await kept()) return Response.redirect(PAGE);
    throw error;
  }
}

worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));
worker.addEventListener("activate", (event) => event.waitUntil((async () => {
  await worker.clients.claim();
  // A new build: the page is set in it from now on.
  if (await kept()) await refresh();
})()));

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname.startsWith("/assets/")) {
    event.respondWith(caches.match(url.pathname, { cacheName: CACHE }).then((found) => found ?? fetch(request)));
  } else if (request.mode === "navigate") {
    event.respondWith(url.pathname === PAGE ? page(event) : other(request));
  }
});

worker.addEventListener("message", (event) => {
  if (event.data === "keep") event.waitUntil(refresh().then((done) => event.ports[0]?.postMessage(done)));
  if (event.data === "clear") {
    cleared += 1;
    event.waitUntil(caches.delete(CACHE).then(() => event.ports[0]?.postMessage(true)));
  }
  if (event.data === "send") event.waitUntil(send(false));
});

// The browser says that there is network, be a page open or not. What still waits makes it ask again.
worker.addEventListener("sync", (event) => event.waitUntil(send(true).then((next) => {
  if (next !== null) throw new Error("not everything could be sent");
})));
