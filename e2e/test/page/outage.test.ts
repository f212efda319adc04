/**
 * The page while things break, in a real browser: updated without a reload, with cause and advice; readable while both
 * stores are frozen; honest when the service itself is silent; closed to users who may not read it.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { waitFor } from 'portal-test-kit';
import { startChromium, type Browser } from './chromium.js';
import {
  assertAccessible,
  headline,
  layoutShift,
  recordTraffic,
  takePicture,
  untilHeadline,
  untilTitle,
} from './reader.js';
import { servePage, type ServedPage } from './served-page.js';
import { startSwallowingProxy } from './swallowing-proxy.js';

let browser: Browser;
let served: ServedPage;
let page: Page;
let heard: ReturnType<typeof recordTraffic>;
let users = 0;

before(async () => {
  browser = await startChromium();
  served = await servePage({ settings: { PORTAL_RUNBOOK_URL: 'https://wiki.example.org/?of={code}' } });
  page = await browser.context.newPage();
  heard = recordTraffic(page);
});

afterEach(async () => {
  served.signal('SIGCONT');
  await served.postgres.thaw();
  served.redis.thaw();
});

after(async () => {
  await browser?.close();
  await served?.close();
});

/** Opens the page as a user of this level, by a link that works once. */
async function enter(permission: string): Promise<string> {
  users += 1;
  const name = `reader-${users}`;
  await browser.context.clearCookies();
  await page.goto('about:blank');
  await page.goto(await served.link(name, permission));
  await page.getByText(name).waitFor();
  return name;
}

test('one click on the link: signed in, and no code left in the address', async () => {
  await enter('Owner');
  await untilHeadline(page, 'Healthy');
  assert.equal(page.url(), `${served.url}/`);
  await page.reload();
  await untilHeadline(page, 'Healthy');
  await page.getByRole('link', { name: 'Audit' }).waitFor();
  await untilTitle(page, /^● Healthy/);
});

test('a link works once, and the page says so', async () => {
  const link = await served.link('once', 'Admin');
  await browser.context.clearCookies();
  for (const said of ['Sign out', 'This link was used before, or is too old.']) {
    await page.goto('about:blank');
    await page.goto(link);
    await page.getByText(said).waitFor();
    await browser.context.clearCookies();
  }
});

test('a frozen database: told without a reload, with cause, effect and advice; and so is its return', async (t) => {
  await enter('Admin');
  await untilHeadline(page, 'Healthy');
  const frozenMs = performance.now();
  await served.postgres.freeze();
  await untilHeadline(page, 'Unhealthy');
  t.diagnostic(`told ${Math.round(performance.now() - frozenMs)} ms after it was frozen`);
  const words = await headline(page).innerText();
  assert.match(words, /the database does not answer in time/);
  assert.match(words, /Users\s+Whatever needs the database hangs/);
  assert.match(words, /Next\s+Look at the server's machine first/);
  assert.match(words, /since \d\d:\d\d:\d\d \((\d+ min )?\d+ s\)/);
  const runbook = headline(page).getByRole('link', { name: 'Runbook of DATABASE_TIMEOUT' });
  assert.equal(await runbook.getAttribute('href'), 'https://wiki.example.org/?of=DATABASE_TIMEOUT');
  await page.getByText('Healthy → unhealthy').waitFor();
  await page.locator('.timeline .unhealthy').waitFor({ state: 'attached' });
  await takePicture(page, 'outage');
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    await assertAccessible(page, `unhealthy, ${colorScheme}`);
  }
  await served.postgres.thaw();
  await untilHeadline(page, 'Healthy');
  // The question that was on its way when it thawed may have come back slow: then it was degraded in between.
  await page
    .getByText(/(Unhealthy|Degraded) → healthy/)
    .first()
    .waitFor();
  await page
    .locator('.timeline figcaption')
    .filter({ hasText: /unhealthy (\d+ min )?\d+ s/ })
    .waitFor();
});

test('both stores frozen: whoever is signed in reloads, and reads history, events and integrity', async () => {
  await enter('Admin');
  await untilHeadline(page, 'Healthy');
  await served.postgres.freeze();
  served.redis.freeze();
  await untilHeadline(page, 'Unhealthy');
  await page.reload();
  await untilHeadline(page, 'Unhealthy');
  await headline(page).getByText('1 more: the cache does not answer in time').waitFor();
  await page.locator('.chart').first().waitFor();
  await page.goto(`${served.url}/events`);
  await page.getByText('Healthy → unhealthy').first().waitFor();
  await page.goto(`${served.url}/integrity`);
  await page.getByRole('rowheader', { name: 'At the start' }).waitFor();
});

test('nobody signed in while the database is frozen: what to do, and no form that must fail; both are back with it', async () => {
  await browser.context.clearCookies();
  await page.goto(served.url);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await served.postgres.freeze();
  await untilHeadline(page, 'Unhealthy');
  const words = await headline(page).innerText();
  assert.match(words, /Means\s+\S/);
  assert.match(words, /Next\s+Look at the server's machine first/);
  await page.getByText('Nobody can sign in while the database does not answer').waitFor();
  assert.equal(await page.getByRole('link', { name: /^Runbook/ }).count(), 0, 'it names a host');
  assert.equal(await page.locator('form').count(), 0);
  await assertAccessible(page, 'unhealthy, nobody signed in');
  await served.postgres.thaw();
  await untilHeadline(page, 'Healthy');
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
});

test('before any script runs, and with scripts off, the verdict can be read; nothing moves when the page takes it over', async (t) => {
  await served.postgres.freeze();
  await untilPublic('unhealthy');
  const other = await startChromium({ hasScripts: false });
  t.after(() => other.close());
  const tab = await other.context.newPage();
  await tab.goto(served.url);
  const words = await headline(tab).innerText();
  assert.match(words, /■ Unhealthy · the database does not answer in time/);
  assert.match(words, /since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
  await served.postgres.thaw();
  await untilPublic('healthy');
  await browser.context.clearCookies();
  await page.goto('about:blank');
  await page.goto(served.url);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  const shift = await layoutShift(page);
  assert.ok(shift.sum <= 0.05, JSON.stringify(shift));
});

/** Waits for the service to say so to anyone. */
async function untilPublic(status: string): Promise<void> {
  await waitFor(
    `the service to be ${status}`,
    async () => {
      const answer = (await (await fetch(`${served.url}/v1/status`)).json()) as { status: string };
      return answer.status === status;
    },
    { timeoutMs: 60_000 },
  );
}

test('silence of the service is told, counted, and never shown as health', async () => {
  await enter('Admin');
  await untilHeadline(page, 'Healthy');
  served.signal('SIGSTOP');
  await untilHeadline(page, 'the service does not answer');
  const words = await headline(page).innerText();
  assert.match(words, /last answer \d+ s ago/);
  assert.ok(!words.includes('Healthy'));
  await untilTitle(page, /^◌ Unknown/);
  // What is below is from then: no age and no duration of it goes on.
  const below = page.locator('main > :not(.headline)').first();
  const parts = page.locator('.two');
  const said = [await below.innerText(), await parts.innerText()];
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  assert.deepEqual([await below.innerText(), await parts.innerText()], said);
  await assertAccessible(page, 'silent');
  served.signal('SIGCONT');
  await untilHeadline(page, 'Healthy');
});

test('where streams are swallowed on the way the page asks again and again, and is told all the same', async (t) => {
  const proxy = await startSwallowingProxy(served.url);
  t.after(() => proxy.close());
  const link = await served.link('behind-proxy', 'Admin');
  await browser.context.clearCookies();
  await page.goto('about:blank');
  await page.goto(link.replace(served.url, proxy.url));
  await untilHeadline(page, 'Healthy');
  served.redis.freeze();
  await untilHeadline(page, 'the cache does not answer in time');
  served.redis.thaw();
  await untilHeadline(page, 'Healthy');
  await waitFor(
    'the third poll',
    () => heard.asked.filter((url) => url === `${proxy.url}/v1/admin/health`).length >= 3,
    { timeoutMs: 60_000 },
  );
  await served.portal('session', 'revoke', '--user', 'behind-proxy');
  await page.getByText('Your session has ended.').waitFor();
  await page.goto(served.url);
  heard.asked.splice(0, Number.POSITIVE_INFINITY, ...heard.asked.filter((url) => !url.startsWith(proxy.url)));
});

test('a drifted file is named', async () => {
  await enter('Admin');
  await page.goto(`${served.url}/integrity`);
  await page.getByText('unchanged since the start').waitFor();
  await writeFile(join(served.source, 'main.js'), 'export const answer = 43;\n');
  await untilHeadline(page, 'the source on disk is not the source that was started', 60_000);
  await page.getByText('modified main.js').first().waitFor();
  await assertAccessible(page, 'degraded');
});

test('a revoked session closes the page, a session ended on the page too', async () => {
  const name = await enter('Admin');
  await page.getByRole('link', { name: 'Audit' }).waitFor();
  await served.portal('session', 'revoke', '--user', name);
  await page.getByText('Your session has ended.').waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Figures' }).count(), 0);
  await enter('Admin');
  await page.getByRole('link', { name: 'Sessions' }).click();
  await page.getByRole('button', { name: 'End the session' }).click();
  await page.getByText('Your session has ended.').waitFor();
});

test('below an administrator: the public view, and not a byte more on the wire', async () => {
  heard.asked.length = 0;
  await enter('Moderator');
  await page.getByText('Everything else is for administrators.').waitFor();
  await page.waitForResponse((response) => response.url().endsWith('/v1/status'), { timeout: 20_000 });
  const doors = heard.asked
    .filter((url) => url.startsWith(served.url))
    .map((url) => new URL(url).pathname)
    .filter((path) => path.startsWith('/v1/'));
  assert.deepEqual([...new Set(doors)].toSorted(), ['/v1/authentication/verify', '/v1/status']);
  assert.equal(await page.getByRole('heading', { name: 'Figures' }).count(), 0);
});

test('in all of this the page asked nobody else, and nothing went wrong in it', () => {
  const others = heard.asked.filter((url) => !url.startsWith(`${served.url}/`) && url !== 'about:blank');
  assert.deepEqual(others, []);
  assert.deepEqual(heard.errors, []);
});
