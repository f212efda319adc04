import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitFor } from 'portal-test-kit';
import { createFleet, OWN_NAME, type Fleet, type FleetView } from '../../src/fleet/fleet.js';
import { createSourceWatch } from '../../src/fleet/source/source-watch.js';
import { FLEET_PROBLEMS, INSTANCE_PROBLEMS } from '../../src/fleet/fleet-problems.js';
import { countStates, judgeService } from '../../src/fleet/service-verdict.js';
import { createLog } from '../../src/infra/log.js';
import { answerWith, startHost, type Host } from './hosts.js';

const folder = mkdtempSync(join(tmpdir(), 'portal-fleet-'));
const path = join(folder, 'fleet.yaml');
const logged: string[] = [];
const log = createLog({ level: 'info', destination: { write: (line) => logged.push(line) } });
const own = () => ({
  service: {
    name: OWN_NAME,
    labels: {},
    publicName: null,
    verdict: judgeService(countStates(['healthy']), { instances: 1 }, false),
    since: 0,
    counts: countStates(['healthy']),
    expected: 1,
    codes: [],
    cells: 'h',
    sourceCells: '',
    source: createSourceWatch(null, 0).view(),
  },
  instances: [],
});

let hosts: readonly Host[];
let fleet: Fleet;

before(async () => {
  hosts = await Promise.all(
    Array.from({ length: 3 }, () => startHost(answerWith({ status: 'healthy', errors: [] }))),
  );
  write(hosts.map(({ origin }) => origin));
  fleet = createFleet({ path, own, log });
  fleet.start();
});

after(async () => {
  await fleet?.close();
  await Promise.all(hosts?.map((host) => host.close()) ?? []);
  rmSync(folder, { recursive: true });
});

function write(origins: readonly string[]): void {
  const yaml = `
fleet: test
defaults: { interval: 2s, timeout: 1s, failure_threshold: 2, success_threshold: 2 }
services:
  - { name: orders, labels: { team: shop }, discover: { static: ${JSON.stringify(origins)} } }
`;
  writeFileSync(`${path}.new`, yaml);
  renameSync(`${path}.new`, path);
}

function orders(): FleetView['services'][number] | undefined {
  return fleet.view().services.find(({ name }) => name === 'orders');
}

async function untilStatus(expected: string): Promise<void> {
  await waitFor(`orders to be ${expected}`, () => orders()?.verdict.status === expected, {
    timeoutMs: 60_000,
  });
}

describe('a fleet', { concurrency: false }, () => {
  test('is judged by what its instances say, this service among them', async () => {
    await untilStatus('healthy');
    const view = fleet.view();
    assert.deepEqual(
      [view.name, view.status, view.services.map(({ name }) => name)],
      ['test', 'healthy', [OWN_NAME, 'orders']],
    );
    await waitFor('all three', () => orders()?.counts.healthy === 3);
    assert.deepEqual(
      fleet.targets().map(({ service, scheme, instances }) => [service, scheme, instances.length]),
      [['orders', 'http', 3]],
    );
  });

  test('a bad edit of the file changes nothing, and is told', async () => {
    writeFileSync(path, 'services: 7');
    await waitFor('the refusal', () => fleet.view().codes.includes('FLEET_FILE_REFUSED'));
    assert.equal(fleet.service('orders')?.instances.length, 3);
    assert.ok(logged.some((line) => line.includes('Expected /services to be a list of 0 to 500, got 7.')));
  });
});

test('without a file it is this service alone', async () => {
  const alone = createFleet({ path: undefined, own, log });
  alone.start();
  assert.deepEqual(
    alone.view().services.map(({ name }) => name),
    [OWN_NAME],
  );
  assert.equal(alone.service('nothing'), undefined);
  await alone.close();
});

test('a file that cannot be used stops the start, and says why', () => {
  const bad = join(folder, 'bad.yaml');
  assert.throws(() => createFleet({ path: bad, own, log }), /cannot be read \(ENOENT\)/);
  writeFileSync(bad, 'services: [{ name: A }]');
  assert.throws(() => createFleet({ path: bad, own, log }), /Expected \/services\/0\/name to be/);
});

test('the guide explains every code, in the words of the catalogue', () => {
  const guide = readFileSync(fileURLToPath(new URL('../../../../../docs/fleet.md', import.meta.url)), 'utf8');
  for (const [code, { sentence, next }] of Object.entries({ ...INSTANCE_PROBLEMS, ...FLEET_PROBLEMS })) {
    assert.ok(guide.includes(`| \`${code}\` | ${sentence}. | ${next} |`), code);
  }
});
