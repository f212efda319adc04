/** What only a write can show, and that a write never leaves more than one backend behind. */
import assert from 'node:assert/strict';
import { open, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setImmediate as setImmediateCallback } from 'node:timers';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres, startProxy, waitFor, type PostgresServer, type Proxy } from 'portal-test-kit';
import postgres from 'postgres';
import { createPostgresProbe, type PostgresProbeOptions } from '../../../src/probes/postgres/postgres.js';
import { createWriteWatch } from '../../../src/probes/postgres/postgres-writes.js';
import type { Probe } from '../../../src/types.js';
import { runProbe, noSockets } from '../run-probe.js';

/** Whether a busy machine is slow is no question here. */
const SLOW_MS = 60_000;
const TABLE = 'portal_health_writes';
/** Every run writes. */
const WRITES = { intervalMs: 1, deadlineMs: 5_000 };

let server: PostgresServer;
let proxy: Proxy;
let database: string;
let owner: pg.Client;

before(async () => {
  server = await startPostgres();
  proxy = await startProxy(server);
});

beforeEach(async () => {
  await owner?.end();
  database = await server.createDatabase();
  owner = new pg.Client({ connectionString: database });
  owner.on('error', () => undefined);
  await owner.connect();
});

after(async () => {
  await owner?.end();
  await Promise.all([proxy.close(), server.close()]);
});

test('a write that our own busy event loop delays has not failed', async () => {
  const pool = new pg.Pool({ connectionString: database });
  const writes = { intervalMs: 1, deadlineMs: 300 };
  const probe = createPostgresProbe({ pool, slowMs: SLOW_MS, writes });
  let busy = true;
  const turn = (): void => {
    for (const untilMs = performance.now() + 60; performance.now() < untilMs;);
    if (busy) setImmediateCallback(turn);
  };
  setImmediateCallback(turn);
  const seen = new Set<string>();
  try {
    await waitFor('the table', async () => {
      seen.add((await runProbe(probe)).problems.join());
      return (await rowsIn(TABLE)) === 2_000;
    });
  } finally {
    busy = false;
    await probe.close?.();
    await pool.end();
  }
  assert.deepEqual([...seen], ['']);
});

const DRIVERS: Readonly<Record<string, (url: string) => Pick<PostgresProbeOptions, 'pool' | 'postgres'>>> = {
  pg: (url) => ({ pool: new pg.Pool({ connectionString: url }) }),
  'postgres.js': (url) => ({ pool: postgres(url, { onnotice: () => undefined }), postgres }),
};

for (const [driver, poolOf] of Object.entries(DRIVERS)) {
  describe(driver, () => {
    const probeOf = (
      writes: PostgresProbeOptions['writes'] = WRITES,
      more: Partial<PostgresProbeOptions> = {},
      url = database,
    ): Probe => createPostgresProbe({ ...poolOf(url), slowMs: SLOW_MS, writes, ...more });

    test('writes its table, which stays as large as it is, also while somebody reads it', async () => {
      const probe = probeOf();
      await untilOutcome(probe, 'up');
      await waitFor('the table', async () => (await rowsIn(TABLE)) === 2_000);
      const file = await fileOf(TABLE);
      await untilNew(probe, async () => (await fileOf(TABLE)) !== file);
      assert.equal(await rowsIn(TABLE), 2_000);

      // As a backup does, for as long as it lasts.
      await owner.query(`BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM ${TABLE} LIMIT 1`);
      const size = await writtenIn(TABLE);
      await untilNew(probe, async () => (await writtenIn(TABLE)) > size);
      assert.equal(await outcomeOf(probe), 'up');
      await owner.query('COMMIT');
      await probe.close?.();
      await noOpen();
    });

    test('a full disk: DATABASE_DISK_FULL; another refusal: DATABASE_WRITES_FAIL; and up again', async () => {
      const probe = probeOf();
      await untilOutcome(probe, 'up');
      await waitFor('the table', async () => (await rowsIn(TABLE)) === 2_000);
      for (const [sqlstate, problem] of [
        ['53100', 'DATABASE_DISK_FULL'],
        ['53200', 'DATABASE_OUT_OF_MEMORY'],
        ['54000', 'DATABASE_WRITES_FAIL'],
      ] as const) {
        await owner.query(`
          CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'could not' USING ERRCODE = '${sqlstate}'; END $$;
          CREATE TRIGGER refuse BEFORE INSERT ON ${TABLE} EXECUTE FUNCTION refuse()`);
        await untilOutcome(probe, `up ${problem}`);
        assert.equal((await runProbe(probe)).cause?.code, sqlstate);
        await owner.query('DROP FUNCTION refuse CASCADE');
        await untilOutcome(probe, 'up');
      }
      await probe.close?.();
    });

    test('writes that never end: DATABASE_WRITES_FAIL, cancelled, and never two at the server', async () => {
      const probe = probeOf({ intervalMs: 1, deadlineMs: 100 });
      await untilOutcome(probe, 'up');
      await waitFor('the table', async () => (await rowsIn(TABLE)) === 2_000);
      await owner.query(`BEGIN; LOCK TABLE ${TABLE}`);
      const most = await mostWriters(async () => {
        await untilOutcome(probe, 'up DATABASE_WRITES_FAIL');
        for (let run = 0; run < 20; run += 1) assert.equal(await outcomeOf(probe), 'up DATABASE_WRITES_FAIL');
      });
      assert.equal(most, 1);
      await waitFor('the last to be cancelled', async () => {
        return (await writers()) <= 1;
      });
      await owner.query('COMMIT');
      await untilOutcome(probe, 'up');
      await probe.close?.();
      await noOpen();
    });

    test('a write whose cancellation was lost is cancelled again before there is another', async () => {
      const url = new URL(database);
      url.port = String(proxy.port);
      const probe = probeOf({ intervalMs: 1, deadlineMs: 300 }, {}, url.href);
      await untilOutcome(probe, 'up');
      await waitFor('the table', async () => (await rowsIn(TABLE)) === 2_000);
      await owner.query(`BEGIN; LOCK TABLE ${TABLE}`);
      await untilNew(probe, async () => (await writers()) === 1);
      const [abandoned] = await writerIds();
      await proxy.fault('refuse');
      await sleep(700);
      assert.deepEqual(await writerIds(), [abandoned], 'it waits for the lock and notices nothing');
      await proxy.heal();
      const most = await mostWriters(async () => {
        await untilNew(probe, async () => !(await writerIds()).includes(abandoned));
      });
      assert.equal(most, 1);
      await owner.query('COMMIT');
      await untilOutcome(probe, 'up');
      await probe.close?.();
    });

    test('no right to write, or to make the table: not known, and no finding', async () => {
      await server.query(
        `DO $$ BEGIN CREATE ROLE reader LOGIN PASSWORD 'reader'; EXCEPTION WHEN OTHERS THEN NULL; END $$`,
      );
      const url = new URL(database);
      url.username = 'reader';
      url.password = 'reader';
      const probe = probeOf(WRITES, {}, url.href);
      await untilNew(probe, async () => {
        const { remarks = [], problems } = await runProbe(probe);
        assert.deepEqual(problems, []);
        return remarks.includes('DATABASE_WRITES_UNKNOWN');
      });
      await probe.close?.();
    });

    test('read-only on purpose (S-05): no finding, no write; writable is no fault either', async () => {
      await server.readOnly(true);
      assert.equal(await outcomeOf(probeOf(WRITES, { readOnly: true })), 'up');
      assert.equal(await outcomeOf(probeOf()), 'up DATABASE_READ_ONLY');
      await server.readOnly(false);
      assert.equal(await outcomeOf(probeOf(WRITES, { readOnly: true })), 'up');
      await assert.rejects(owner.query(`SELECT FROM ${TABLE}`), /does not exist/);
    });
  });
}

test('where nobody may write, that is tried no more often than where all may', async (context) => {
  let nowMs = 0;
  let connections = 0;
  context.mock.method(performance, 'now', () => nowMs);
  const refused = Object.assign(new Error('permission denied'), { code: '42501' });
  const watch = createWriteWatch(
    () => {
      connections += 1;
      return {
        query: () => Promise.reject(refused),
        run: () => Promise.reject(refused),
        processId: () => undefined,
        end: () => undefined,
        cancel: () => undefined,
        isLookingUp: () => false,
        destroy: () => undefined,
      };
    },
    { intervalMs: 60_000 },
  );
  for (; nowMs < 60_000; nowMs += 10_000) {
    const found = watch.run();
    await setImmediate();
    if (nowMs > 0) assert.deepEqual(found.remarks, ['DATABASE_WRITES_UNKNOWN']);
  }
  assert.equal(connections, 1);
  watch.run();
  assert.equal(connections, 2);
  watch.close();
});

test('pages that are not what was written: DATABASE_CHECKSUM_FAILURE', async () => {
  const [checksums] = await server.query('SHOW data_checksums');
  assert.equal(checksums?.['data_checksums'], 'on');
  await owner.query('CREATE TABLE damaged AS SELECT generate_series(1, 1000) AS i');
  await server.query('CHECKPOINT');
  // The server's working folder is that of its data.
  const data = await readlink(`/proc/${server.pid}/cwd`);
  const { rows } = await owner.query<{ file: string }>(`SELECT pg_relation_filepath('damaged') AS file`);
  await server.stop();
  const file = await open(join(data, rows[0]?.file ?? ''), 'r+');
  await file.write(Buffer.alloc(64, 7), 0, 64, 8_000);
  await file.close();
  await server.restart();
  owner = new pg.Client({ connectionString: database });
  await owner.connect();
  const pool = new pg.Pool({ connectionString: database });
  const probe = createPostgresProbe({ pool, slowMs: SLOW_MS, writes: WRITES });
  await untilOutcome(probe, 'up');
  await assert.rejects(owner.query('SELECT sum(i) FROM damaged'), { code: 'XX001' });
  await untilOutcome(probe, 'up DATABASE_CHECKSUM_FAILURE');
  await probe.close?.();
});

test('a canary through the pool of postgres.js (S-25): saturated, stalled, never two, and well again', async () => {
  await owner.query('CREATE TABLE t ()');
  await owner.query('BEGIN; LOCK TABLE t');
  const sql = postgres(database, { max: 2, onnotice: () => undefined });
  const probe = createPostgresProbe({
    pool: sql,
    postgres,
    canary: true,
    slowMs: SLOW_MS,
    poolSaturatedAfterMs: 250,
    poolStalledAfterMs: 500,
  });
  const asked: string[] = [];
  const unsafe = sql.unsafe.bind(sql);
  sql.unsafe = ((text: string) => {
    asked.push(text);
    return unsafe(text);
  }) as typeof sql.unsafe;
  assert.equal(await outcomeOf(probe), 'up');
  const callers = Array.from({ length: 6 }, () => sql`SELECT * FROM t`.execute());
  await untilOutcome(probe, 'up DATABASE_POOL_SATURATED');
  const asking = asked.length;
  await untilOutcome(probe, 'up DATABASE_POOL_SATURATED DATABASE_POOL_STALLED');
  assert.equal(asked.length, asking, 'one is open, and no other joins it');
  await owner.query('COMMIT');
  await Promise.all(callers);
  await untilOutcome(probe, 'up');
  await sql.end();
  const pool = new pg.Pool({ connectionString: database });
  assert.throws(
    () => createPostgresProbe({ pool, canary: true }),
    /^TypeError: Expected the `database\.canary` option/,
  );
});

async function outcomeOf(probe: Probe): Promise<string> {
  const { state, problems } = await runProbe(probe);
  return [state, ...problems].join(' ');
}

async function untilOutcome(probe: Probe, what: string): Promise<void> {
  let last = '';
  await waitFor(what, async () => (last = await outcomeOf(probe)) === what).catch((error: unknown) => {
    throw new Error(`It said ${last}`, { cause: error });
  });
}

/** Runs the probe until something has come of it. */
async function untilNew(probe: Probe, condition: () => Promise<boolean>): Promise<void> {
  await waitFor('what a run brings about', async () => {
    await runProbe(probe);
    return condition();
  });
}

async function rowsIn(table: string): Promise<number> {
  const { rows } = await owner.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${table}`);
  return rows[0]?.rows ?? 0;
}

async function fileOf(table: string): Promise<unknown> {
  const { rows } = await owner.query<{ file: unknown }>(
    `SELECT relfilenode AS file FROM pg_class WHERE relname = '${table}'`,
  );
  return rows[0]?.file;
}

async function writtenIn(table: string): Promise<number> {
  const { rows } = await owner.query<{ size: string }>(`SELECT pg_relation_size('${table}') AS size`);
  return Number(rows[0]?.size);
}

async function writerIds(): Promise<readonly unknown[]> {
  const rows = await server.query(
    `SELECT pid FROM pg_stat_activity WHERE query LIKE '/* portal-health%' AND state <> 'idle'`,
  );
  return rows.map((row) => row['pid']);
}

async function writers(): Promise<number> {
  return (await writerIds()).length;
}

/** The most writes that were at the server at once while `work` went on. */
async function mostWriters(work: () => Promise<void>): Promise<number> {
  let most = 0;
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      most = Math.max(most, await writers());
      await sleep(5);
    }
  })();
  try {
    await work();
  } finally {
    over.abort();
    await watching;
  }
  return most;
}

/** Everything but the connection of the test itself is closed. */
async function noOpen(): Promise<void> {
  await owner.end();
  await noSockets();
  owner = new pg.Client({ connectionString: database });
  await owner.connect();
}
