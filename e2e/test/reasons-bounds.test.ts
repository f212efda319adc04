/**
 * Reasons where everything is too much: five hundred sessions with names that mean harm, a thousand connections that nobody gives
 * back, a question that hangs.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createHealth, type Health, type HealthOptions } from 'portal-health';
import { startPgBouncer, startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';

/** Whether a busy machine is slow is no question here. */
const PATIENT = { slowMs: 60_000, deadlineMs: 10_000, intervalMs: 100 };
const LONG = { timeoutMs: 120_000 };
/** In every name: must never be seen. */
const CANARY = 'zqvxkwjz';
/** Of an application or a role, where a server takes them as they are: 63 bytes at most. */
const HOSTILE = [
  `\u001B[31m${CANARY}\u001B[0m`,
  `${CANARY}\nFAKE 2026-01-01 line of a log`,
  `${CANARY}"} 1\nportal_health_reason{code="`,
  `\u202E${CANARY}\u2066`,
  `<script>${CANARY}</script>`,
  `<!channel> @everyone ${CANARY}`,
  `[${CANARY}](https://example.com)`,
  `${CANARY}${'é'.repeat(27)}`,
  `${CANARY}${'"\\'.repeat(27)}`,
  `sk_live_${CANARY}`,
];
const TABLES = 32;
const READERS = 12;

let server: PostgresServer;
let database: string;
const clients: pg.Client[] = [];

before(async () => {
  server = await startPostgres({ settings: { max_connections: 500 } });
  database = await server.createDatabase();
});

after(async () => {
  await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  await server.close();
});

async function connect(application: string, role?: string): Promise<pg.Client> {
  const url = new URL(database);
  const client = new pg.Client({
    connectionString: database,
    application_name: application,
    ...(role !== undefined && { connectionString: undefined, ...partsOf(url), user: role }),
  });
  client.on('error', () => undefined);
  clients.push(client);
  await client.connect();
  return client;
}

function partsOf({ hostname, port, pathname, password }: URL): pg.ClientConfig {
  return { host: hostname, port: Number(port), database: pathname.slice(1), password };
}

async function withHealth(options: HealthOptions, work: (health: Health) => Promise<void>): Promise<void> {
  const health = createHealth(options);
  try {
    await health.start();
    await work(health);
  } finally {
    await health.close();
  }
}

/** What administrators read, on every endpoint. */
async function everySurface(health: Health): Promise<readonly string[]> {
  const listener = await health.listen({ port: 0, host: '127.0.0.1', viewer: () => 'admin' });
  try {
    return await Promise.all(
      ['/health/reasons', '/health', '/metrics', '/readyz?verbose'].map(async (path) => {
        const answer = await fetch(`${listener.url}${path}`);
        return answer.text();
      }),
    );
  } finally {
    await listener.close();
  }
}

function assertClean(texts: readonly string[]): void {
  for (const text of texts) {
    assert.ok(!text.toLowerCase().includes(CANARY), text);
    // No control character but the end of a line, and none that turns the direction of a text.
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /[\u0000-\u0009\u000B-\u001F\u007F\u202A-\u202E\u2066-\u2069]/);
    assert.ok(text.length < 65_536, String(text.length));
  }
}

test('500 sessions of hostile roles and applications, 416 of them in 32 queues: said, and nothing of a name', async () => {
  const admin = new pg.Client({ connectionString: database.replace(/\/\/[^@]*@/, '//portal:test-kit@') });
  await admin.connect();
  const roles = HOSTILE.map((name, index) => `${index}${name}`);
  for (const role of roles) {
    await admin.query(`CREATE ROLE ${admin.escapeIdentifier(role)} LOGIN PASSWORD 'test-kit'`);
  }
  for (let table = 0; table < TABLES; table += 1) {
    await admin.query(`CREATE TABLE t${table} (id int); GRANT ALL ON t${table} TO PUBLIC`);
  }
  const pick = (list: readonly string[], index: number): string => list[index % list.length] ?? '';
  const waiting: Promise<unknown>[] = [];
  const heads: pg.Client[] = [];
  const waiters: pg.Client[] = [];
  for (let table = 0; table < TABLES; table += 1) {
    const readers = await Promise.all(
      Array.from({ length: READERS }, (_, index) =>
        connect(pick(HOSTILE, table + index), pick(roles, table * READERS + index)),
      ),
    );
    await Promise.all(readers.map((reader) => reader.query(`BEGIN; SELECT FROM t${table}`)));
    heads.push(...readers);
    const waiter = await connect(pick(HOSTILE, table));
    waiters.push(waiter);
    waiting.push(waiter.query(`BEGIN; LOCK TABLE t${table} IN ACCESS EXCLUSIVE MODE`).catch(() => undefined));
  }
  const pool = new pg.Pool({ connectionString: database, max: 2 });
  pool.on('error', () => undefined);
  const explain = { everyMs: 500, whileTroubledMs: 500, hourly: true } as const;
  const asMonitor = {
    ...explain,
    connection: { connectionString: server.url.replace(/postgres$/, new URL(database).pathname.slice(1)) },
  };
  try {
    for (const settings of [explain, asMonitor]) {
      await withHealth({ database: { pool, ...PATIENT, explain: settings } }, async (health) => {
        const find = (code: string): string =>
          health.reasons('admin').find((reason) => reason.code === code)?.sentence ?? '';
        await waitFor('the queue', () => find('LOCK_QUEUE') !== '', LONG);
        assert.match(find('LOCK_QUEUE'), /32 sessions wait for a lock, .* with a name that cannot be shown/);
        await waitFor('the connections', () => find('CONNECTIONS_EXHAUSTED') !== '', LONG);
        assert.match(
          find('CONNECTIONS_EXHAUSTED'),
          /^4\d\d of 500 connections .* with a name that cannot be shown/,
        );
        const head = health.reasons('admin').find(({ code }) => code === 'LOCK_QUEUE');
        assert.ok(
          head?.figures['head_state'] === null || head?.figures['head_state'] === 'idle in transaction',
        );
        assertClean(await everySurface(health));
      });
    }
  } finally {
    await Promise.all(heads.map((head) => head.end()));
    await Promise.all(waiting);
    // Each has its table now, in a transaction that would be told after a minute.
    await Promise.all(waiters.map((waiter) => waiter.end()));
    await Promise.all([pool.end(), admin.end()]);
  }
});

test('a thousand connections that nobody gives back: one reason, and no word of a hostile label', async () => {
  const pooler = await startPgBouncer({
    url: database,
    mode: 'transaction',
    settings: { max_client_conn: 1_200, default_pool_size: 5, auth_type: 'trust' },
  });
  const pool = new pg.Pool({ connectionString: pooler.through(database), max: 1_000 });
  pool.on('error', () => undefined);
  let calls = 0;
  const explain = {
    holderAfterMs: 500,
    sites: true,
    describe: () => HOSTILE[(calls += 1) % HOSTILE.length],
    everyMs: 500,
    whileTroubledMs: 500,
  };
  try {
    await withHealth({ database: { pool, ...PATIENT, explain } }, async (health) => {
      const held = await Promise.all(Array.from({ length: 1_000 }, () => pool.connect()));
      const leak = (): string =>
        health.reasons('admin').find(({ code }) => code === 'CONNECTION_LEAK')?.sentence ?? '';
      await waitFor('the leak', () => leak().startsWith('1,000 of 1,000 connections are checked out'), LONG);
      assert.match(leak(), /taken by a name that cannot be shown, taken at .*reasons-bounds\.test/);
      const texts = await everySurface(health);
      assertClean(texts);
      assert.ok((texts[0] ?? '').length < 4_096, 'one reason, whatever their number');
      for (const client of held) client.release();
      await waitFor('its end', () => leak() === '', LONG);
    });
  } finally {
    await pool.end();
    await pooler.close();
  }
});

test('questions that hang: the probe does not notice, and no second one is in flight', async () => {
  const pool = new pg.Pool({ connectionString: database, max: 2 });
  const watcher = new URL(database);
  watcher.username = 'watcher';
  await server.query(`CREATE ROLE watcher LOGIN PASSWORD 'test-kit' IN ROLE pg_monitor`);
  const explain = { everyMs: 2_000, whileTroubledMs: 2_000, connection: { connectionString: watcher.href } };
  const frozen = new Set<number>();
  let most = 0;
  /** Those that have been asked something: stopped from then on, each in a moment in which it does nothing. */
  async function freeze(): Promise<void> {
    const rows = await server.query(
      `SELECT pid, CASE WHEN pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory') THEN 'asking' ELSE state END AS state
       FROM pg_stat_activity WHERE usename = 'watcher'`,
    );
    most = Math.max(most, rows.filter(({ pid }) => !frozen.has(Number(pid))).length);
    for (const { pid, state } of rows) {
      if (state !== 'idle' || frozen.has(Number(pid))) continue;
      frozen.add(Number(pid));
      process.kill(Number(pid), 'SIGSTOP');
    }
  }
  try {
    await withHealth({ database: { pool, ...PATIENT, explain } }, async (health) => {
      const states = new Set<string>();
      health.onRun(({ outcome }) => states.add(outcome));
      const until = async (what: string, isSo: () => boolean): Promise<void> =>
        waitFor(
          what,
          async () => {
            await freeze();
            return isSo();
          },
          LONG,
        );
      await until('three that hang', () => frozen.size === 3);
      assert.equal(most, 1, 'one connection at a time');
      assert.deepEqual([...states], ['up']);
      assert.equal(health.report('public').status, 'healthy');
      assert.deepEqual(health.reasons('admin'), []);
    });
  } finally {
    for (const pid of frozen) process.kill(pid, 'SIGCONT');
    await pool.end();
  }
});
