/**
 * What makes a store, the pool or the process unwell, and who causes it: scenes whose cause administrators must read, and
 * nobody else.
 */
import { readdir, readFile } from 'node:fs/promises';
import { waitFor } from 'portal-test-kit';
import { both, bothReasons, type Scenario } from '../scenario.js';
import type { FixtureActor, Surroundings } from '../fixture.js';
import { faultSteps } from '../fault-steps.js';
import { fillDatabaseDisk } from './database-disk.js';
import { limitDescriptors } from './descriptors.js';
import { DATABASE_REASON_SCENARIOS, MAX_CONNECTIONS } from './reasons-database.js';
import { fillCacheDisk, rejectConnections, slowScripts, withFewRights } from './redis-scenes.js';

/** Asked over a connection that is kept, so that it answers when no other is left. */
export const REASON_SURROUNDINGS: Surroundings = {
  servers: { postgres: { max_connections: MAX_CONNECTIONS, max_prepared_transactions: 4 } },
  fixture: { explainConnection: 'kept' },
};

const DISK: Scenario = {
  fault: 'a database whose disk is full',
  expected: both('degraded DATABASE_DISK_FULL'),
  passing: ['DATABASE_WRITES_FAIL'],
  reasons: bothReasons('DATABASE_DISK_FULL'),
  detectExtraMs: 3_000,
  healExtraMs: 3_000,
  // So much of the log is kept to be written again that none of it has to be made while the disk is full.
  servers: { postgres: { min_wal_size: '48MB' }, smallDisk: true },
  note: 'A file system of its own: root is needed. It is found by a write, every 2 s here.',
  inflict: fillDatabaseDisk,
};

const CACHE: readonly Scenario[] = [
  {
    fault: 'connections of the cache that were refused',
    expected: both('healthy'),
    reasons: bothReasons('CACHE_REJECTS_CONNECTIONS'),
    sentences: [/refused \d+ connections since the last look/],
    inflict: ({ redis }) => rejectConnections(redis),
  },
  {
    fault: 'scripts that keep the cache busy',
    expected: both('degraded CACHE_SLOW'),
    passing: ['CACHE_TIMEOUT'],
    comesAndGoes: true,
    detectExtraMs: 15_000,
    reasons: bothReasons('CACHE_SLOW_COMMAND'),
    sentences: [/^EVAL took \d+ ms/],
    note: 'Who comes between two scripts waits for none. Asked by a user who has of all dangerous commands only `+info +slowlog|get`.',
    inflict: ({ redis }) => faultSteps([() => withFewRights(redis), () => slowScripts(redis)]),
  },
  {
    fault: 'the append-only file on a full disk',
    expected: both('degraded CACHE_WRITES_REFUSED'),
    reasons: bothReasons('CACHE_WRITES_REFUSED'),
    sentences: [/it cannot write its append-only file/],
    note: 'A file system of 3 MB: root is needed.',
    inflict: ({ redis }) => fillCacheDisk(redis),
  },
];

const HEAP_MIB = 256;
const HASHING = 'unhealthy CHECK_STALE THREAD_POOL_BUSY';

const PROCESS: readonly Scenario[] = [
  {
    fault: 'forty hashes at once for four threads',
    expected: { library: HASHING },
    passing: ['THREAD_POOL_BUSY'],
    detectExtraMs: 10_000,
    healExtraMs: 10_000,
    reasons: { library: ['THREAD_POOL_BUSY'] },
    async inflict({ actors }) {
      for (const { target } of actors) target.send('hash');
      return () => {
        for (const { target } of actors) target.send('unhash');
      };
    },
  },
  {
    fault: 'descriptors that nobody closes',
    expected: { library: 'healthy' },
    reasons: { library: ['DESCRIPTORS_NEAR_LIMIT'] },
    sentences: [/has [\d,]+ of [\d,]+ file descriptors open/],
    inflict: async ({ actors }) => faultSteps(actors.map((actor) => () => leakDescriptors(actor))),
  },
  {
    fault: 'a heap that is nearly full',
    expected: { library: 'healthy' },
    reasons: { library: ['HEAP_NEAR_LIMIT'] },
    // Three collections of the whole heap, each seen by a reading of its own.
    thresholdsMs: { HEAP_NEAR_LIMIT: 45_000 },
    otherReasons: ['EVENT_LOOP_DELAYED'],
    fresh: { targets: ['library'], nodeOptions: `--max-old-space-size=${HEAP_MIB}` },
    inflict: async ({ actors }) => faultSteps(actors.map((actor) => () => fillHeap(actor))),
  },
];

export const REASON_SCENARIOS: readonly Scenario[] = [
  ...DATABASE_REASON_SCENARIOS,
  DISK,
  ...CACHE,
  ...PROCESS,
];

const LEAKED = 2_000;
const NEAR = 0.93;

/** Files that stay open, and a limit just above them and all else that is open. */
async function leakDescriptors({ target }: FixtureActor): Promise<() => Promise<void>> {
  target.send('open');
  let open = 0;
  await waitFor('the files to be opened', async () => {
    open = (await readdir(`/proc/${target.pid}/fd`)).length;
    return open > LEAKED;
  });
  const lift = await limitDescriptors(target.pid, Math.floor(open / NEAR));
  return async () => {
    await lift();
    target.send('shut');
  };
}

/** Objects that stay, until there is hardly room for more. */
async function fillHeap({ target }: FixtureActor): Promise<() => void> {
  target.send('fill');
  await waitFor(
    'the heap to be full',
    async () => {
      const status = await readFile(`/proc/${target.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024 > HEAP_MIB;
    },
    { timeoutMs: 60_000, everyMs: 100 },
  );
  return () => target.send('empty');
}
