/**
 * The page while there is no service at all: what was known stays, in every view and over a reload, greyed and with its age, never
 * as how things are; and nothing stays once somebody has signed out.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startChromium, type Browser } from './chromium.js';
import { assertAccessible, seeCharts, untilHeadline, untilTitle } from './reader.js';
import { seedDay } from './seeded-day.js';
import { servePage, type ServedPage } from './served-page.js';

/** A frozen service is waited for before the shell is shown. */
const LONG = { timeout: 60_000 };

let browser: Browser;
let served: ServedPage;
let page: Page;

before(async () => {
  browser = await startChromium();
  served = await servePage({ prepare: seedDay });
  page = await browser.context.newPage();
  await page.goto(await served.link('ada', 'Owner'));
  await untilHeadline(page, 'Healthy');
  await seeCharts(page);
  await page.evaluate('navigator.serviceWorker.ready.then(() => undefined)');
});

afterEach(() => served.signal('SIGCONT'));

after(async () => {
  await browser?.close();
  await served?.close();
});

/** As it is seen, and not that nothing was measured or that it loads for ever. */
async function assertKnown(): Promise<void> {
  await page.locator('.timeline .healthy').first().waitFor({ state: 'attached' });
  await page.getByRole('heading', { name: 'Database' }).waitFor();
  await seeCharts(page);
  assert.equal(await page.getByText('Loading …').count(), 0);
  assert.doesNotMatch(await page.locator('.timeline figcaption').innerText(), /nothing measured|not known/);
  assert.equal(await page.locator('main.lost').count(), 1, 'greyed');
  await page.getByText(/last answer .* ago/).waitFor();
}

test('killed, and another view and back: what was read is still there', async () => {
  await page.getByRole('link', { name: 'Events' }).click();
  await page.locator('.events li').first().waitFor();
  await page.getByRole('link', { name: 'Now' }).click();
  await seeCharts(page);
  await served.stop('SIGKILL');
  await untilHeadline(page, 'the service does not answer');
  await page.getByRole('link', { name: 'Events' }).click();
  await page.locator('.events li').first().waitFor();
  await page.getByRole('link', { name: 'Now' }).click();
  await assertKnown();
});

test('reloaded without the service: the page, that it has no contact, and what it knew; then it is back by itself', async () => {
  await page.reload();
  await untilHeadline(page, 'the service does not answer', LONG.timeout);
  await page.getByText('ada').waitFor();
  await assertKnown();
  assert.doesNotMatch(await page.title(), /Healthy/);
  await assertAccessible(page, 'without the service');
  await page.goto(`${served.url}/events`);
  await page.locator('.events li').first().waitFor(LONG);
  await served.start();
  await untilHeadline(page, 'Healthy', LONG.timeout);
  await untilTitle(page, /Healthy/);
  assert.equal(await page.locator('main.lost').count(), 0);
});

test('a frozen service, which refuses nothing: the same, after some patience', async () => {
  await page.goto(`${served.url}/`);
  await seeCharts(page, LONG.timeout);
  served.signal('SIGSTOP');
  await page.reload(LONG);
  await untilHeadline(page, 'the service does not answer', LONG.timeout);
  await assertKnown();
  served.signal('SIGCONT');
  await untilHeadline(page, 'Healthy', LONG.timeout);
});

test('the shell says nothing about how things are, and another tab knows nothing', async () => {
  const kept = String(
    await page.evaluate(`caches.open('portal-shell').then(async (kept) => {
      const texts = [];
      for (const request of await kept.keys()) {
        const { pathname } = new URL(request.url);
        texts.push(pathname);
        if (!pathname.startsWith('/assets/')) texts.push(await (await kept.match(request)).text());
      }
      return texts.join('\\n');
    })`),
  );
  assert.match(kept, /<div id="page"><\/div>/);
  assert.doesNotMatch(kept, /data-status|Healthy|\/v1\//);
  await served.stop('SIGKILL');
  const other = await browser.context.newPage();
  try {
    await other.goto(`${served.url}/incidents/${'0'.repeat(32)}`);
    await untilHeadline(other, 'the service does not answer', LONG.timeout);
    assert.equal(await other.getByText('ada').count(), 0);
    assert.equal(await other.getByRole('heading', { name: 'Sign in' }).count(), 0, 'no form that must fail');
  } finally {
    await other.close();
    await served.start();
  }
});

test('who has signed out leaves nothing for the next reload', async () => {
  await untilHeadline(page, 'Healthy', LONG.timeout);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await served.stop('SIGKILL');
  await page.reload();
  await untilHeadline(page, 'the service does not answer', LONG.timeout);
  assert.equal(await page.getByText('ada').count(), 0);
  assert.equal(await page.locator('.timeline').count(), 0);
  assert.equal(await page.evaluate("sessionStorage.getItem('portal.kept') ?? '[]'"), '[]');
});
