/**
 * The page opens on the fleet: what needs an operator comes first, with shape, word and code; every place has an address; by
 * keyboard, on a phone, for axe, with both stores away, and with 10,000 instances.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { waitFor } from 'portal-test-kit';
import { startChromium, type Browser } from './chromium.js';
import { assertAccessible, headline, recordTraffic, takePicture, untilHeadline } from './reader.js';
import { servePage, type ServedPage } from './served-page.js';

const MANY = 10_000;

let browser: Browser;
let served: ServedPage;
let page: Page;
let traffic: ReturnType<typeof recordTraffic>;
let folder: string;
let fleetPath: string;
let origin: string;
let host: Server;

before(async () => {
  browser = await startChromium();
  folder = await mkdtemp(join(tmpdir(), 'portal-page-fleet-'));
  fleetPath = join(folder, 'fleet.yaml');
  host = createServer((_, response) => response.end('{"status":"healthy","errors":[]}')).listen(
    0,
    '127.0.0.1',
  );
  await once(host, 'listening');
  origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
  await writeFleet('');
  served = await servePage({ settings: { PORTAL_FLEET_FILE: fleetPath } });
  page = await browser.context.newPage();
  traffic = recordTraffic(page);
  await page.goto(await served.link('ada', 'Owner'));
});

after(async () => {
  await browser?.close();
  await served?.close();
  host?.closeAllConnections();
  host?.close();
  await rm(folder, { recursive: true, force: true });
});

async function writeFleet(more: string): Promise<void> {
  await writeFile(
    fleetPath,
    `
fleet: prod
defaults: { interval: 2s, timeout: 1s, failure_threshold: 1, success_threshold: 1 }
services:
  - { name: billing, labels: { team: money }, discover: { static: ['${origin}'] } }
  - { name: orders, labels: { team: shop }, discover: { static: ['${origin}', 'http://127.0.0.1:9'] } }
  - { name: stock, labels: { team: shop }, discover: { static: ['http://127.0.0.1:9'] } }
${more}`,
  );
}

async function open(path: string): Promise<void> {
  await page.goto(served.url + path);
  await page.getByRole('link', { name: 'Sessions' }).waitFor();
  await page.getByText('Loading …').first().waitFor({ state: 'detached' });
}

function row(name: string): Locator {
  return page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
}

test('it opens on the fleet, with what needs somebody first, what to do, and the healthy ones folded', async () => {
  await untilHeadline(page, 'Unhealthy · 2 of 4 services need you');
  assert.equal(new URL(page.url()).pathname, '/');
  await headline(page).getByText('Look whether the process runs and listens there.').waitFor();
  await row('orders').getByText('1 of 2 usable, 1 unreachable').waitFor();
  await row('orders').getByRole('link', { name: 'INSTANCE_REFUSED' }).waitFor();
  assert.deepEqual(await page.getByRole('rowheader').allInnerTexts(), ['stock', 'orders']);
  await page.getByText('5 instances: 2 unreachable, 3 healthy').waitFor();
  await page.locator('summary').press('Enter');
  await row('billing').getByText('1 of 1 usable').waitFor();
  assert.deepEqual(await page.getByRole('rowheader').allInnerTexts(), [
    'stock',
    'orders',
    'billing',
    'portal',
  ]);
  await takePicture(page, 'fleet');
});

test('each instance has a cell: drawn, and it leads to its service', async () => {
  await open('/');
  const canvas = page.locator('canvas');
  // The first is unreachable: a red square with a bar left out; the page itself reads what is drawn.
  await waitFor('the first cell', async () => {
    const [corner, middle] = (await page.evaluate(`[[2, 2], [6, 6]].map(([x, y]) =>
      [...document.querySelector('canvas').getContext('2d').getImageData(x, y, 1, 1).data].join())`)) as string[];
    return corner === '179,38,30,255' && middle === '0,0,0,0';
  });
  await canvas.click({ position: { x: 4, y: 4 } });
  await page.getByRole('heading', { name: 'stock' }).waitFor();
  assert.equal(new URL(page.url()).search, '?service=stock');
});

test('filter and groups stand in the address, so that a colleague sees the same', async () => {
  await open('/');
  await page.getByLabel('Label').selectOption('team:shop');
  await page.getByLabel('Group by').selectOption('team');
  await page.getByLabel('Search').fill('ord');
  await page.getByText('2 instances: 1 unreachable, 1 healthy').waitFor();
  const { search } = new URL(page.url());
  assert.equal(search, '?label=team:shop&search=ord&group=team');
  await open(`/${search}`);
  await page.getByRole('heading', { name: 'team: shop' }).waitFor();
  await row('orders').waitFor();
  assert.equal(await row('stock').count(), 0);
  await page.getByLabel('Search').fill('nothing of the kind');
  await page.getByText('No service matches.').waitFor();
});

test('by keyboard from the fleet to a service, its instance, and back', async () => {
  await open('/');
  await page.getByRole('link', { name: 'orders', exact: true }).press('Enter');
  await page.getByRole('heading', { name: 'orders' }).waitFor();
  assert.equal(new URL(page.url()).search, '?service=orders');
  await row('127.0.0.1:9').getByText('No connection to the instance can be made').waitFor();
  // What happened to it is kept, and shown.
  await page.getByRole('heading', { name: 'Status history' }).waitFor();
  const healthyTime = page.getByRole('region', { name: 'Healthy time' });
  await healthyTime.getByRole('img', { name: /^Of 90 days 1 / }).waitFor();
  await healthyTime.getByRole('columnheader', { name: '90 days' }).waitFor();
  await page.getByText('worst of each').waitFor();
  await page
    .getByRole('region', { name: 'Changes' })
    .getByText('127.0.0.1:9')
    .first()
    .waitFor({ timeout: 60_000 })
    .catch(async () => assert.fail(await page.locator('main').innerText()));
  await page.getByRole('link', { name: 'healthy 1' }).press('Enter');
  await row('127.0.0.1:9').waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'unreachable 1' }).press('Enter');
  await page.getByRole('link', { name: '127.0.0.1:9', exact: true }).press('Enter');
  await page.getByRole('heading', { name: '127.0.0.1:9' }).waitFor();
  await page.getByText('never').waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: 'orders' }).waitFor();
  await healthyTime.getByRole('columnheader', { name: '90 days' }).waitFor();
});

test('this service is an instance of its own fleet, and its place is the page of this service', async () => {
  await open('/?service=portal');
  await page.getByRole('rowheader').getByRole('link').press('Enter');
  await page.getByRole('heading', { name: 'Status history' }).waitFor();
  await open('/now');
  await page.getByRole('heading', { name: 'Status history' }).waitFor();
});

test('no place of it has anything for axe to say or is wider than a phone, by day, by night and in forced colours', async () => {
  const places = ['/', '/?group=team', '/?service=orders', '/?service=orders&instance=127.0.0.1:9'];
  for (const path of places) {
    await page.setViewportSize({ width: 1280, height: 900 });
    await open(path);
    for (const media of [
      { colorScheme: 'dark' as const },
      { forcedColors: 'active' as const },
      { colorScheme: 'light' as const, forcedColors: 'none' as const },
    ]) {
      await page.emulateMedia(media);
      await assertAccessible(page, `${path} ${JSON.stringify(media)}`);
    }
    // Also what is left of 1,280 pixels at 400 %.
    await page.setViewportSize({ width: 320, height: 800 });
    await waitFor(
      `${path} to be no wider than 320`,
      async () => Number(await page.evaluate('document.documentElement.scrollWidth')) <= 320,
    );
  }
  await page.setViewportSize({ width: 1280, height: 900 });
});

test('ten thousand instances are one picture, and rows where somebody asks for them', async () => {
  const targets = Array.from({ length: MANY }, (_, index) => `127.1.${index >> 8}.${index & 255}:9`);
  await writeFile(join(folder, 'many.json'), JSON.stringify([{ targets }]));
  const list = join(folder, 'many.json');
  await writeFleet(
    `  - { name: many, scheme: http, networks: [127.0.0.0/8], interval: 1h, discover: { file_sd: ['${list}'] } }\n`,
  );
  try {
    await assertMany();
  } finally {
    await writeFleet('');
  }
  await open('/');
  await row('many').waitFor({ state: 'detached', timeout: 60_000 });
});

async function assertMany(): Promise<void> {
  await open('/');
  await row('many').waitFor({ timeout: 60_000 });
  // The first 10,000 of all are watched.
  await page.getByText('FLEET_TOO_MANY').first().waitFor({ timeout: 60_000 });
  const answer = await page.request.get(`${served.url}/v1/admin/fleet`);
  assert.ok((await answer.body()).length < 60_000);
  await waitFor('a picture of all of them', async () => {
    const height = Number(await page.evaluate('document.querySelector("canvas").clientHeight'));
    return height > 100 && height <= 480;
  });
  await open('/?service=many');
  await page.getByRole('button', { name: '100 more of' }).waitFor();
  const instances = page.getByRole('region', { name: 'Instances' });
  assert.equal(await instances.getByRole('rowheader').count(), 100);
  await page.getByRole('button', { name: '100 more of' }).press('Enter');
  await instances.getByRole('rowheader').nth(199).waitFor();
  assert.ok(Number(await page.evaluate('document.querySelectorAll("*").length')) < 5_000);
}

test('with both stores away it still opens, and this service is among those that need somebody', async () => {
  await served.postgres.freeze();
  served.redis.freeze();
  try {
    await untilHeadline(page, '3 of 4 services need you');
    await page.reload();
    await untilHeadline(page, '3 of 4 services need you');
    // The watcher's own trouble stands beside it.
    await untilHeadline(page, 'the database does not answer');
    await row('portal').getByRole('link', { name: 'DATABASE_TIMEOUT' }).waitFor();
  } finally {
    await served.postgres.thaw();
    served.redis.thaw();
  }
  await untilHeadline(page, '2 of 4 services need you');
  assert.deepEqual(traffic.errors, []);
});

test('what the instances run stands beside how they are, and changes no status', async (t) => {
  const hosts = ['a', 'b'].map((letter) =>
    createServer((_, response) =>
      response.end(`{"status":"healthy","errors":[],"source_hash":"${letter.repeat(64)}"}`),
    ).listen(0, '127.0.0.1'),
  );
  t.after(() => {
    for (const one of hosts) one.closeAllConnections();
    for (const one of hosts) one.close();
  });
  await Promise.all(hosts.filter(({ listening }) => !listening).map((one) => once(one, 'listening')));
  const targets = hosts.map((one) => `127.0.0.1:${(one.address() as AddressInfo).port}`);
  const origins = targets.map((target) => `'http://${target}'`).join();
  await writeFleet(`  - { name: rolled, discover: { static: [${origins}] } }\n`);
  await open('/');
  const line = page.locator('p', { hasText: 'Source of rolled: ↻ rolling, 1 of 2' });
  await line.waitFor({ timeout: 60_000 });
  await assertNotch();
  await assertAccessible(page, 'the fleet');
  await line.getByRole('link', { name: 'rolled' }).press('Enter');
  await page.getByRole('heading', { name: 'rolled' }).waitFor();
  await page.getByText('2 of 2 usable').waitFor();
  const source = page.getByRole('region', { name: 'Source' });
  await source.getByText('aaaaaaaaaaaa').waitFor();
  await source.getByText('1 instance, seen since').first().waitFor();
  const odd = source.getByRole('link').first();
  assert.ok(targets.includes(await odd.innerText()));
  await assertAccessible(page, 'a service');
  await odd.press('Enter');
  await page.getByText('Responded').waitFor();
  await writeFleet('');
});

/** In the upper right corner of one cell, where a circle leaves nothing. */
async function assertNotch(): Promise<void> {
  await page.getByText('healthy; notch: 1 runs another source').waitFor();
  let places: readonly number[] = [];
  await waitFor('one notch', async () => {
    const corners =
      (await page.evaluate(`Array.from({ length: 12 }, (_, place) => [...document.querySelector('canvas')
      .getContext('2d').getImageData(place * 16 + 11, 1, 1, 1).data].join())`)) as string[];
    places = corners.flatMap((corner, place) => (corner === '22,25,29,255' ? [place] : []));
    return places.length === 1;
  });
  await page.locator('canvas').hover({ position: { x: (places[0] ?? 0) * 16 + 6, y: 8 } });
  await waitFor(
    'its words',
    async () =>
      (await page.locator('canvas').getAttribute('title')) === 'rolled: healthy, runs another source',
  );
}

test('an instance that is unwell says why on its own view', async (t) => {
  const reasons = [{ code: 'LOCK_QUEUE', explains: 'DATABASE_SLOW', figures: { sessions: 14 } }];
  const unwell = createServer((request, response) =>
    response.end(
      request.url === '/health/reasons'
        ? JSON.stringify({ reasons })
        : '{"status":"degraded","errors":["It is slow (DATABASE_SLOW)"]}',
    ),
  ).listen(0, '127.0.0.1');
  t.after(() => {
    unwell.closeAllConnections();
    unwell.close();
  });
  if (!unwell.listening) await once(unwell, 'listening');
  const target = `127.0.0.1:${(unwell.address() as AddressInfo).port}`;
  const token = join(folder, 'token');
  await writeFile(token, 'secret');
  await writeFleet(
    `  - { name: slow, discover: { static: ['http://${target}'] }, authorization: { credentials_file: '${token}' } }\n`,
  );
  await open('/');
  await page.getByRole('link', { name: 'slow', exact: true }).press('Enter', { timeout: 60_000 });
  await page.getByRole('link', { name: target, exact: true }).press('Enter');
  const why = page.getByRole('list', { name: 'Why' }).getByRole('listitem');
  await why.getByText('LOCK_QUEUE').waitFor({ timeout: 60_000 });
  assert.match(await why.innerText(), /14/);
  await assertAccessible(page, 'an instance that says why');
  await writeFleet('');
});
