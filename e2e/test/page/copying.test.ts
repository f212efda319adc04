/** What the page lets a reader copy, by keyboard, and what is left where the browser keeps the clipboard to itself. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startChromium, type Browser } from './chromium.js';
import { assertAccessible, recordTraffic, untilHeadline } from './reader.js';
import { servePage, type ServedPage } from './served-page.js';

let browser: Browser;
let served: ServedPage;
let page: Page;
let traffic: ReturnType<typeof recordTraffic>;

before(async () => {
  browser = await startChromium();
  served = await servePage();
  page = await browser.context.newPage();
  traffic = recordTraffic(page);
});

after(async () => {
  await browser?.close();
  await served?.close();
});

/** Presses the button by keyboard, and waits until it says so. */
async function copy(name: string): Promise<string> {
  await page.getByText('Copied', { exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name }).press('Enter');
  await page.getByRole('status').getByText('Copied', { exact: true }).last().waitFor();
  return String(await page.evaluate('navigator.clipboard.readText()'));
}

test('a command, the source hash, the line and the report are copied as they are', async () => {
  await page.goto(served.url);
  await untilHeadline(page, /Healthy|Degraded/);
  await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: served.url });
  const command = 'portal login-code create --user NAME';
  assert.equal(await copy(`Copy: ${command}`), command);
  await assertAccessible(page, 'copied');
  await page.goto('about:blank');
  await page.goto(await served.link('ada', 'Owner'));
  await untilHeadline(page, /Healthy|Degraded/);
  assert.match(await copy('Copy: the source hash'), /^[0-9a-f]{64}$/);
  await page.keyboard.press('j');
  assert.match(
    await copy('Copy: the command'),
    /^curl http\S+\/v1\/admin\/health -b "psession=YOUR_SESSION"$/,
  );
  const report = JSON.parse(await copy('Copy: the report')) as { source_hash: string };
  assert.match(report.source_hash, /^[0-9a-f]{64}$/);
  await page.keyboard.press('Escape');
});

test('without the clipboard the whole text is shown and selected, and the page says so', async () => {
  // As for a page that came by plain http from another machine.
  await page.addInitScript('delete Navigator.prototype.clipboard');
  await page.reload();
  await untilHeadline(page, /Healthy|Degraded/);
  const hash = page.getByRole('button', { name: 'Copy: the source hash' });
  await hash.press('Enter');
  await page.getByRole('status').getByText('Selected').waitFor();
  const selected = await page.evaluate(
    'document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)',
  );
  assert.match(String(selected), /^[0-9a-f]{64}$/);
  await assertAccessible(page, 'selected');
  await page.setViewportSize({ width: 320, height: 640 });
  const isWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
  assert.equal(isWide, false);
  assert.deepEqual(traffic.errors, []);
});
