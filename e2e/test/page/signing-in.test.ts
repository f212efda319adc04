/**
 * Signing in on the page, where codes are sent: by the code that was sent, by one of the command line, and out again
 * everywhere at once.
 */
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { messageData, startReceiver, type TestReceiver } from 'portal-test-kit';
import { startChromium, type Browser } from './chromium.js';
import { assertAccessible, untilHeadline } from './reader.js';
import { servePage, type ServedPage } from './served-page.js';

let browser: Browser;
let receiver: TestReceiver;
let served: ServedPage;
let page: Page;

before(async () => {
  [browser, receiver] = await Promise.all([startChromium(), startReceiver()]);
  served = await servePage({
    settings: {
      PORTAL_LOGIN_WEBHOOK_URL: `${receiver.url}/codes`,
      PORTAL_LOGIN_WEBHOOK_SECRET: receiver.secret,
      // No TLS here.
      PORTAL_COOKIE_SECURE: 'off',
    },
  });
  await served.portal('user', 'add', 'ada', '--permission', 'Owner');
  page = await browser.context.newPage();
});

after(async () => {
  await browser?.close();
  await served?.close();
  receiver?.close();
});

async function enter(code: string): Promise<void> {
  await page.getByLabel('Code', { exact: true }).fill(code);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'Sessions' }).waitFor();
}

test('by a code that was sent, and out everywhere', async () => {
  await page.goto(served.url);
  await untilHeadline(page, 'Healthy');
  await page.getByLabel('User name', { exact: true }).fill('Ada');
  await page.getByRole('button', { name: 'Send me a code' }).click();
  await page.getByText('If this user exists, a code is on its way.').waitFor();
  await receiver.arrived(1);
  // As it is copied out of a message.
  await enter(` ${String(messageData(receiver.accepted[0])['code'])} `);
  await served.portal('session', 'create', '--user', 'ada');
  await page.getByRole('link', { name: 'Sessions' }).click();
  await page.getByRole('button', { name: 'Sign out everywhere' }).waitFor();
  await assertAccessible(page, 'own sessions');
  await page.getByRole('button', { name: 'Sign out everywhere' }).click();
  await page.getByText('Your session has ended.').waitFor();
  const listed = await served.portal('session', 'list', '--user', 'ada');
  if (listed.trim().includes('\n')) throw new Error(`A session goes on:\n${listed}`);
});

test('by the long code of the command line, into the same field', async () => {
  const [code = ''] = (await served.portal('login-code', 'create', '--user', 'ada')).split('\n');
  await page.goto(served.url);
  await enter(code);
});
