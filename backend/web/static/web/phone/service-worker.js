// Keeps the pages that must work without network, and their files; nothing else goes through here. KEPT (files, shells,
// a digest of both as version) is put before this text by the server. Answers with anybody's data are never kept.

const CACHE = `jieqin-${KEPT.version}`;
const PATIENCE = 4000; // milliseconds for which a page that is kept waits for a fresh one

self.addEventListener("install", (event) => {
  event.waitUntil(fill().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forget().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && KEPT.shells.includes(pathname)) event.respondWith(fresh(request, pathname));
  else if (KEPT.files.includes(pathname)) event.respondWith(kept(request));
});

async function fill() {
  const cache = await caches.open(CACHE);
  await cache.addAll([...KEPT.files, ...KEPT.shells].map((path) => new Request(path, { cache: "reload" })));
}

async function forget() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("jieqin-") && name !== CACHE).map((name) => caches.delete(name)));
}

// The page as the server has it now (in the language chosen last); without network the one that is kept.
async function fresh(request, pathname) {
  const cache = await caches.open(CACHE);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (response.ok && !response.redirected) await cache.put(pathname, response.clone());
    return response;
  } catch {
    return (await cache.match(pathname)) ?? Response.error();
  }
}

async function kept(request) {
  const cache = await caches.open(CACHE);
  // A font's address carries a query that the list does not have.
  return (await cache.match(request, { ignoreSearch: true })) ?? fetch(request);
}
