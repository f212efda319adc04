import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres, startProxy, type PostgresServer, type Proxy } from 'portal-test-kit';
import postgres, { type Sql } from 'postgres';
import { createHealth } from '../../../src/health.js';
import { createPostgresProbe } from '../../../src/probes/postgres/postgres.js';
import type { Probe } from '../../../src/types.js';
import { NO_CLOCK, runProbe, noSockets, openSockets, outcomeOf } from '../run-probe.js';

/** Whether a busy machine is slow is no question here. */
const SLOW_MS = 60_000;

let server: PostgresServer;
let proxy: Proxy;
let database: string;

before(async () => {
  server = await startPostgres({ settings: { max_connections: 20 } });
  database = await server.createDatabase();
  proxy = await startProxy(server);
});

after(async () => {
  await Promise.all([proxy.close(), server.close()]);
});

function proxied(): string {
  const url = new URL(database);
  url.port = String(proxy.port);
  return url.href;
}

/** Instances that never connect: the probe needs no more than their options. */
function sqlOf(options: postgres.Options<Record<string, never>> = {}, url = database): Sql {
  return postgres(url, { max: 3, onnotice: () => undefined, ...options });
}

/** The drivers whose object is no pool of `pg`, each with a probe that is made of what it connects to. */
const DRIVERS: Readonly<Record<string, (url: string) => Probe>> = {
  'postgres.js': (url) => createPostgresProbe({ pool: sqlOf({}, url), postgres, slowMs: SLOW_MS }),
  'a Client of pg': (url) =>
    createPostgresProbe({ pool: new pg.Client({ connectionString: url }), slowMs: SLOW_MS }),
};

for (const [driver, probeOf] of Object.entries(DRIVERS)) {
  describe(driver, () => {
    test('up: the round trip of the question, no problems, nothing left open', async () => {
      const outcome = await runProbe(probeOf(database));
      assert.deepEqual([outcome.state, outcome.problems, outcome.cause], ['up', [], undefined]);
      assert.ok(outcome.latencyMs !== null && outcome.latencyMs > 0);
      await noSockets();
    });

    for (const [fault, code] of [
      ['refuse', 'DATABASE_UNREACHABLE'],
      ['reset', 'DATABASE_UNREACHABLE'],
      ['cut', 'DATABASE_UNREACHABLE'],
      ['blackhole', 'DATABASE_TIMEOUT'],
      ['half-open', 'DATABASE_TIMEOUT'],
      ['trickle', 'DATABASE_TIMEOUT'],
      ['rubbish', 'DATABASE_FAILED'],
    ] as const) {
      test(`${fault}: ${code}, and up again`, async () => {
        const probe = probeOf(proxied());
        const accepted = proxy.accepted;
        await proxy.fault(fault);
        try {
          // What ends by itself has all the time that a busy machine needs.
          const deadlineMs = code === 'DATABASE_TIMEOUT' ? 300 : 5_000;
          assert.equal(await outcomeOf(probe, deadlineMs), `down ${code}`);
        } finally {
          await proxy.heal();
        }
        assert.ok(proxy.accepted - accepted <= 1, 'one attempt a run');
        assert.equal(await outcomeOf(probe), 'up');
      });
    }

    test('wrong password, unknown role, unknown database: DATABASE_REFUSED_LOGIN', async () => {
      for (const change of [
        (url: URL) => void (url.password = 'wrong'),
        (url: URL) => void (url.username = 'nobody'),
        (url: URL) => void (url.pathname = '/nothing'),
      ]) {
        const url = new URL(database);
        change(url);
        assert.equal(await outcomeOf(probeOf(url.href)), 'down DATABASE_REFUSED_LOGIN');
      }
    });

    test('read-only, full, frozen: each by its code', async () => {
      const probe = probeOf(database);
      await server.readOnly(true);
      assert.equal(await outcomeOf(probe), 'up DATABASE_READ_ONLY');
      await server.readOnly(false);
      const empty = await server.fillConnections();
      assert.equal(await outcomeOf(probe), 'down DATABASE_TOO_MANY_CONNECTIONS');
      await empty();
      await server.freeze();
      assert.equal(await outcomeOf(probe, 300), 'down DATABASE_TIMEOUT');
      await server.thaw();
      assert.equal(await outcomeOf(probe), 'up');
    });

    test('50 ended runs against a frozen server: one socket at a time, and none is left', async () => {
      const probe = probeOf(database);
      await noSockets();
      await server.freeze();
      let most = 0;
      try {
        for (let runs = 0; runs < 50; runs += 1) {
          const controller = new AbortController();
          const run = probe.run(controller.signal, NO_CLOCK);
          await sleep(3);
          most = Math.max(most, openSockets());
          controller.abort();
          await run;
          assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
        }
      } finally {
        await server.thaw();
      }
      assert.ok(most <= 2, `${most} sockets at once`);
      await noSockets();
    });
  });
}

test('postgres.js: whatever the instance transforms and listens to, it is heard once and left as it was', async () => {
  const notices: unknown[] = [];
  const sql = sqlOf({
    transform: postgres.camel,
    connection: { application_name: 'the application' },
    onnotice: (notice: unknown) => notices.push(notice),
    debug: (_connection: unknown, query: unknown) => notices.push(query),
  });
  assert.equal(await outcomeOf(createPostgresProbe({ pool: sql, postgres, slowMs: SLOW_MS })), 'up');
  assert.deepEqual(notices, []);
  assert.equal(
    sql.options.connection.application_name,
    'the application',
    'its own options are as they were',
  );
});

test('postgres.js: a socket of your own, of several hosts the first that takes writes', async () => {
  const port = Number(new URL(database).port);
  const tunnelled = sqlOf({
    socket: async () => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    },
  } as never);
  assert.equal(await outcomeOf(createPostgresProbe({ pool: tunnelled, postgres, slowMs: SLOW_MS })), 'up');

  // Nobody listens at the port of a server that is closed.
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const nobody = (closed.address() as AddressInfo).port;
  closed.close();
  await once(closed, 'close');
  const { username, password, pathname } = new URL(database);
  const several = postgres({
    host: ['127.0.0.1', '127.0.0.1'],
    port: [nobody, port],
    username,
    password,
    database: pathname.slice(1),
  } as never);
  assert.equal(await outcomeOf(createPostgresProbe({ pool: several, postgres, slowMs: SLOW_MS })), 'up');
  await noSockets();
});

test('postgres.js: where a standby is wanted, one that takes writes is of no use, as it is for the driver', async () => {
  for (const [attributes, verdict] of [
    ['standby', 'down DATABASE_UNREACHABLE'],
    ['read-only', 'down DATABASE_UNREACHABLE'],
    ['prefer-standby', 'up'],
    ['primary', 'up'],
  ]) {
    const url = new URL(database);
    url.searchParams.set('target_session_attrs', attributes ?? '');
    const probe = createPostgresProbe({ pool: postgres(url.href), postgres, slowMs: SLOW_MS });
    assert.equal(await outcomeOf(probe), verdict, attributes);
  }
  await noSockets();
});

test('postgres.js, several hosts (S-13): those that are silent keep nobody from the one that answers', async () => {
  const silent = createServer((socket) => socket.resume().on('error', () => undefined)).listen(
    0,
    '127.0.0.1',
  );
  await once(silent, 'listening');
  const deaf = (silent.address() as AddressInfo).port;
  const { port, username, password, pathname } = new URL(database);
  const probeAt = (...ports: number[]): Probe =>
    createPostgresProbe({
      pool: postgres({
        host: ports.map(() => '127.0.0.1'),
        port: ports,
        username,
        password,
        database: pathname.slice(1),
        connect_timeout: 1,
      } as never),
      postgres,
      slowMs: SLOW_MS,
      deadlineMs: 400,
    });
  try {
    assert.equal(await outcomeOf(probeAt(deaf, Number(port))), 'up');
    assert.equal(await outcomeOf(probeAt(deaf, deaf, deaf, Number(port))), 'up');
    assert.equal(await outcomeOf(probeAt(Number(port), deaf)), 'up');
    assert.equal(await outcomeOf(probeAt(deaf, 1), 400), 'down DATABASE_TIMEOUT');
    assert.equal(await outcomeOf(probeAt(1, 1)), 'down DATABASE_UNREACHABLE');
  } finally {
    silent.close();
  }
  await noSockets();
});

test('postgres.js and a Client tell no figures of a pool: they are null, not 0', async () => {
  for (const options of [
    { pool: sqlOf({ max: 7 }), postgres },
    { pool: new pg.Client({ connectionString: database }) },
  ]) {
    const health = createHealth({ database: { ...options, slowMs: SLOW_MS, deadlineMs: SLOW_MS } });
    await health.start();
    const { status, db_statistics: figures } = health.report('public');
    assert.equal(status, 'healthy');
    assert.equal(typeof figures.latency_ms, 'number');
    const { size, checked_in, checked_out, overflow, total } = figures;
    assert.equal(size, 'postgres' in options ? 7 : null);
    assert.deepEqual([checked_in, checked_out, overflow, total], [null, null, null, null]);
    await health.close();
  }
});

test('a pool of another kind, described: its figures, and those beyond its size as overflow', async () => {
  const max = 2;
  const connections = Array.from({ length: 3 }, () => new pg.Client({ connectionString: database }));
  await Promise.all(connections.map((connection) => connection.connect()));
  const health = createHealth({
    database: {
      pool: {
        Client: pg.Client,
        options: { connectionString: database, max },
        get totalCount() {
          return connections.length;
        },
        get idleCount() {
          return 1;
        },
        get waitingCount() {
          return 0;
        },
      },
      slowMs: SLOW_MS,
      deadlineMs: SLOW_MS,
    },
  });
  await health.start();
  const { status, db_statistics: figures } = health.report('public');
  await health.close();
  await Promise.all(connections.map((connection) => connection.end()));
  assert.equal(status, 'healthy');
  assert.deepEqual(
    { ...figures, latency_ms: 0 },
    { size: 2, checked_in: 1, checked_out: 2, overflow: 1, total: 3, latency_ms: 0 },
  );
});

test('postgres.js without its function is refused at once, with what is missing', () => {
  assert.throws(() => createPostgresProbe({ pool: sqlOf() }), {
    name: 'TypeError',
    message:
      'Expected the `database.postgres` option to be the function that made the pool, as it is of postgres.js, got undefined.',
  });
});
