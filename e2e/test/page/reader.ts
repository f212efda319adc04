/** A tab of the browser with the page, the requests that it made, and what went wrong in it. */
import axe from 'axe-core';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { waitFor } from 'portal-test-kit';

const IMAGES = fileURLToPath(new URL('../../../../docs/images/', import.meta.url));

/** Finds what is said, wherever it stands in the headline. */
export function headline(page: Page) {
  return page.locator('.headline');
}

/** Waits until the headline says so. */
export async function untilHeadline(page: Page, words: string | RegExp, timeoutMs = 30_000): Promise<void> {
  await headline(page).filter({ hasText: words }).waitFor({ timeout: timeoutMs });
}

/** Scrolls to the charts, which are fetched by who sees them, and waits until they are drawn. */
export async function seeCharts(page: Page, timeout = 30_000): Promise<void> {
  await page.getByRole('heading', { name: 'Figures' }).scrollIntoViewIfNeeded({ timeout });
  await page.locator('.charts').scrollIntoViewIfNeeded({ timeout });
  await page.locator('.chart .u-over').first().waitFor({ timeout });
}

/** Waits until the title does, which changes a moment after the headline. */
export async function untilTitle(page: Page, words: RegExp): Promise<void> {
  await waitFor(`the title ${words}`, async () => words.test(await page.title()));
}

/** Fails with what axe-core has to say, if anything. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  // As a script of a debugger, which the page's policy does not concern.
  const violations = await page.evaluate(`${axe.source}; axe.run().then(({ violations }) =>
    violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' | ')))`);
  assert.deepEqual(violations, [], what);
}

/** By how much what is seen has moved since the page was opened, as browsers count it: 0.1 is noticed, 0.25 is poor. */
export async function layoutShift(
  page: Page,
): Promise<{ readonly sum: number; readonly moved: readonly string[] }> {
  return page.evaluate(`new Promise((resolve) => {
    let sum = 0;
    const moved = [];
    new PerformanceObserver((list) => {
      for (const { value, hadRecentInput, sources } of list.getEntries()) {
        if (hadRecentInput) continue;
        sum += value;
        moved.push(value.toFixed(3) + ' ' + sources.map(({ node }) => node?.outerHTML?.slice(0, 60)).join(' | '));
      }
    }).observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => resolve({ sum, moved }), 500);
  })`);
}

/** For the README and the guides. */
export async function takePicture(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `${IMAGES}${name}.png`, animations: 'disabled' });
}

/** Everything that the tab asks for, and every error it reports, from now on. */
export function recordTraffic(page: Page) {
  const asked: string[] = [];
  const errors: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // Being refused is an answer, not a defect of the page.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
      errors.push(message.text());
    }
  });
  return { asked, errors };
}
