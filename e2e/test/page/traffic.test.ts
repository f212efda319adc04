/**
 * What the first view costs, and an open tab: bytes on the wire as the browser counts them, over minutes of real polling, taken to an hour; next to
 * nothing while it is hidden; and no node and no listener is kept of what it has shown.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession, Page } from 'playwright-core';
import { waitFor } from 'portal-test-kit';
import { startChromium, type Browser } from './chromium.js';
import { seeCharts, untilHeadline } from './reader.js';
import { seedDay } from './seeded-day.js';
import { servePage, type ServedPage } from './served-page.js';

/** The page with all that it asks for until it is scrolled, in bytes. */
const MOST_FIRST = 60_000;
const SETTLED_MS = 3_000;
/** An hour of an open tab, and of one that nobody looks at, in bytes. */
const MOST_OPEN = 1_500_000;
const MOST_HIDDEN = 100_000;
/** So that what is asked for once a minute is among it. */
const OPEN_MS = 61_000;
/** A hidden page goes on as before for ten seconds, then asks for the status once a minute. */
const REST_AFTER_MS = 9_000;
const QUESTION_MS = 5_000;
const HIDDEN_MS = 6_000;
const REST_EVERY_MS = 60_000;
const HOUR_MS = 3_600_000;

let browser: Browser;
let served: ServedPage;
let page: Page;
let session: CDPSession;
let wire: Wire;

/** What has come over the wire, as the browser counts it. */
interface Wire {
  bytes: number;
  /** Of them, since they were last looked at. */
  readonly byPath: Map<string, number>;
}

async function countBytes(of: CDPSession): Promise<Wire> {
  const counted: Wire = { bytes: 0, byPath: new Map() };
  const paths = new Map<string, string>();
  const count = (requestId: string, length: number): void => {
    counted.bytes += length;
    const path = paths.get(requestId) ?? '';
    counted.byPath.set(path, (counted.byPath.get(path) ?? 0) + length);
  };
  of.on('Network.requestWillBeSent', ({ requestId, request }) =>
    paths.set(requestId, new URL(request.url).pathname),
  );
  of.on('Network.dataReceived', ({ requestId, encodedDataLength }) => count(requestId, encodedDataLength));
  // Heads are counted with what ends; a stream that goes on has sent one long ago.
  of.on('Network.responseReceived', ({ requestId, response }) =>
    count(requestId, response.encodedDataLength),
  );
  await of.send('Network.enable');
  return counted;
}

before(async () => {
  browser = await startChromium();
  served = await servePage({ prepare: seedDay });
  page = await browser.context.newPage();
  session = await browser.context.newCDPSession(page);
  wire = await countBytes(session);
  await page.goto(await served.link('ada', 'Owner'));
  await untilHeadline(page, 'Healthy');
  await seeCharts(page);
});

after(async () => {
  await browser?.close();
  await served?.close();
});

/** Bytes of an hour, by those of some seconds. */
async function bytesAnHour(forMs: number): Promise<number> {
  wire.byPath.clear();
  const already = wire.bytes;
  const startMs = performance.now();
  await sleep(forMs);
  return ((wire.bytes - already) / (performance.now() - startMs)) * HOUR_MS;
}

/** What leaks first: nodes and listeners that nobody lets go of. */
async function kept(): Promise<{ readonly nodes: number; readonly jsEventListeners: number }> {
  await session.send('HeapProfiler.collectGarbage');
  return session.send('Memory.getDOMCounters');
}

test('the first view is at most 60 kB in all, and the charts come with who scrolls to them', async (t) => {
  const fresh = await browser.context.newPage();
  try {
    const devtools = await browser.context.newCDPSession(fresh);
    const first = await countBytes(devtools);
    await devtools.send('Network.setCacheDisabled', { cacheDisabled: true });
    await devtools.send('Network.setBypassServiceWorker', { bypass: true });
    await fresh.goto(`${served.url}/`);
    await untilHeadline(fresh, 'Healthy');
    await fresh.locator('.timeline .healthy').first().waitFor({ state: 'attached' });
    await fresh.locator('.healthy-time .days').waitFor({ state: 'attached' });
    await sleep(SETTLED_MS);
    t.diagnostic(`${first.bytes} bytes: ${JSON.stringify(Object.fromEntries(first.byPath))}`);
    assert.ok(first.bytes > 20_000, 'they were counted');
    assert.ok(first.bytes <= MOST_FIRST, `${first.bytes} bytes`);
    assert.ok(![...first.byPath.keys()].some((path) => path.includes('/chart-')), 'nobody sees a chart');
    await seeCharts(fresh);
    assert.ok([...first.byPath.keys()].some((path) => path.includes('/chart-')));
  } finally {
    await fresh.close();
  }
});

test('an open tab costs at most 1.5 MB an hour, and keeps no node and no listener of what it has shown', async (t) => {
  await sleep(5_000);
  const first = await kept();
  const hour = await bytesAnHour(OPEN_MS);
  const last = await kept();
  t.diagnostic(`in ${OPEN_MS / 1_000} s: ${JSON.stringify(Object.fromEntries(wire.byPath))}`);
  t.diagnostic(`${Math.round(hour / 1_000)} kB an hour`);
  assert.ok(hour > 0, 'it follows');
  assert.ok(hour <= MOST_OPEN, `${Math.round(hour)} bytes an hour`);
  assert.ok(last.nodes <= first.nodes + 200, `${first.nodes} nodes, then ${last.nodes}`);
  assert.ok(
    last.jsEventListeners <= first.jsEventListeners + 20,
    `${first.jsEventListeners} listeners, then ${last.jsEventListeners}`,
  );
});

test('one that nobody looks at costs at most 0.1 MB an hour, and catches up when it is looked at', async (t) => {
  const hide = (state: string): Promise<unknown> =>
    page.evaluate(`(() => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => '${state}' });
      document.dispatchEvent(new Event('visibilitychange'));
    })()`);
  await hide('hidden');
  await sleep(REST_AFTER_MS);
  const asked = wire.bytes;
  wire.byPath.clear();
  await sleep(QUESTION_MS);
  const once = wire.bytes - asked;
  await sleep(HIDDEN_MS);
  assert.equal(
    wire.bytes - asked,
    once,
    `and then it is quiet: ${JSON.stringify(Object.fromEntries(wire.byPath))}`,
  );
  const hour = once * (HOUR_MS / REST_EVERY_MS);
  t.diagnostic(`${Math.round(hour / 1_000)} kB an hour while it is hidden`);
  assert.ok(once > 0, 'it asks how things are');
  assert.ok(hour <= MOST_HIDDEN, `${hour} bytes an hour`);
  const already = wire.bytes;
  await hide('visible');
  await waitFor('what is new to be asked for', () => wire.bytes > already, { timeoutMs: 30_000 });
});
