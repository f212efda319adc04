/**
 * Watchers of one fleet with one history name what happens alike: over a restart, from an empty file, and with the database
 * away. One that has no history and can ask nobody takes a name that no receiver has seen.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  messageData,
  startPostgres,
  startReceiver,
  waitFor,
  type PostgresServer,
  type TestReceiver,
} from 'portal-test-kit';
import { answerWith, startHost, type Host } from '../../fleet/hosts.js';
import { startService, type TestService } from '../../service.js';

const PATIENCE = { timeoutMs: 120_000, everyMs: 100 };
const UNWELL = { status: 'unhealthy', errors: ['The database does not answer in time (DATABASE_TIMEOUT)'] };
const WELL = { status: 'healthy', errors: [] };

let postgres: PostgresServer;
let databaseUrl: string;
let receiver: TestReceiver;
let folder: string;
let host: Host;
let isWell = true;
const running = new Map<string, TestService>();

before(async () => {
  [postgres, receiver] = await Promise.all([startPostgres(), startReceiver()]);
  databaseUrl = await postgres.createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'portal-same-ids-'));
  host = await startHost((request, response) =>
    answerWith(isWell ? WELL : UNWELL, isWell ? 200 : 503)(request, response),
  );
  await writeFile(
    join(folder, 'fleet.json'),
    JSON.stringify({
      fleet: 'prod',
      defaults: { interval: '3s', timeout: '3s', failure_threshold: 2, success_threshold: 2 },
      services: [{ name: 'orders', discover: { static: [host.origin] } }],
    }),
  );
});

after(async () => {
  await postgres?.thaw();
  for (const service of running.values()) await service.close();
  await host?.close();
  receiver?.close();
  await postgres?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** With a data folder and a place at the receiver of its own. */
async function start(name: string): Promise<void> {
  const service = await startService({
    databaseUrl,
    environment: {
      PORTAL_FLEET_FILE: join(folder, 'fleet.json'),
      PORTAL_DATA_DIR: join(folder, name),
      PORTAL_ALERT_WEBHOOKS: `generic+${receiver.url}/${name}`,
      PORTAL_ALERT_WEBHOOK_SECRET: receiver.secret,
    },
  });
  running.set(name, service);
}

async function restart(name: string): Promise<void> {
  await running.get(name)?.close();
  running.delete(name);
  await start(name);
}

/** Ids of the incidents of `orders` that a watcher has told of in this way, in order. */
function told(name: string, type: string): readonly unknown[] {
  return receiver.accepted
    .filter(({ path, json }) => path === `/${name}` && json['type'] === `incident.${type}`)
    .map(messageData)
    .flatMap((data) => (data['service'] === 'orders' ? data['incident'] : []));
}

/** @returns the id of the latest incident that all of them have told of so many times */
async function untilTold(type: string, counts: Readonly<Record<string, number>>): Promise<unknown> {
  const names = Object.keys(counts);
  await waitFor(
    `${type} of ${JSON.stringify(counts)}`,
    () => names.every((name) => told(name, type).length === counts[name]),
    PATIENCE,
  ).catch((error: unknown) =>
    assert.fail(`${String(error)} ${JSON.stringify(names.map((name) => told(name, type)))}`),
  );
  const ids = new Set(names.map((name) => told(name, type).at(-1)));
  assert.equal(ids.size, 1, `${type}: ${[...ids].join()}`);
  return [...ids][0];
}

test('one history, the same ids: a restart, an empty file, the database away; a new name for who has none', async () => {
  await start('one');
  await start('other');
  isWell = false;
  const first = await untilTold('began', { one: 1, other: 1 });
  await restart('one');
  isWell = true;
  assert.equal(await untilTold('ended', { one: 1, other: 1 }), first, 'a restart changes no name');

  isWell = false;
  const second = await untilTold('began', { one: 2, other: 2 });
  assert.notEqual(second, first);
  await start('joined');
  assert.equal(await untilTold('began', { joined: 1 }), second, 'an empty file takes the name of the others');
  isWell = true;
  assert.equal(await untilTold('ended', { one: 2, other: 2, joined: 1 }), second);

  // Restarted while it is up: what is known by then, and no more, counts from here on.
  await postgres.freeze();
  await restart('other');
  isWell = false;
  const third = await untilTold('began', { one: 3, other: 3, joined: 2 });
  assert.notEqual(third, second);
  await start('alone');
  await waitFor('the one alone', () => told('alone', 'began').length === 1, PATIENCE);
  const names = [first, second, third];
  assert.ok(!names.includes(told('alone', 'began')[0]), 'rather twice than dropped as seen');
  isWell = true;
  assert.equal(await untilTold('ended', { one: 3, other: 3, joined: 2 }), third);
});
