/** What lies in this process and not in the store: no evidence, whatever the deadline says. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { pbkdf2 } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import postgres from 'postgres';
import { createClient } from 'redis';
import { createCheckProbe } from '../../src/probes/custom.js';
import { createPostgresProbe } from '../../src/probes/postgres/postgres.js';
import { createRedisProbe } from '../../src/probes/redis/redis.js';
import { withOwnProblems } from '../../src/probes/own-problems.js';
import type { Probe } from '../../src/types.js';
import { NO_CLOCK, runProbe } from './run-probe.js';

/** Whether a busy machine is slow is no question here. */
const SLOW_MS = 60_000;

let server: PostgresServer;
let redis: RedisServer;
let database: URL;

before(async () => {
  [server, redis] = await Promise.all([startPostgres(), startRedis({ password: 'sekret' })]);
  database = new URL(await server.createDatabase());
});

after(() => Promise.all([server.close(), redis.close()]));

/** Probes whose password comes from `password`. */
const DRIVERS: Readonly<Record<string, (password: () => unknown) => Probe<unknown>>> = {
  pg(password) {
    const { hostname: host, port, username: user, pathname } = database;
    const options = { host, port: Number(port), user, database: pathname.slice(1) };
    return createPostgresProbe({
      pool: new pg.Pool({ ...options, password: password as () => string }),
      slowMs: SLOW_MS,
    });
  },
  'postgres.js'(password) {
    const { hostname: host, port, username, pathname } = database;
    const options = { host, port: Number(port), username, database: pathname.slice(1) };
    return createPostgresProbe({
      pool: postgres({ ...options, password: password as () => string }),
      postgres,
      slowMs: SLOW_MS,
    });
  },
  'node-redis'(password) {
    const credentials = async (): Promise<{ password: string }> => ({
      password: (await password()) as string,
    });
    return createRedisProbe({
      client: createClient({
        socket: { host: '127.0.0.1', port: redis.port },
        credentialsProvider: { type: 'async-credentials-provider', credentials },
      }),
      slowMs: SLOW_MS,
    });
  },
  'node-redis, credentials that are told'(password) {
    return createRedisProbe({
      client: createClient({
        socket: { host: '127.0.0.1', port: redis.port },
        credentialsProvider: {
          type: 'streaming-credentials-provider',
          subscribe: async () => [{ password: (await password()) as string }, { dispose: () => undefined }],
          onReAuthenticationError: () => undefined,
        },
      }),
      slowMs: SLOW_MS,
    });
  },
};

function rightFor(driver: string): string {
  return driver.startsWith('node-redis') ? 'sekret' : database.password;
}

async function outcomeOf(probe: Probe<unknown>, deadlineMs?: number): Promise<readonly unknown[]> {
  const { problems, isOwnProblem: ours = false } = await runProbe(probe, deadlineMs);
  return [...problems, ours];
}

for (const [driver, probeOf] of Object.entries(DRIVERS)) {
  describe(`the password by a function, ${driver}`, () => {
    test('that gives it: up', async () => {
      assert.deepEqual(await outcomeOf(probeOf(async () => rightFor(driver))), [false]);
    });

    test('that throws, at once or later (S-19): PASSWORD_UNAVAILABLE, and up when it works again', async () => {
      let broken = true;
      const probe = probeOf(async () => {
        if (broken) throw new Error('expired');
        return rightFor(driver);
      });
      assert.deepEqual(await outcomeOf(probe), ['PASSWORD_UNAVAILABLE', true]);
      assert.deepEqual(await outcomeOf(probeOf(() => assert.fail('at once'))), [
        'PASSWORD_UNAVAILABLE',
        true,
      ]);
      broken = false;
      assert.deepEqual(await outcomeOf(probe), [false]);
    });

    test('that never answers (S-18): PASSWORD_UNAVAILABLE, and never a second call', async () => {
      let calls = 0;
      let answer: (password: string) => void = () => undefined;
      const probe = probeOf(() => {
        calls += 1;
        return new Promise<string>((resolve) => {
          answer = resolve;
        });
      });
      for (let run = 0; run < 3; run += 1) {
        assert.deepEqual(await outcomeOf(probe, 300), ['PASSWORD_UNAVAILABLE', true]);
      }
      assert.equal(calls, 1);
      // Nobody waits for it any more, and a run after it has a call of its own.
      answer(rightFor(driver));
      const next = outcomeOf(probe, 10_000);
      await waitFor('the second call', () => calls === 2);
      answer(rightFor(driver));
      assert.deepEqual(await next, [false]);
    });
  });
}

test('a password function that fails for want of descriptors is told by that', async () => {
  const probe = DRIVERS['pg']?.(async () => {
    throw Object.assign(new Error('open EMFILE'), { code: 'EMFILE' });
  });
  assert.ok(probe);
  assert.deepEqual(await outcomeOf(probe), ['PROCESS_OUT_OF_DESCRIPTORS', true]);
});

describe('all threads of this process busy (S-12)', () => {
  /** Keeps every thread busy until it is told to end. */
  async function whileBusy(work: () => Promise<void>, jobs = 40): Promise<void> {
    let busy = true;
    let open = 0;
    const occupy = (): void => {
      open += 1;
      pbkdf2('p', 's', 100_000, 64, 'sha512', () => {
        open -= 1;
        if (busy) occupy();
      });
    };
    for (let thread = 0; thread < jobs; thread += 1) occupy();
    try {
      await work();
    } finally {
      busy = false;
      // What waits is not begun any more, but the work of forty takes its time.
      await waitFor('the threads to be free', () => open === 0, { timeoutMs: 120_000 });
    }
  }

  test('THREAD_POOL_BUSY for the database, the cache and a check that look up a name', async () => {
    const named = new URL(database);
    named.hostname = 'localhost';
    const hang = (): Promise<never> => new Promise(() => undefined);
    await whileBusy(async () => {
      for (const probe of [
        createPostgresProbe({ pool: new pg.Pool({ connectionString: named.href }) }),
        createPostgresProbe({ pool: postgres(named.href), postgres }),
        createRedisProbe({ client: createClient({ url: `redis://:sekret@localhost:${redis.port}` }) }),
        createCheckProbe({ name: 'own', check: hang }),
      ]) {
        assert.deepEqual(await outcomeOf(probe, 300), ['THREAD_POOL_BUSY', true]);
      }
    });
    const pool = new pg.Pool({ connectionString: named.href });
    assert.deepEqual(await outcomeOf(createPostgresProbe({ pool, slowMs: SLOW_MS })), [false]);
  });

  test('also when each job comes back, and only all those of a login together do not', async () => {
    const late = { state: 'down', latencyMs: null, problems: ['DATABASE_TIMEOUT'] } as const;
    const probe = withOwnProblems({
      name: 'database',
      run: () => new Promise<never>(() => undefined),
      failed: () => late,
    });
    const findings = async (): Promise<readonly string[]> => {
      void probe.run(new AbortController().signal, NO_CLOCK);
      await sleep(1_500);
      return probe.failed('timeout').problems;
    };
    await whileBusy(async () => {
      assert.deepEqual(await findings(), ['THREAD_POOL_BUSY']);
    }, 20);
    await waitFor('threads that are quick', async () => (await findings())[0] === 'DATABASE_TIMEOUT');
  });
});

test('a name that is being looked up for ever: NAME_LOOKUP', async () => {
  const client = createClient({
    socket: { host: 'cache.invalid', port: 1, lookup: () => undefined } as never,
  });
  assert.deepEqual(await outcomeOf(createRedisProbe({ client }), 300), ['NAME_LOOKUP', true]);
});

test('no descriptors left (A-05): nobody is blamed, and up again when there are some', async () => {
  const script = fileURLToPath(new URL('without-descriptors.js', import.meta.url));
  const { stdout } = await promisify(execFile)(
    'bash',
    ['-c', 'ulimit -n 80 && exec "$0" "$@"', process.execPath, script, database.href, redis.url],
    { timeout: 60_000 },
  );
  assert.deepEqual(stdout.trim().split('\n'), [
    'database before: [] false',
    'cache before: [] false',
    'database without: ["PROCESS_OUT_OF_DESCRIPTORS"] true',
    'cache without: ["PROCESS_OUT_OF_DESCRIPTORS"] true',
    'named without: ["PROCESS_OUT_OF_DESCRIPTORS"] true',
    'database after: [] false',
    'cache after: [] false',
  ]);
});

test('an answer that says timeout, and comes before the threads have had a chance, is the answer', async () => {
  const cause = { code: '08P01', message: 'query_wait_timeout' };
  const answer = { state: 'down', latencyMs: null, problems: ['DATABASE_TIMEOUT'], cause } as const;
  const probe = withOwnProblems({
    name: 'database',
    run: async () => answer,
    failed: () => answer,
  });
  assert.deepEqual(await probe.run(new AbortController().signal, NO_CLOCK), answer);
});

test('credentials that are none: PASSWORD_UNAVAILABLE', async () => {
  const { hostname: host, port } = new URL(redis.url);
  const credentialsProvider = {
    type: 'async-credentials-provider' as const,
    credentials: () => Promise.resolve(undefined as never),
  };
  const client = createClient({ socket: { host, port: Number(port) }, credentialsProvider });
  assert.deepEqual(await outcomeOf(createRedisProbe({ client })), ['PASSWORD_UNAVAILABLE', true]);
});
