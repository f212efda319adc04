/**
 * Keeps the shell of the page, so that a reload while the service is away shows the page, which says that it has lost contact
 * and shows what it knew, and not an error of the browser. It keeps no answer of the API and no verdict: what it gives says
 * nothing about how things are.
 */
const KEPT = 'portal-shell';
/** A frozen service accepts connections and never answers. */
const PATIENCE_MS = 8_000;
const BASE = new URL('./', location.href);
const VIEWS = /^(|fleet|now|incidents(\/[0-9a-f]{32})?|alerts|events|integrity|sessions|audit)$/;
/** What a proxy answers by itself, while the service behind it is away. */
const OF_PROXIES = new Set([502, 503, 504]);

self.addEventListener('install', (event) => {
  self.skipWaiting();
  event.waitUntil(keepFirst());
});

self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== BASE.origin || !url.pathname.startsWith(BASE.pathname))
    return;
  const path = url.pathname.slice(BASE.pathname.length);
  if (request.mode === 'navigate' && VIEWS.test(path)) event.respondWith(view(event));
  // Their names have a hash of what is in them.
  else if (path.startsWith('assets/')) event.respondWith(asset(request));
});

/** The page was there before this script was. */
async function keepFirst() {
  const response = await fetch(BASE, { cache: 'no-cache' });
  if (!response.ok) throw new Error('There is no page to keep.');
  const html = await keepShell(response);
  const kept = await caches.open(KEPT);
  await kept.addAll([...html.matchAll(/(?:src|href)="([^"]*assets\/[^"]+)"/g)].map(([, path]) => path));
}

async function view(event) {
  const answer = fetch(event.request);
  // It may still arrive, for whoever opens the next view.
  answer.then((response) => response.ok && keepShell(response.clone())).catch(() => undefined);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const response = await Promise.race([answer, late]).catch(() => undefined);
  if (response && !OF_PROXIES.has(response.status)) return response;
  return (await (await caches.open(KEPT)).match(BASE)) ?? response ?? answer;
}

/** Without the verdict, which is of its moment alone, and with names that are right below every view. @returns the shell */
async function keepShell(response) {
  const { headers } = response;
  const html = (await response.text())
    .replace(/<div id="page"[^]*<\/div>(?=\s*<noscript>)/, () => '<div id="page"></div>')
    .replaceAll(/(src|href)="\.{1,2}\//g, (_, name) => `${name}="${BASE.pathname}`);
  const before = await (await caches.open(KEPT)).match(BASE);
  // Another version has other files.
  if (before && (await before.text()) !== html) await caches.delete(KEPT);
  const kept = await caches.open(KEPT);
  await kept.put(
    BASE,
    new Response(html, {
      headers: {
        'Content-Type': headers.get('Content-Type') ?? 'text/html; charset=utf-8',
        'Content-Security-Policy': headers.get('Content-Security-Policy') ?? "default-src 'self'",
      },
    }),
  );
  return html;
}

async function asset(request) {
  const kept = await caches.open(KEPT);
  const found = await kept.match(request);
  if (found) return found;
  const response = await fetch(request);
  if (response.ok) await kept.put(request, response.clone());
  return response;
}
