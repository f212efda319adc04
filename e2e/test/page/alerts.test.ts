/**
 * Alerts in a browser: who is told and whether it arrives, a test that is sent and listed, and a maintenance that is planned
 * and ended, by keyboard alone; and where nobody is told, that.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startReceiver, waitFor, type TestReceiver } from 'portal-test-kit';
import { startChromium, type Browser } from './chromium.js';
import { assertAccessible, recordTraffic, takePicture } from './reader.js';
import { servePage, type ServedPage } from './served-page.js';

let browser: Browser;
let served: ServedPage;
let receiver: TestReceiver;
let page: Page;
let traffic: ReturnType<typeof recordTraffic>;

before(async () => {
  browser = await startChromium();
  receiver = await startReceiver();
  served = await servePage({
    settings: { ...receiver.alertSettings('generic'), PORTAL_ALERTMANAGERS: 'http://127.0.0.1:9' },
  });
  page = await browser.context.newPage();
  traffic = recordTraffic(page);
  await page.goto(await served.link('ada', 'Owner'));
  await page.getByRole('link', { name: 'Alerts' }).click();
  await page.getByRole('heading', { name: 'Alerts', exact: true }).waitFor();
});

after(async () => {
  await browser?.close();
  await served?.close();
  receiver?.close();
});

const row = (name: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) });

test('who is told, and whether it arrives, before and after a test', async () => {
  assert.equal(new URL(page.url()).pathname, '/alerts');
  await row('generic 1').getByText('not tried since the start').waitFor();
  await row('alertmanager 1').getByText('accepts nothing').waitFor();
  await row('alertmanager 1').getByText('ECONNREFUSED').waitFor();
  await assertAccessible(page, 'alerts');
  const button = page.getByRole('button', { name: 'Send a test' });
  await button.focus();
  await page.keyboard.press('Enter');
  await page.getByText('Sent: generic 1 waiting, alertmanager 1 refused.').waitFor();
  await waitFor('the test at the receiver', () => receiver.accepted.length === 1, { timeoutMs: 60_000 });
  await row('generic 1').getByText('accepts', { exact: false }).waitFor();
  const delivery = page.getByRole('region', { name: 'Last messages' }).getByRole('row').nth(1);
  await delivery.getByText('a test').waitFor();
  await delivery.getByText('accepted').waitFor({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Audit' }).click();
  await page.getByRole('cell', { name: /^alert tested.*generic 1/ }).waitFor();
  await page.goBack();
});

test('a maintenance is planned in the zone that the reader has chosen, and ended', async () => {
  await page.getByText('None: every incident that begins is told of.').waitFor();
  await page.getByRole('button', { name: 'Times in UTC' }).click();
  await page.getByText('Plan a maintenance').click();
  await page.locator('select[name=scope]').selectOption({ label: 'portal' });
  const tomorrow = new Date(Date.now() + 24 * 3_600_000).toISOString().slice(0, 16);
  await page.getByLabel('From, in UTC; empty: now').fill(tomorrow);
  await page.locator('select[name=span]').selectOption({ label: '2 h' });
  await page.getByLabel('Why').fill('PostgreSQL 18');
  await page.getByRole('button', { name: 'Plan', exact: true }).click();
  await row('portal').getByText('PostgreSQL 18').waitFor();
  const times = await Promise.all(
    (await row('portal').locator('time').all()).map((time) => time.getAttribute('datetime')),
  );
  assert.equal(times[0], `${tomorrow}:00.000Z`);
  assert.equal(Date.parse(times[1] ?? '') - Date.parse(times[0] ?? ''), 2 * 3_600_000);
  await assertAccessible(page, 'with a maintenance');
  await takePicture(page, 'alerts');
  await page.getByRole('button', { name: 'End: portal, PostgreSQL 18' }).click();
  await page.getByText('None: every incident that begins is told of.').waitFor();
});

test('what the service refuses is said, and the form keeps what was written', async () => {
  await page.getByLabel('From, in UTC; empty: now').fill('2020-01-01T00:00');
  await page.getByLabel('Why').fill('too late');
  await page.getByRole('button', { name: 'Plan', exact: true }).click();
  await page.getByText('`until` to be in the future').waitFor();
  assert.equal(await page.getByLabel('Why').inputValue(), 'too late');
});

test('on a narrow screen nothing is cut off, and nothing went wrong', async () => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto(`${served.url}/alerts`);
  await row('generic 1').waitFor();
  const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
  assert.equal(isWide, false);
  assert.deepEqual(traffic.errors, []);
});
