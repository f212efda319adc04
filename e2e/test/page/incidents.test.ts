/**
 * Incidents in a browser: listed, opened by the address that alerts have, explained, noted and copied; and a service whose
 * alerts are paused and resumed.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startChromium, type Browser } from './chromium.js';
import { assertAccessible, recordTraffic, seeCharts } from './reader.js';
import { servePage, type ServedPage } from './served-page.js';

let browser: Browser;
let served: ServedPage;
let page: Page;
let traffic: ReturnType<typeof recordTraffic>;
let folder: string;

before(async () => {
  browser = await startChromium();
  folder = await mkdtemp(join(tmpdir(), 'portal-page-incidents-'));
  const path = join(folder, 'fleet.yaml');
  await writeFile(
    path,
    `
fleet: prod
defaults: { interval: 2s, timeout: 1s, failure_threshold: 1, success_threshold: 1 }
services:
  - { name: orders, labels: { team: shop }, discover: { static: ['http://127.0.0.1:9'] } }
`,
  );
  served = await servePage({
    settings: {
      PORTAL_FLEET_FILE: path,
      PORTAL_RUNBOOK_URL: 'https://wiki.example.org/runbooks/{code}',
    },
  });
  page = await browser.context.newPage();
  traffic = recordTraffic(page);
  await page.goto(await served.link('ada', 'Owner'));
});

after(async () => {
  await browser?.close();
  await served?.close();
  await rm(folder, { recursive: true, force: true });
});

const TITLE = 'orders: not well';

test('the list leads to an incident, which has an address of its own', async () => {
  await page.getByRole('link', { name: 'Incidents' }).click();
  await page.getByRole('heading', { name: 'Incidents' }).waitFor();
  await page.getByRole('link', { name: TITLE }).waitFor();
  await assertAccessible(page, 'the list');
  await page.getByRole('link', { name: TITLE }).click();
  await page.getByRole('heading', { name: TITLE }).waitFor();
  assert.match(new URL(page.url()).pathname, /^\/incidents\/[0-9a-f]{32}$/);
  await page.getByRole('link', { name: 'INSTANCE_REFUSED' }).first().waitFor();
  await page.getByText('can be made. Look whether the process runs').waitFor();
  const runbook = page.getByRole('link', { name: 'Runbook of INSTANCE_REFUSED' }).first();
  assert.equal(await runbook.getAttribute('href'), 'https://wiki.example.org/runbooks/INSTANCE_REFUSED');
  await assertAccessible(page, 'an incident');
});

test('filters stand in the address, and so does what a colleague sees', async () => {
  const address = page.url();
  await page.goto(`${served.url}/incidents?kind=health&code=INSTANCE_REFUSED`);
  await page.getByRole('link', { name: TITLE }).waitFor();
  const field = page.getByLabel('Service', { exact: true });
  await field.focus();
  await page.keyboard.type('stock');
  await page.waitForURL(/about=stock/);
  await page.getByText('None is open.').waitFor();
  assert.equal(await field.inputValue(), 'stock', 'typing goes on');
  await page.reload();
  await page.getByText('None is open.').waitFor();
  await page.getByLabel('Service', { exact: true }).fill('orders');
  await page.getByRole('link', { name: TITLE }).waitFor();
  await assertAccessible(page, 'the list with its filter');
  await page.goto(address);
  await page.getByRole('heading', { name: TITLE }).waitFor();
});

test('opened by its address alone, as from an alert; and what is no incident says so', async () => {
  const address = page.url();
  await page.goto(address);
  await page.getByRole('heading', { name: TITLE }).waitFor();
  await page.goto(`${served.url}/incidents/${'0'.repeat(32)}`);
  await page.getByRole('heading', { name: 'No such incident' }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: TITLE }).waitFor();
});

test('a note is kept, by keyboard alone, and the whole is copied for whoever writes about it', async () => {
  const field = page.getByLabel('What you found out');
  await field.focus();
  await page.keyboard.type('It was never started.');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('.note').getByText('It was never started.').waitFor();
  assert.equal(await field.inputValue(), '');
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: served.url });
  await page.getByRole('button', { name: 'Copy as Markdown' }).click();
  await page.getByText('Copied', { exact: true }).waitFor();
  const copied = String(await page.evaluate('navigator.clipboard.readText()'));
  assert.match(copied, /^# orders: not well\n/);
  assert.match(copied, /ada: It was never started\.\n/);
});

test('alerts of a service are paused with a reason, and resumed', async () => {
  await page.goto(`${served.url}/?service=orders`);
  await page.getByText('Pause its alerts').click();
  await page.getByLabel('Why').fill('A new disk');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('Alerts are paused').waitFor();
  await assertAccessible(page, 'a service that is paused');
  await page.getByRole('link', { name: 'Audit' }).click();
  await page.getByRole('cell', { name: /^pause begun.*A new disk/ }).waitFor();
  await page.goBack();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('Pause its alerts').waitFor();
});

test('a bar, a row and a place in a chart lead to the incident that they are of', async () => {
  const strip = page.locator('.timeline svg').first();
  const incidents = page.getByRole('list', { name: 'Incidents in this time' }).getByRole('link');
  const opens = async (title: string): Promise<void> => {
    await page.getByRole('heading', { name: title }).waitFor();
    await page.goBack();
  };
  const pressAtEnd = async (): Promise<void> => {
    const box = await strip.boundingBox();
    assert.ok(box);
    await page.mouse.click(box.x + box.width - 4, box.y + box.height - 4);
  };
  await page.goto(`${served.url}/?service=orders`);
  await incidents.first().waitFor();
  await assertAccessible(page, 'a service with its incidents');
  await incidents.first().click();
  await opens(TITLE);
  await page
    .getByRole('region', { name: 'Changes' })
    .getByRole('link', { name: 'its incident' })
    .first()
    .click();
  await opens(TITLE);
  await incidents.first().waitFor();
  await pressAtEnd();
  await opens(TITLE);
  await page.getByRole('link', { name: 'Its incidents' }).click();
  await page.waitForURL(/\/incidents\?about=orders$/);

  const own = 'portal: not well';
  served.redis.freeze();
  try {
    await page.goto(`${served.url}/now?range=15m`);
    const row = page.locator('.events').getByRole('link', { name: 'its incident' }).first();
    await row.click({ timeout: 60_000 });
    await opens(own);
    await row.waitFor();
    await pressAtEnd();
    await opens(own);
    await seeCharts(page);
    await page.getByText('I: an incident begins').waitFor();
    const chart = page.locator('.chart .u-over').first();
    const { width } = (await chart.boundingBox()) ?? { width: 0 };
    await chart.click({ position: { x: width - 3, y: 20 } });
    await opens(own);
  } finally {
    served.redis.thaw();
  }
});

test('on a narrow screen nothing is cut off, and nothing went wrong', async () => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto(`${served.url}/incidents`);
  await page.getByRole('link', { name: TITLE }).click();
  await page.getByRole('heading', { name: TITLE }).waitFor();
  const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
  assert.equal(isWide, false);
  assert.deepEqual(traffic.errors, []);
});
