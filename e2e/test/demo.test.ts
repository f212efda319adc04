/**
 * `npm run demo`: each of its letters shows in the fleet as what it is, and is mended by the same letter; however it ends,
 * it leaves no process.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { mainOf, PATIENCE, startDemo, untilNobodyRuns, untilShown, type Demo } from './demo-process.js';
import { startChromium } from './page/chromium.js';
import { takePicture, untilHeadline } from './page/reader.js';

interface ServiceDocument {
  readonly instances: readonly { readonly source_hash: string | null }[];
}

const PATIENCE_OF_PAGE = { timeout: 120_000 };

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-demo-'));
});

after(() => rm(folder, { recursive: true, force: true }));

describe('each letter', () => {
  let demo: Demo;

  before(async () => {
    demo = await startDemo(folder);
    await untilShown(demo, 'orders', []);
  });

  for (const { key, service, codes } of [
    { key: 'p', service: 'billing', codes: ['DATABASE_TIMEOUT'] },
    { key: 'r', service: 'orders', codes: ['CACHE_TIMEOUT'] },
    { key: 'k', service: 'orders', codes: ['INSTANCE_REFUSED'] },
    { key: 'h', service: 'orders', codes: ['INSTANCE_TIMEOUT'] },
    // Where the machine is slow too, it may not respond in time.
    { key: 's', service: 'orders', codes: ['EVENT_LOOP_DELAYED', 'INSTANCE_TIMEOUT'] },
    { key: 'l', service: 'billing', codes: ['DATABASE_POOL_SATURATED', 'DATABASE_POOL_STALLED'] },
    { key: 'q', service: 'orders', codes: ['DATABASE_POOL_SATURATED', 'DATABASE_POOL_STALLED'] },
    { key: 'f', service: 'billing', codes: ['SOURCE_DRIFTED'] },
  ]) {
    test(`${key} shows ${service} with ${codes.join(' or ')}, and mends it`, async (context) => {
      demo.type(key);
      const shownMs = await untilShown(demo, service, codes);
      demo.type(key);
      const mendedMs = await untilShown(demo, service, []);
      context.diagnostic(
        `${key}: shown after ${Math.round(shownMs)} ms, mended after ${Math.round(mendedMs)} ms`,
      );
    });
  }

  test('n brings other source to all replicas of billing', async () => {
    const hashes = async (): Promise<readonly (string | null)[]> => {
      const { instances } = await demo.read<ServiceDocument>('/v1/admin/fleet/services/billing');
      return [...new Set(instances.map(({ source_hash: hash }) => hash))];
    };
    const [old] = await hashes();
    demo.type('n');
    await waitFor(
      'one new hash',
      async () => {
        const [now, ...others] = await hashes();
        return others.length === 0 && typeof now === 'string' && now !== old;
      },
      PATIENCE,
    );
  });

  test('m mends all that was broken, and another letter is told to be none', async () => {
    demo.type('rkz');
    await untilShown(demo, 'orders', ['INSTANCE_REFUSED']);
    demo.type('m');
    await untilShown(demo, 'orders', []);
    assert.match(demo.printed(), /"z" is no command/);
  });

  test('the page opens on it by the link, and shows what is broken', async () => {
    demo.type('kf');
    await untilShown(demo, 'orders', ['INSTANCE_REFUSED']);
    await untilShown(demo, 'billing', ['SOURCE_DRIFTED']);
    const browser = await startChromium();
    try {
      const page = await browser.context.newPage();
      await page.setViewportSize({ width: 1280, height: 700 });
      await page.goto(demo.link);
      await untilHeadline(page, '2 of 3 services need you');
      await page.getByRole('link', { name: 'INSTANCE_REFUSED' }).waitFor();
      await page.getByRole('link', { name: 'SOURCE_DRIFTED' }).waitFor();
      await takePicture(page, 'demo');
    } finally {
      await browser.close();
    }
  });

  test('pictures for the README and the guides: by day and by night, an outage on a phone, its incident, its reasons', async () => {
    const browser = await startChromium();
    try {
      const page = await browser.context.newPage();
      const desktop = { width: 1280, height: 760 };
      await page.setViewportSize(desktop);
      const { origin } = new URL(demo.link);
      // The link has been used: it is the same session.
      const [name, value] = demo.cookie.split('=');
      await browser.context.addCookies([{ name: name ?? '', value: value ?? '', url: origin }]);
      demo.type('m');
      await untilShown(demo, 'orders', []);
      await untilShown(demo, 'billing', []);
      await page.goto(origin);
      await untilHeadline(page, 'all 3 services healthy');
      await takePicture(page, 'healthy');
      await page.emulateMedia({ colorScheme: 'dark' });
      await takePicture(page, 'dark');
      await page.emulateMedia({ colorScheme: 'light' });

      demo.type('l');
      await untilShown(demo, 'billing', ['DATABASE_POOL_SATURATED', 'DATABASE_POOL_STALLED']);
      await page.goto(`${origin}/?service=billing`);
      const instance = page.getByRole('rowheader').filter({ hasText: '127.0.0.1' }).getByRole('link').first();
      await instance.click();
      await page.locator('.reasons li').first().waitFor(PATIENCE_OF_PAGE);
      await takePicture(page, 'reasons');
      // The one that says what it is, and not the one that says that it changes to and fro.
      await page.goto(`${origin}/incidents?kind=health`);
      await page.getByRole('region', { name: 'Open' }).getByRole('link').first().click();
      await page.getByRole('heading', { name: 'Before, meanwhile and after' }).waitFor(PATIENCE_OF_PAGE);
      await page.locator('.timeline rect').first().waitFor({ state: 'attached' });
      await page.getByRole('region', { name: 'Causes' }).getByRole('row').nth(1).waitFor(PATIENCE_OF_PAGE);
      await takePicture(page, 'incident');

      demo.type('l');
      demo.type('p');
      await untilShown(demo, 'billing', ['DATABASE_TIMEOUT']);
      await page.setViewportSize({ width: 390, height: 844 });
      await page.goto(origin);
      await untilHeadline(page, 'DATABASE_TIMEOUT');
      await takePicture(page, 'phone');
      demo.type('p');
    } finally {
      await browser.close();
    }
  });

  test('x ends all of it', async () => {
    const family = await demo.family();
    assert.ok(family.length > 20, `${family.length} processes`);
    demo.type('x');
    // Only then has all been read that it printed.
    await once(demo.child, 'close');
    assert.equal(demo.child.exitCode, 0, demo.printed());
    await untilNobodyRuns(family);
  });
});

describe('it leaves no process', () => {
  for (const { how, end } of [
    { how: 'its input is closed', end: (demo: Demo) => void demo.child.stdin.end() },
    { how: 'it gets SIGTERM', end: async (demo: Demo) => process.kill(await mainOf(demo), 'SIGTERM') },
    { how: 'its terminal is closed', end: async (demo: Demo) => process.kill(await mainOf(demo), 'SIGHUP') },
    { how: 'its parent is killed', end: (demo: Demo) => void demo.child.kill('SIGKILL') },
    { how: 'it is killed itself', end: async (demo: Demo) => process.kill(await mainOf(demo), 'SIGKILL') },
  ]) {
    test(`when ${how}, with a frozen Postgres and a replica that hangs`, async () => {
      const demo = await startDemo(folder);
      demo.type('ph');
      await waitFor('both', () => /hang orders.*INSTANCE_TIMEOUT\n[^]*hang orders/.test(demo.printed()));
      const family = await demo.family();
      await end(demo);
      await untilNobodyRuns(family);
    });
  }
});
