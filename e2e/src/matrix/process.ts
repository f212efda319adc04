/** What happens to both stores at once, to the pool, and to the process itself. */
import { readdir, rm, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { both, bothReasons, type Scenario } from '../scenario.js';
import type { FixtureActor, Fixture } from '../fixture.js';
import { limitDescriptors } from './descriptors.js';

const BOTH_FROZEN = 'unhealthy DATABASE_TIMEOUT CACHE_TIMEOUT';
const EACH_OF_BOTH = ['DATABASE_TIMEOUT', 'CACHE_TIMEOUT'];
const BLOCK_MS = 1_500;

async function freezeBoth({ postgres, redis }: Fixture): Promise<() => Promise<void>> {
  redis.freeze();
  await postgres.freeze();
  return async () => {
    redis.thaw();
    await postgres.thaw();
  };
}

export const BOTH_SCENARIOS: readonly Scenario[] = [
  { fault: 'both frozen', expected: both(BOTH_FROZEN), passing: EACH_OF_BOTH, inflict: freezeBoth },
  {
    fault: 'both refused',
    expected: both('unhealthy DATABASE_UNREACHABLE CACHE_UNREACHABLE'),
    passing: ['DATABASE_UNREACHABLE', 'CACHE_UNREACHABLE'],
    async inflict(fixture) {
      const mend = [
        await fixture.breakNetwork('database', 'refuse'),
        await fixture.breakNetwork('cache', 'refuse'),
      ];
      return () => Promise.all(mend.map((each) => each()));
    },
  },
];

export const POOL_SCENARIOS: readonly Scenario[] = [
  {
    fault: 'saturated: all connections in use, callers wait',
    expected: { library: 'degraded DATABASE_POOL_SATURATED' },
    otherReasons: ['CONNECTION_LEAK'],
    note: 'Of the service’s pool only the look-ups take connections, at most four of twenty: see the lock above.',
    inflict: holdPool,
  },
  {
    fault: 'stalled: and nothing comes back for 10 s',
    expected: { library: 'unhealthy DATABASE_POOL_SATURATED DATABASE_POOL_STALLED' },
    reasons: { library: ['CONNECTION_LEAK'] },
    detectExtraMs: 10_000,
    inflict: holdPool,
  },
];

async function holdPool({ actors }: Fixture): Promise<() => void> {
  for (const { target } of actors) target.send('hold');
  return () => {
    for (const { target } of actors) target.send('release');
  };
}

export const PROCESS_SCENARIOS: readonly Scenario[] = [
  {
    fault: 'event loop blocked for 1.5 s',
    reasons: bothReasons('EVENT_LOOP_DELAYED'),
    expected: both('degraded EVENT_LOOP_DELAYED'),
    blocksMs: BLOCK_MS,
    standsMs: 200,
    note: 'The library’s application computes; the service is stopped by a signal, which its loop cannot tell from it.',
    async inflict({ actors }) {
      for (const { target } of actors) {
        if (target.name === 'library') target.send('block');
        else process.kill(target.pid, 'SIGSTOP');
      }
      await sleep(BLOCK_MS);
      for (const { target } of actors) process.kill(target.pid, 'SIGCONT');
      return () => undefined;
    },
  },
  {
    fault: 'a check that throws secrets',
    expected: { library: 'degraded CHECK_FAILED' },
    async inflict({ actors }) {
      for (const { target } of actors) target.send('fail');
      return () => {
        for (const { target } of actors) target.send('succeed');
      };
    },
  },
  {
    fault: 'source that cannot be read',
    expected: both('degraded SOURCE_UNREADABLE'),
    healExtraMs: 10_000,
    note: 'The disk is looked at every 10 s.',
    fresh: {
      async source(folder) {
        await symlink('main.js', join(folder, 'link.js'));
      },
    },
    async inflict({ sources }) {
      return () => Promise.all(sources.map((folder) => rm(join(folder, 'link.js'))));
    },
  },
  {
    fault: 'log on a full disk',
    expected: both('healthy'),
    fresh: { logToFullDisk: true },

    async inflict() {
      return () => undefined;
    },
  },
  {
    fault: 'no descriptors left',
    // The stores keep what was last known of them, until that is stale.
    expected: both('unhealthy CHECK_STALE PROCESS_OUT_OF_DESCRIPTORS'),
    passing: ['PROCESS_OUT_OF_DESCRIPTORS'],
    beside: ['SOURCE_UNREADABLE'],
    otherReasons: ['DESCRIPTORS_NEAR_LIMIT', 'NAME_LOOKUP'],
    healExtraMs: 12_000,
    note: 'When the look at the source falls into it, that cannot be read either, until the next one 10 s later.',
    async inflict({ actors }) {
      const mends = await Promise.all(actors.map(takeDescriptors));
      return () => Promise.all(mends.map((mend) => mend()));
    },
  },
  {
    fault: 'clients who hang up in the middle',
    expected: both('healthy'),
    standsMs: 3_000,
    async inflict({ actors }) {
      const rude = actors.map(({ target }) => startRudeClients(target.url));
      return () => {
        for (const stop of rude) stop();
      };
    },
  },
  {
    fault: '200 clients at once',
    expected: both('healthy'),
    clients: 200,
    standsMs: 3_000,
    async inflict() {
      return () => undefined;
    },
  },
  {
    fault: '200 clients at once, both frozen',
    expected: both(BOTH_FROZEN),
    passing: EACH_OF_BOTH,
    clients: 200,
    standsMs: 3_000,
    inflict: freezeBoth,
  },
];

/**
 * Lowers the limit of a running process to the lowest number that it has not in use, until everything that it opens
 * for a while has been closed, and its place is above the limit too.
 */
async function takeDescriptors({ target: { pid } }: FixtureActor): Promise<() => Promise<unknown>> {
  let soft = 1_024;
  let lift = (): Promise<void> => Promise.resolve();
  const untilMs = performance.now() + 2_500;
  while (performance.now() < untilMs) {
    const open = new Set(await readdir(`/proc/${pid}/fd`));
    let lowest = 0;
    while (open.has(String(lowest))) lowest += 1;
    if (lowest < soft) {
      soft = lowest;
      lift = await limitDescriptors(pid, soft);
    }
    await sleep(20);
  }
  return lift;
}

const RUDE_CLIENTS = 20;

/** Clients who send half a request, or all of it, and are gone before the answer. */
function startRudeClients(url: string): () => void {
  const { port } = new URL(url);
  let stopped = false;
  function come(turn: number): void {
    if (stopped) return;
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write(turn % 2 === 0 ? 'GET /heal' : 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
      setTimeout(() => socket.resetAndDestroy(), turn % 20);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => setTimeout(() => come(turn + 1), 20));
  }
  for (let client = 0; client < RUDE_CLIENTS; client += 1) come(client);
  return () => {
    stopped = true;
  };
}
