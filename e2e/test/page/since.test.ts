/**
 * Since when something has been wrong, as the page says it: for each cause, signed in or not, and through a restart of the
 * service in the middle of an outage.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Page } from 'playwright-core';
import { waitFor } from 'portal-test-kit';
import { startChromium, type Browser } from './chromium.js';
import { headline, untilHeadline } from './reader.js';
import { servePage, type ServedPage } from './served-page.js';

/** So that two times cannot be taken for each other, on a busy machine either. */
const APART_MS = 12_000;

let browser: Browser;
let served: ServedPage;
let page: Page;

before(async () => {
  browser = await startChromium();
  served = await servePage();
  page = await browser.context.newPage();
  await page.goto(await served.link('ada', 'Owner'));
  await untilHeadline(page, 'Healthy');
});

after(async () => {
  served?.redis.thaw();
  await served?.postgres.thaw();
  await browser?.close();
  await served?.close();
});

const SINCE = String.raw`since \d\d:\d\d:\d\d \((?:(\d+) min )?(\d+) s\)`;

/** Seconds of the cause, then of the whole, as the headline has them. */
async function secondsShown(status: string): Promise<readonly [cause: number, whole: number]> {
  const both = headline(page).filter({ hasText: new RegExp(String.raw`${SINCE}\s*${status} ${SINCE}`) });
  const words = await both.innerText();
  const told = new RegExp(String.raw`${SINCE}\s+${status} ${SINCE}`).exec(words);
  assert.ok(told, words);
  const [, minutes = '0', seconds, wholeMinutes = '0', wholeSeconds] = told;
  return [Number(minutes) * 60 + Number(seconds), Number(wholeMinutes) * 60 + Number(wholeSeconds)];
}

test('both stores gone and one back: the cause that is left began when it began, and the status later', async () => {
  await page.getByText('answering since').nth(1).waitFor();
  assert.equal(await page.getByText(/up for/).count(), 0, 'that is for servers to say');
  await served.postgres.freeze();
  served.redis.freeze();
  await untilHeadline(page, 'Unhealthy');
  await page.getByText('no answer for').nth(1).waitFor();
  await sleep(APART_MS);
  await served.postgres.thaw();
  await untilHeadline(page, 'Degraded · the cache does not answer in time');
  const [cause, whole] = await secondsShown('degraded');
  assert.ok(cause >= whole + APART_MS / 1_000 - 2, `${cause} s and ${whole} s`);
  const part = /no answer for (\d+) s/.exec(await page.locator('main').innerText())?.[1];
  assert.ok(Math.abs(Number(part) - cause) <= 2, `${part} s and ${cause} s`);
});

test('whoever is not signed in reads the same', async () => {
  const cookies = await browser.context.cookies();
  await browser.context.clearCookies();
  await page.goto(served.url);
  await untilHeadline(page, 'Degraded · the cache does not answer in time');
  const [cause, whole] = await secondsShown('degraded');
  assert.ok(cause >= whole + APART_MS / 1_000 - 2, `${cause} s and ${whole} s`);
  // What to do is no secret, most of all where nobody can sign in; who causes it is.
  assert.equal(await headline(page).getByText('Next').count(), 1);
  await browser.context.addCookies(cookies);
  await page.goto(served.url);
  await page.getByText('ada').waitFor();
});

/** Every moment of the headline, as machines read it. */
async function sinces(): Promise<readonly string[]> {
  return headline(page)
    .locator('time')
    .evaluateAll((times) => times.map((time) => (time as unknown as { dateTime: string }).dateTime));
}

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`${signal} in the middle of the outage: no since changes, and nobody looked in between`, async () => {
    await untilHeadline(page, 'Degraded · the cache does not answer in time');
    const known = await sinces();
    await served.stop(signal);
    await served.start();
    await untilHeadline(page, 'Degraded · the cache does not answer in time');
    await page.getByText('answering since').first().waitFor();
    await page.getByText('Still degraded').first().waitFor();
    // Until the new process answers, the page says that the service is silent.
    await waitFor('the same moments', async () => isDeepStrictEqual(await sinces(), known));
    await page.reload();
    await page
      .locator('.timeline figcaption')
      .filter({ hasText: /degraded .*not measured/ })
      .waitFor();
  });
}

test('a service that is halted has not measured, and begins nothing anew either', async () => {
  await untilHeadline(page, 'Degraded · the cache does not answer in time');
  const known = await sinces();
  const stillDegraded = await page.getByText('Still degraded').count();
  served.signal('SIGSTOP');
  // Longer than three looks and a busy machine may take.
  await sleep(20_000);
  served.signal('SIGCONT');
  await page.getByText('Still degraded').nth(stillDegraded).waitFor();
  await untilHeadline(page, 'Degraded · the cache does not answer in time');
  await waitFor('the status to have gone on', async () => (await sinces())[1] === known[1]);
});

test('a recovery tells for how long it was how; a cause within an event has its own times', async () => {
  served.redis.thaw();
  await untilHeadline(page, 'Healthy');
  await page.getByRole('link', { name: 'Events' }).click();
  await page.getByText(/after .*unhealthy, .*degraded/).waitFor();
  await writeFile(join(served.source, 'main.js'), 'export const answer = 43;\n');
  await untilHeadline(page, 'the source on disk is not the source that was started', 60_000);
  await sleep(APART_MS);
  served.redis.freeze();
  await untilHeadline(page, 'Degraded · the cache does not answer in time');
  const [cause, whole] = await secondsShown('degraded');
  assert.ok(whole >= cause + APART_MS / 1_000 - 2, `${cause} s and ${whole} s`);
  const row = page.locator('.events li').filter({ hasText: 'Healthy → degraded' }).first();
  await row.getByText('The cache does not answer in time').waitFor();
  const times = await row
    .locator('.why time')
    .evaluateAll((all) => all.map((time) => Date.parse((time as unknown as { dateTime: string }).dateTime)));
  assert.ok((times.at(-1) ?? 0) - (times[0] ?? 0) >= APART_MS - 2_000, times.join(' '));
});
