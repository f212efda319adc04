/**
 * The fleet on the page: what needs somebody comes first, with shape, word and code; by keyboard, on a phone, and for axe.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startChromium, type Browser } from './chromium.js';
import { assertAccessible, takePicture, untilHeadline } from './reader.js';
import { servePage, type ServedPage } from './served-page.js';

let browser: Browser;
let served: ServedPage;
let page: Page;
let folder: string;
let host: Server;

before(async () => {
  browser = await startChromium();
  folder = await mkdtemp(join(tmpdir(), 'portal-page-fleet-'));
  host = createServer((_, response) => response.end('{"status":"healthy","errors":[]}')).listen(
    0,
    '127.0.0.1',
  );
  await once(host, 'listening');
  const origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
  const path = join(folder, 'fleet.yaml');
  await writeFile(
    path,
    `
fleet: prod
defaults: { interval: 2s, timeout: 1s, failure_threshold: 1, success_threshold: 1 }
services:
  - { name: billing, discover: { static: ['${origin}'] } }
  - { name: orders, discover: { static: ['${origin}', 'http://127.0.0.1:9'] } }
  - { name: stock, discover: { static: ['http://127.0.0.1:9'] } }
`,
  );
  served = await servePage({ settings: { PORTAL_FLEET_FILE: path } });
  page = await browser.context.newPage();
  await page.goto(await served.link('ada', 'Owner'));
  await untilHeadline(page, 'Healthy');
});

after(async () => {
  await browser?.close();
  await served?.close();
  host?.closeAllConnections();
  host?.close();
  await rm(folder, { recursive: true, force: true });
});

test('what needs somebody comes first, and says how many, and why', async () => {
  await page.getByRole('link', { name: 'Fleet', exact: true }).press('Enter');
  await page.getByText('2 of 4 services need you').waitFor();
  assert.equal(new URL(page.url()).pathname, '/fleet');
  const rows = page.getByRole('row');
  const stock = rows.filter({ has: page.getByRole('rowheader', { name: 'stock' }) });
  await stock.getByText('Unhealthy').waitFor();
  const names = await rows.getByRole('rowheader').allInnerTexts();
  assert.deepEqual(names, ['stock', 'orders', 'billing', 'portal']);
  const orders = rows.filter({ has: page.getByRole('rowheader', { name: 'orders' }) });
  await orders.getByText('1 of 2 usable, 1 unreachable').waitFor();
  await orders.getByRole('link', { name: 'INSTANCE_REFUSED' }).waitFor();
  const cells = await orders.locator('.cell').all();
  const shapes = await Promise.all(cells.map((cell) => cell.getAttribute('class')));
  assert.deepEqual(shapes, ['cell unhealthy', 'cell healthy']);
  await takePicture(page, 'fleet');
});

test('it has nothing for axe to say, and is no wider than a phone', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await assertAccessible(page, colorScheme);
  }
  await page.setViewportSize({ width: 320, height: 800 });
  assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= 320);
});
