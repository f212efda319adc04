/** Why it is so stands below the cause, and in the events with begin and end; readable for everybody. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startChromium, type Browser } from './chromium.js';
import { assertAccessible, headline, untilHeadline } from './reader.js';
import { servePage, type ServedPage } from './served-page.js';

let browser: Browser;
let served: ServedPage;
let page: Page;

before(async () => {
  browser = await startChromium();
  served = await servePage({ settings: { PORTAL_EXPLAIN_INTERVAL_MS: '1000' } });
  page = await browser.context.newPage();
  await page.goto(await served.link('ada', 'Owner'));
  await untilHeadline(page, 'Healthy');
});

after(async () => {
  await browser?.close();
  await served?.close();
});

test('a cache that refuses writes says why, with its age, what users notice and what to do next', async () => {
  await served.redis.command('CONFIG', 'SET', 'min-replicas-to-write', 1);
  await served.redis.command('SET', 'refused', 1).catch(() => undefined);
  await untilHeadline(page, 'too few replicas follow it');
  const text = await headline(page).locator('.reasons li').first().innerText();
  assert.match(text, /as of \d+ s ago/);
  assert.match(text, /CACHE_WRITES_REFUSED/);
  assert.match(text, /Users\s+Slower answers/);
  assert.match(text, /Next\s+See the disk and the log of the cache/);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await assertAccessible(page, `the reasons ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 320, height: 844 });
  assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= 320);
  await page.setViewportSize({ width: 1280, height: 900 });
});

test('its event has an end', async () => {
  await served.redis.command('CONFIG', 'SET', 'min-replicas-to-write', 0);
  await untilHeadline(page, 'Healthy');
  await page.goto(`${served.url}/events`);
  const event = page.locator('.events li').filter({ hasText: 'Reason' });
  await event.filter({ hasText: 'too few replicas follow it' }).filter({ hasText: 'lasted' }).waitFor();
});
