/** A fleet of 10,000 instances that answer, of the responder that the benchmarks use, for the picture of it in the guide. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { startChromium } from './chromium.js';
import { assertAccessible, takePicture } from './reader.js';
import { servePage } from './served-page.js';

const RESPONDER = fileURLToPath(
  new URL('../../../../bench/dist/servers/fleet-instances.js', import.meta.url),
);
const SERVICES = 40;
const OF_EACH = 250;
/** In how many services some do not answer, and how many there. */
const UNWELL = { services: 3, instances: 20 };

interface FleetDocument {
  readonly services: readonly { readonly instances: Readonly<Record<string, number>> }[];
}

test('10,000 instances are one page, with what needs somebody first', async (t) => {
  const body = '{"status":"healthy","errors":[]}';
  const responder = fork(RESPONDER, {
    env: {
      SAME_BYTES: JSON.stringify({ headers: { 'Content-Type': 'application/json' }, body }),
    },
  });
  t.after(() => responder.kill('SIGKILL'));
  const [{ port }] = (await once(responder, 'message')) as [{ readonly port: number }];
  const folder = await mkdtemp(join(tmpdir(), 'portal-fleet-many-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const services = Array.from({ length: SERVICES }, (_, service) => {
    // Those of 127.2 accept and never answer.
    const silent = service < UNWELL.services ? UNWELL.instances : 0;
    const targets = Array.from({ length: OF_EACH }, (_unused, index) => {
      const number = service * OF_EACH + index;
      return `"http://127.${index < silent ? 2 : 1}.${number >> 8}.${number & 255}:${port}"`;
    });
    const name = `service-${String(service + 1).padStart(2, '0')}`;
    return `  - { name: ${name}, labels: { team: "${'abcd'[service % 4] ?? ''}" }, discover: { static: [${targets.join()}] } }`;
  });
  const file = join(folder, 'fleet.yaml');
  const defaults =
    'interval: 30s, timeout: 2s, failure_threshold: 1, success_threshold: 1, networks: [127.0.0.0/8]';
  await writeFile(file, `fleet: prod\ndefaults: { ${defaults} }\nservices:\n${services.join('\n')}\n`);
  const served = await servePage({ settings: { PORTAL_FLEET_FILE: file } });
  t.after(() => served.close());
  const browser = await startChromium();
  t.after(() => browser.close());
  const page = await browser.context.newPage();
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(await served.link('ada', 'Owner'));
  const counted = async (): Promise<Record<string, number>> => {
    const answer = await page.request.get(`${served.url}/v1/admin/fleet`);
    const { services: all } = (await answer.json()) as FleetDocument;
    const sums: Record<string, number> = {};
    for (const { instances } of all)
      for (const [state, count] of Object.entries(instances)) sums[state] = (sums[state] ?? 0) + count;
    return sums;
  };
  const unreachable = UNWELL.services * UNWELL.instances;
  const wanted = SERVICES * OF_EACH - unreachable;
  await waitFor('all to be polled', async () => ((await counted())['healthy'] ?? 0) >= wanted, {
    timeoutMs: 240_000,
    everyMs: 1_000,
  });
  await waitFor('the silent ones to be known', async () => (await counted())['unreachable'] === unreachable, {
    timeoutMs: 120_000,
    everyMs: 1_000,
  });
  await page.getByRole('rowheader', { name: 'service-01' }).waitFor();
  const height = Number(await page.evaluate('document.querySelector("canvas").clientHeight'));
  assert.ok(height > 100 && height <= 480, `${height} pixels`);
  await assertAccessible(page, '10,000 instances');
  await takePicture(page, 'fleet-many');
});
