// Where the device keeps visits: IndexedDB, which survives a restart and which the worker reaches too.
import type { Visit } from "./machine";

const NAME = "buting";
const STORE = "visits";
/** The key under which a browser remembers whose visits it keeps; nothing is kept without it. */
const OWNER = "offline";
/** The cache with the page and what it is set in. */
export const CACHE = "buting-offline";
/** Pages and the worker tell each other here that something changed. */
export const CHANNEL = "buting-visits";

let opened: Promise<IDBDatabase> | null = null;
/** Where the browser keeps nothing: what stands on this page, as long as it is open. */
const memory = new Map<string, Visit>();
let memoryOwner = "";

function database(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => {
      request.result.onclose = () => { opened = null; };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
  opened.catch(() => { opened = null; });
  return opened;
}

/** One transaction: `work` asks, and what it answers is given once everything is on the disk. */
async function within<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore, give: (value: T) => void) => void, without: () => T | undefined): Promise<T | undefined> {
  const db = await database().catch(() => null);
  if (!db) return without();
  return new Promise((resolve, reject) => {
    const tx = db.transaction(STORE, mode);
    let given: T | undefined;
    tx.oncomplete = () => resolve(given);
    tx.onabort = () => reject(tx.error ?? new DOMException("aborted", "AbortError"));
    work(tx.objectStore(STORE), (value) => { given = value; });
  });
}

export async function all(): Promise<Visit[]> {
  return (await within<Visit[]>("readonly", (store, give) => {
    const request = store.getAll();
    request.onsuccess = () => give(request.result as Visit[]);
  }, () => [...memory.values()])) ?? [];
}

export async function add(visit: Visit): Promise<void> {
  await within("readwrite", (store) => store.put(visit), () => { memory.set(visit.id, visit); });
}

/** Changes a visit as it stands on the device at that moment. One that was removed meanwhile does not come back. */
export async function change(id: string, how: (visit: Visit) => Visit): Promise<Visit | undefined> {
  return within<Visit>("readwrite", (store, give) => {
    const request = store.get(id);
    request.onsuccess = () => {
      if (!request.result) return;
      const next = how(request.result as Visit);
      store.put(next);
      give(next);
    };
  }, () => {
    const found = memory.get(id);
    if (!found) return undefined;
    const next = how(found);
    memory.set(id, next);
    return next;
  });
}

export async function remove(id: string): Promise<void> {
  await within("readwrite", (store) => store.delete(id), () => { memory.delete(id); });
}

/** Tells every page of this browser. */
export function tell(): void {
  if (typeof BroadcastChannel === "undefined") return;
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage("changed");
  channel.close();
}

/** Whose visits this browser keeps; empty when it keeps none. */
export function owner(): string {
  try {
    return localStorage.getItem(OWNER) ?? "";
  } catch {
    return memoryOwner;
  }
}

/** Notes whose visits are kept. False when the browser keeps nothing longer than this page is open. */
export async function own(person: string): Promise<boolean> {
  memoryOwner = person;
  try {
    localStorage.setItem(OWNER, person);
    await database();
    return true;
  } catch {
    return false;
  }
}

/** Tells the worker to keep nothing of what it was fetching; it may be gone, so nobody waits for it long. */
function clearWorker(): Promise<void> {
  const worker = "serviceWorker" in navigator ? navigator.serviceWorker.controller : null;
  if (!worker) return Promise.resolve();
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => resolve();
    setTimeout(resolve, 1_000);
    worker.postMessage("clear", [channel.port2]);
  });
}

/** Removes everything that is kept of anybody: visits, data of enterprises, drafts of forms. */
export async function wipe(): Promise<void> {
  memoryOwner = "";
  try {
    for (const key of Object.keys(localStorage)) {
      if (key === OWNER || key.startsWith("draft:")) localStorage.removeItem(key);
    }
  } catch {
    // Then nothing is there.
  }
  await Promise.allSettled([
    clearWorker(),
    within("readwrite", (store) => store.clear(), () => memory.clear()),
    typeof caches === "undefined" ? null : caches.delete(CACHE),
  ]);
  tell();
}
