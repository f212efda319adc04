/**
 * The status page for everybody, as the command writes it: in a browser from a plain web server, by day, by night, in forced
 * colours and on a phone; its feed and its badges are what readers of such take.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startChromium, type Browser } from './chromium.js';
import { assertAccessible, recordTraffic, takePicture } from './reader.js';
import { seedStretches } from './seeded-stretches.js';
import { servePage, type ServedPage } from './served-page.js';

const LONG = 'Versandbestätigungsdienst'.repeat(4);
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  svg: 'image/svg+xml',
  xml: 'application/atom+xml',
  json: 'application/json',
};

let browser: Browser;
let served: ServedPage;
let folder: string;
let host: Server;
let site: Server;
let page: Page;
let url: string;
let traffic: ReturnType<typeof recordTraffic>;

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

before(async () => {
  browser = await startChromium();
  folder = await mkdtemp(join(tmpdir(), 'portal-status-page-'));
  host = createServer((_, response) => response.end('{"status":"healthy","errors":[]}'));
  const target = `discover: { static: ['${await listening(host)}'] }`;
  const fleet = join(folder, 'fleet.yaml');
  await writeFile(
    fleet,
    `
defaults: { interval: 2s, timeout: 1s, failure_threshold: 1, success_threshold: 1 }
services:
  - { name: shop, public: Shop, ${target} }
  - { name: billing, public: Invoices, ${target} }
  - { name: mail, public: ${LONG}, discover: { static: ['http://127.0.0.1:9'] } }
  - { name: internal, ${target} }
`,
  );
  served = await servePage({
    prepare: (dataDir) => seedStretches(dataDir, { shop: [3, 20, 21], billing: [40] }),
    settings: { PORTAL_FLEET_FILE: fleet },
  });
  site = createServer((request, response) => {
    const name = request.url === '/' ? 'index.html' : (request.url ?? '').slice(1);
    readFile(join(folder, 'site', name)).then(
      (content) => {
        response.setHeader('Content-Type', TYPES[name.split('.').at(-1) ?? ''] ?? 'text/plain');
        response.end(content);
      },
      () => response.writeHead(404).end(),
    );
  });
  url = await listening(site);
  page = await browser.context.newPage();
  traffic = recordTraffic(page);
  await written();
});

after(async () => {
  await browser?.close();
  await served?.close();
  for (const one of [host, site]) {
    one?.closeAllConnections();
    one?.close();
  }
  await rm(folder, { recursive: true, force: true });
});

async function written(): Promise<void> {
  // Its first look at each instance.
  for (let tries = 0; tries < 60; tries += 1) {
    await served.portal(
      'status',
      'export',
      join(folder, 'site'),
      '--url',
      served.url,
      '--title',
      'Example',
      '--site',
      url,
    );
    const known = await readFile(join(folder, 'site', 'status.json'), 'utf8');
    if (!known.includes('"unknown"')) return;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
  assert.fail('The services stay unknown.');
}

test('says what works and what does not, 90 days of each, and what was', async () => {
  await page.goto(url);
  await page.getByRole('heading', { level: 1, name: 'Something does not work' }).waitFor();
  const shop = page.getByRole('region', { name: 'Shop' });
  // Since the last of them ended, whenever the watcher started.
  await shop.getByText(/It works\. since .* 12:12 UTC/).waitFor();
  await shop.getByRole('img', { name: '90 of the last 90 days were measured, 3 of them were not' }).waitFor();
  assert.match(await shop.locator('dl').innerText(), /90 days\s+99\.\d+ %/);
  const past = page.getByRole('listitem').filter({ hasText: 'Shop' });
  assert.equal(await past.count(), 3);
  await past.first().getByText('lasted 12 min').waitFor();
  assert.equal(await page.getByText('internal').count(), 0);
  await page.setViewportSize({ width: 1280, height: 1000 });
  await takePicture(page, 'status-page');
  assert.deepEqual(traffic.errors, []);
});

test('has nothing for axe to say and fits a phone, by day, by night and in forced colours', async () => {
  await page.setViewportSize({ width: 320, height: 700 });
  for (const look of [
    { colorScheme: 'light', forcedColors: 'none' },
    { colorScheme: 'dark', forcedColors: 'none' },
    { colorScheme: 'light', forcedColors: 'active' },
  ] as const) {
    await page.emulateMedia(look);
    await page.goto(url);
    await assertAccessible(page, JSON.stringify(look));
    const width = Number(await page.evaluate('document.documentElement.scrollWidth'));
    assert.ok(width <= 320, `${width} px`);
  }
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none' });
});

test('the feed is well-formed Atom with an entry a trouble, and the badges are pictures', async () => {
  await page.goto(url);
  const read = `fetch('feed.xml').then((response) => response.text()).then((text) => {
    const feed = new DOMParser().parseFromString(text, 'application/xml');
    const all = (name) => [...feed.getElementsByTagNameNS('http://www.w3.org/2005/Atom', name)];
    return { broken: feed.getElementsByTagName('parsererror').length, entries: all('entry').length,
      ids: new Set(all('id').map((id) => id.textContent)).size, self: feed.querySelector('link[rel=self]').getAttribute('href') };
  })`;
  // The page itself may ask for nothing; a reader of feeds is no page.
  const reader = await browser.context.newPage();
  await reader.goto(`${url}/status.json`);
  const { broken, entries, ids, self } = (await reader.evaluate(read)) as Record<string, unknown>;
  assert.deepEqual({ broken, self }, { broken: 0, self: `${url}/feed.xml` });
  assert.ok(Number(entries) >= 5, String(entries));
  assert.equal(ids, Number(entries) + 1);
  const names = await readdir(join(folder, 'site'));
  for (const begin of ['badge.', 'badge-invoices-', 'badge-shop-']) {
    const name = names.find((one) => one.startsWith(begin)) ?? begin;
    await reader.goto(`${url}/${name}`);
    const box = (await reader.evaluate(
      `({ width: document.documentElement.getBoundingClientRect().width, text: document.documentElement.textContent })`,
    )) as { readonly width: number; readonly text: string };
    assert.ok(box.width > 60, name);
    assert.match(box.text, /healthy|unhealthy/);
  }
});
