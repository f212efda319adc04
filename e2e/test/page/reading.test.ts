/**
 * The page for every reader, in a real browser: a day of history, on a phone, in the dark, without a mouse, without
 * colours, and with what helps those who cannot see it.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startChromium, type Browser } from './chromium.js';
import { assertAccessible, layoutShift, seeCharts, untilHeadline } from './reader.js';
import { seedDay } from './seeded-day.js';
import { servePage, type ServedPage } from './served-page.js';

const VIEWS = [
  '/',
  '/fleet',
  '/now',
  '/incidents',
  '/alerts',
  '/events',
  '/integrity',
  '/sessions',
  '/audit',
];
/** Of a view, as browsers count it. */
const MOST_SHIFT = 0.05;
/** The smallest is also a desktop at 400 %. */
const WIDTHS = [320, 390, 768, 1280, 1920];

let browser: Browser;
let served: ServedPage;
let page: Page;

before(async () => {
  browser = await startChromium();
  served = await servePage({ prepare: seedDay });
  page = await browser.context.newPage();
  await assertAnonymous();
  await page.goto('about:blank');
  await page.goto(await served.link('ada', 'Owner'));
  await untilHeadline(page, 'Healthy');
});

after(async () => {
  await browser?.close();
  await served?.close();
});

/** What anybody sees, before there is a session. */
async function assertAnonymous(): Promise<void> {
  await page.goto(served.url);
  await untilHeadline(page, 'Healthy');
  await page.getByText('does not answer').waitFor({ state: 'detached' });
  await assertAccessible(page, 'for anybody');
  // No setting says where codes go: so none is offered, and the page names whom to ask.
  await page.getByText('Ask the operator of this service for a code.').waitFor();
  await page.getByText('portal login-code create --user NAME').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Send me a code' }).count(), 0);
  assert.equal(await page.getByLabel('User name', { exact: true }).count(), 0);
  await page.getByLabel('Code', { exact: true }).fill('WRONGONE');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('This code is not right').waitFor();
}

async function open(path: string): Promise<void> {
  await page.goto(served.url + path);
  await untilHeadline(page, 'Healthy');
  await page.getByText('Loading …').first().waitFor({ state: 'detached' });
}

test('a day of history: what was bad and what was not measured, in words, shape and picture', async () => {
  await open('/?range=24h');
  await page.getByText('Fleet default: this service alone, healthy').waitFor();
  const caption = page.locator('.timeline figcaption');
  await caption.filter({ hasText: /degraded (29|30|31|32) min/ }).waitFor();
  assert.match(await caption.innerText(), /not measured 1 h/);
  await page.locator('.timeline .degraded').first().waitFor({ state: 'attached' });
  await seeCharts(page);
  await page.locator('.chart .u-over').nth(5).waitFor();
});

test('1 min 57 s of outage are 1 min 57 s in every range that holds them, and the strip says what a bar is', async () => {
  for (const range of ['15m', '6h', '24h', '7d', '30d', '1y']) {
    await open(`/?range=${range}`);
    const caption = page.locator('.timeline figcaption');
    await caption.filter({ hasText: 'worst of each' }).waitFor();
    assert.match(await caption.innerText(), /unhealthy 1 min 57 s ·/, range);
    await page.locator('.timeline .unhealthy').first().waitFor({ state: 'attached' });
  }
  await open('/events?range=15m');
  await page.getByText('Healthy → unhealthy').nth(1).waitFor();
  const hoursAgo = page.locator('.events li').filter({ hasText: 'CACHE_TIMEOUT' });
  assert.equal(await hoursAgo.count(), 0);
  await page.getByText('after 1 min 17 s unhealthy').waitFor();
  await open('/events?range=24h');
  await hoursAgo.first().waitFor();
});

test('who came in, and who was refused before', async () => {
  await open('/audit');
  await page.getByRole('row').filter({ hasText: 'signed in' }).filter({ hasText: 'ada' }).first().waitFor();
  await page.getByRole('row').filter({ hasText: 'refused' }).first().waitFor();
});

test('pointing at a chart marks the moment everywhere and says when; dragging looks closer, and has an address', async () => {
  await open('/?range=24h');
  await seeCharts(page);
  const chart = page.locator('.chart .u-over').first();
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  assert.ok(box);
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.4, y);
  await page.locator('.timeline .at').waitFor({ state: 'attached' });
  await page
    .locator('section[aria-labelledby=charts] .title')
    .getByText(/^at .*\d\d:\d\d:\d\d/)
    .waitFor();
  await page
    .locator('.timeline figcaption')
    .getByText(/at .*\d\d:\d\d:\d\d: (healthy|degraded|not measured)/)
    .waitFor();
  assert.match(
    await page.locator('.chart').first().innerText(),
    /p50 [\d.]+ ms( \([\d.]+ ms to [\d.]+ ms\))?[^]*p95 [\d.]+ ms[^]*p99 [\d.]+ ms/,
  );
  const entries = Number(await page.evaluate('history.length'));
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, y, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/\?from=.*&to=/);
  assert.equal(Number(await page.evaluate('history.length')), entries + 1, 'one way back');
  const zoomed = page.url();
  await open(zoomed.slice(served.url.length));
  assert.equal(page.url(), zoomed);
  const length = ([from = '', to = '']: readonly string[]): number => Date.parse(to) - Date.parse(from);
  const spanOf = (url: string): number =>
    length(['from', 'to'].map((name) => new URL(url).searchParams.get(name) ?? ''));
  await page.getByRole('button', { name: 'Zoom out' }).click();
  await page.waitForURL((url) => url.href !== zoomed);
  assert.ok(Math.abs(spanOf(page.url()) - 2 * spanOf(zoomed)) < 2_000);
});

test('a chart looks closer under a finger too, is marked where the service began, and can be had as a table', async () => {
  await open('/?range=24h');
  await page.getByText('R: a start of the service').waitFor();
  await seeCharts(page);
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'CSV of Database latency' }).click();
  const file = await saved;
  assert.equal(file.suggestedFilename(), 'database_latency_ms.csv');
  const lines = (await readFile(await file.path(), 'utf8')).split('\r\n');
  assert.match(lines[0] ?? '', /^time,database_latency_ms_mean,/);
  assert.ok(lines.length > 700, `${lines.length} lines`);
  const chart = page.locator('.chart .u-over').first();
  await chart.scrollIntoViewIfNeeded();
  const box = await chart.boundingBox();
  assert.ok(box);
  const session = await browser.context.newCDPSession(page);
  const finger = (type: 'touchStart' | 'touchMove' | 'touchEnd', part: number): Promise<unknown> =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: type === 'touchEnd' ? [] : [{ x: box.x + box.width * part, y: box.y + box.height / 2 }],
    });
  await finger('touchStart', 0.3);
  for (const part of [0.35, 0.4, 0.5, 0.6]) await finger('touchMove', part);
  await finger('touchEnd', 0.6);
  await page.waitForURL(/\?from=.*&to=/);
  await session.detach();
});

test('times and numbers in the language and zone of the reader; and in UTC at the press of a button, on a phone too', async (t) => {
  const other = await startChromium({ locale: 'de-DE', timezoneId: 'Asia/Tokyo' });
  t.after(() => other.close());
  const tab = await other.context.newPage();
  await tab.setViewportSize({ width: 320, height: 640 });
  await tab.goto(await served.link('tokyo', 'Admin'));
  const first = tab.locator('.timeline time').first();
  const [shown, at] = await Promise.all([first.innerText(), first.getAttribute('datetime')]);
  const second = Math.floor(Date.parse(String(at)) / 1_000) * 1_000;
  // Between the two readings the clock may go on.
  const inTokyo = [-1_000, 0, 1_000].map((offMs) =>
    new Date(second + offMs).toLocaleTimeString('de-DE', { timeZone: 'Asia/Tokyo' }),
  );
  assert.ok(
    inTokyo.some((time) => shown.trim().endsWith(time)),
    `${shown} is ${at} in Tokyo`,
  );
  await tab
    .getByText(/^\d+,\d ms$/)
    .first()
    .waitFor();
  const isUtc = tab.getByRole('button', { name: 'Times in UTC' });
  await isUtc.click();
  await tab.goto(`${served.url}/events`);
  assert.equal(await isUtc.getAttribute('aria-pressed'), 'true', 'it is kept');
  const when = tab.locator('.events .when').first();
  const event = String(await when.locator('time').getAttribute('datetime'));
  assert.ok((await when.innerText()).trim().endsWith(`${event.slice(11, 19)} UTC`));
  await assertAccessible(tab, 'times in UTC');
  await isUtc.click();
  assert.doesNotMatch(await when.innerText(), /UTC/);
});

test('no view has anything for axe to say, by day or by night', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const view of VIEWS) {
      await open(view);
      await assertAccessible(page, `${view} ${colorScheme}`);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
});

test('in forced colours one tab and one range are marked, and axe has nothing to say', async () => {
  await page.emulateMedia({ forcedColors: 'active' });
  for (const view of VIEWS) {
    await open(view);
    for (const links of ['.tabs a', '.ranges a']) {
      // A border is seen where it differs from what it lies on.
      const [all, marked] = (await page.evaluate(`(() => {
        const links = [...document.querySelectorAll('${links}')];
        const paper = getComputedStyle(document.body).backgroundColor;
        return [links.length, links.filter((one) => getComputedStyle(one).borderBottomColor !== paper).length];
      })()`)) as [number, number];
      assert.equal(marked, Math.min(1, all), `${links} of ${view}`);
    }
    await assertAccessible(page, `${view} in forced colours`);
  }
  await page.emulateMedia({ forcedColors: 'none' });
});

test('nothing moves while a view arrives', async (t) => {
  for (const width of [390, 1280]) {
    await page.setViewportSize({ width, height: 900 });
    for (const view of [...VIEWS, '/docs', '/docs/errors']) {
      await page.goto('about:blank');
      if (view.startsWith('/docs')) await page.goto(served.url + view);
      else await open(view);
      const { sum, moved } = await layoutShift(page);
      t.diagnostic(`${view} at ${width}: ${sum.toFixed(3)}`);
      assert.ok(sum <= MOST_SHIFT, `${view} at ${width}: ${sum} by ${moved.join('; ')}`);
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
});

test('no view is wider than its window, from the smallest phone on', async () => {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 844 });
    for (const view of VIEWS) {
      await open(view);
      const wide = await page.evaluate('document.documentElement.scrollWidth');
      assert.ok(Number(wide) <= width, `${view} is ${Number(wide)} wide at ${width}`);
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
});

test('the guides are pages: a code has its place, on a phone too, by day and by night', async () => {
  for (const guide of ['', 'errors', 'reasons', 'fleet', 'settings', 'integrity']) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`${served.url}/docs${guide && `/${guide}`}`);
      await assertAccessible(page, `/docs/${guide} ${colorScheme}`);
    }
    await page.setViewportSize({ width: 320, height: 844 });
    const wide = await page.evaluate('document.documentElement.scrollWidth');
    assert.ok(Number(wide) <= 320, `${guide} is ${Number(wide)} wide at 320`);
    await page.setViewportSize({ width: 1280, height: 900 });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(`${served.url}/docs/errors#CACHE_TIMEOUT`);
  const row = page.locator('tr:target');
  assert.match(await row.innerText(), /CACHE_TIMEOUT/);
  await page.goto(`${served.url}/nonsense`);
  await page.getByRole('link', { name: 'To the page of the service' }).click();
  await page.waitForURL(`${served.url}/`);
});

test('by keyboard alone: to the content, from view to view, the report and back', async () => {
  await open('/');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to content');
  await page.keyboard.press('Enter');
  await tabTo('Events');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${served.url}/events`);
  await page.keyboard.press('j');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await dialog.filter({ hasText: /"status": "healthy"/ }).waitFor();
  await dialog.filter({ hasText: /curl http.*\/v1\/admin\/health/ }).waitFor();
  await assertAccessible(page, 'the report');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await tabTo('Sign out');
});

async function focused(): Promise<string> {
  return String(await page.evaluate('document.activeElement.innerText')).trim();
}

async function tabTo(name: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    if ((await focused()) === name) return;
  }
  assert.fail(`No way to ${name} by keyboard.`);
}
