import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres, startProxy, waitFor, type PostgresServer, type Proxy } from 'portal-test-kit';
import postgresJs from 'postgres';
import { createPostgresProbe } from '../../../src/probes/postgres/postgres.js';
import { NO_CLOCK, runProbe, noSockets, openSockets, outcomeOf } from '../run-probe.js';

/** Whether a busy machine is slow is no question here. */
const SLOW_MS = 60_000;

let postgres: PostgresServer;
let proxy: Proxy;
let database: string;
const pools: pg.Pool[] = [];

before(async () => {
  postgres = await startPostgres({ settings: { max_connections: 20 } });
  database = await postgres.createDatabase();
  proxy = await startProxy(postgres);
});

after(async () => {
  const ended = Promise.all(pools.map((pool) => pool.end()));
  await Promise.all([proxy.close(), postgres.close()]);
  await ended;
});

/** A pool that has never connected; its probe must not make it. */
function poolOf(options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: database, max: 3, ...options });
  pool.on('error', () => undefined);
  pools.push(pool);
  return pool;
}

function proxied(): string {
  const url = new URL(database);
  url.port = String(proxy.port);
  return url.href;
}

/** A pool whose clients answer `query` with `answer`, and note what they were asked. */
function poolAnswering(answer: (client: pg.Client, text: string) => Promise<unknown>): {
  pool: pg.Pool;
  asked: string[];
} {
  const asked: string[] = [];
  class Client extends pg.Client {
    override query(text: never): never {
      asked.push(text);
      return answer(this, text) as never;
    }
  }
  return { pool: poolOf({ Client }), asked };
}

test('up: the round trip of the question, no problems, and the pool untouched', async () => {
  const pool = poolOf();
  const outcome = await runProbe(createPostgresProbe({ pool, slowMs: SLOW_MS }));
  assert.deepEqual([outcome.state, outcome.problems, outcome.cause], ['up', [], undefined]);
  assert.ok(outcome.latencyMs !== null && outcome.latencyMs > 0);
  assert.deepEqual([pool.totalCount, pool.idleCount, pool.waitingCount], [0, 0, 0]);
});

test('one question a run, under a name that an operator recognises', async () => {
  let name: unknown;
  const { pool, asked } = poolAnswering(async (client, text) => {
    const query = pg.Client.prototype.query.bind(client);
    const named = await query('SHOW application_name');
    name = named.rows[0]?.application_name;
    return query(text);
  });
  assert.equal(await outcomeOf(createPostgresProbe({ pool, slowMs: SLOW_MS })), 'up');
  assert.deepEqual(asked, ['SHOW transaction_read_only']);
  assert.equal(name, 'portal-health');
});

test('a pool given by parts, its password hidden from enumeration or a function, logs in', async () => {
  const { hostname: host, port, username: user, password, pathname } = new URL(database);
  const parts = { connectionString: undefined, host, port: Number(port), user, database: pathname.slice(1) };
  assert.equal(
    await outcomeOf(createPostgresProbe({ pool: poolOf({ ...parts, password }), slowMs: SLOW_MS })),
    'up',
  );
  const slowly = { ...parts, password: async () => password };
  assert.equal(await outcomeOf(createPostgresProbe({ pool: poolOf(slowly), slowMs: SLOW_MS })), 'up');
});

test('slow: a whole run beyond slowMs, with the round trip that was measured', async () => {
  await proxy.fault('slow', { latencyMs: 50 });
  const outcome = await runProbe(
    createPostgresProbe({ pool: poolOf({ connectionString: proxied() }), slowMs: 100 }),
  );
  await proxy.heal();
  assert.deepEqual([outcome.state, outcome.problems], ['slow', ['DATABASE_SLOW']]);
  assert.ok((outcome.latencyMs ?? 0) >= 45);
});

describe('on the network', () => {
  const faults = [
    ['refuse', 'DATABASE_UNREACHABLE'],
    ['reset', 'DATABASE_UNREACHABLE'],
    ['cut', 'DATABASE_UNREACHABLE'],
    ['blackhole', 'DATABASE_TIMEOUT'],
    ['half-open', 'DATABASE_TIMEOUT'],
    ['trickle', 'DATABASE_TIMEOUT'],
    ['rubbish', 'DATABASE_FAILED'],
  ] as const;
  for (const [fault, code] of faults) {
    test(`${fault}: ${code}`, async () => {
      const probe = createPostgresProbe({ pool: poolOf({ connectionString: proxied() }), slowMs: SLOW_MS });
      await proxy.fault(fault);
      // What ends by itself has all the time that a busy machine needs.
      const verdict = await outcomeOf(probe, code === 'DATABASE_TIMEOUT' ? 300 : 5_000);
      await proxy.heal();
      assert.equal(verdict, `down ${code}`);
      assert.equal(await outcomeOf(probe), 'up');
      await waitFor('the connections to be gone', () => proxy.connections === 0);
    });
  }

  test('a host that does not exist: NAME_LOOKUP, which is no evidence about the database', async () => {
    const pool = poolOf({ connectionString: 'postgres://app@no-such-host.invalid/app' });
    const { problems, isOwnProblem: ours } = await runProbe(createPostgresProbe({ pool, slowMs: SLOW_MS }));
    assert.deepEqual([problems, ours], [['NAME_LOOKUP'], true]);
  });
});

describe('by the server', () => {
  test('wrong password, unknown role, unknown database, no right to log in: DATABASE_REFUSED_LOGIN', async () => {
    const url = (change: (url: URL) => void): string => {
      const changed = new URL(database);
      change(changed);
      return changed.href;
    };
    const refused = [
      url((changed) => (changed.password = 'wrong')),
      url((changed) => (changed.username = 'nobody')),
      url((changed) => (changed.pathname = '/nothing')),
      url((changed) => (changed.password = '')),
    ];
    for (const connectionString of refused) {
      const probe = createPostgresProbe({ pool: poolOf({ connectionString }) });
      assert.equal(await outcomeOf(probe), 'down DATABASE_REFUSED_LOGIN', connectionString);
    }
    await postgres.query('ALTER ROLE app NOLOGIN');
    assert.equal(
      await outcomeOf(createPostgresProbe({ pool: poolOf(), slowMs: SLOW_MS })),
      'down DATABASE_REFUSED_LOGIN',
    );
    await postgres.query('ALTER ROLE app LOGIN');
  });

  test('a database that accepts no logins: DATABASE_REFUSED_LOGIN', async () => {
    const closed = await postgres.createDatabase();
    const pool = poolOf({ connectionString: closed });
    await postgres.query(`ALTER DATABASE ${new URL(closed).pathname.slice(1)} ALLOW_CONNECTIONS false`);
    assert.equal(
      await outcomeOf(createPostgresProbe({ pool, slowMs: SLOW_MS })),
      'down DATABASE_REFUSED_LOGIN',
    );
  });

  test('no connection left: DATABASE_TOO_MANY_CONNECTIONS', async () => {
    const release = await postgres.fillConnections();
    const verdict = await outcomeOf(createPostgresProbe({ pool: poolOf(), slowMs: SLOW_MS }));
    await release();
    assert.equal(verdict, 'down DATABASE_TOO_MANY_CONNECTIONS');
  });

  test('read-only: up with DATABASE_READ_ONLY', async () => {
    await postgres.readOnly(true);
    const verdict = await outcomeOf(createPostgresProbe({ pool: poolOf(), slowMs: SLOW_MS }));
    await postgres.readOnly(false);
    assert.equal(verdict, 'up DATABASE_READ_ONLY');
  });

  test('everything of the application locked: still up', async () => {
    const pool = poolOf();
    const holder = await pool.connect();
    await holder.query('CREATE TABLE locked (); BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE');
    assert.equal(await outcomeOf(createPostgresProbe({ pool, slowMs: SLOW_MS })), 'up');
    await holder.query('ROLLBACK');
    holder.release();
  });

  for (const part of ['everything', 'the postmaster alone'] as const) {
    test(`${part} frozen: DATABASE_TIMEOUT, and up again when it goes on`, async () => {
      const probe = createPostgresProbe({ pool: poolOf(), slowMs: SLOW_MS });
      if (part === 'everything') await postgres.freeze();
      else postgres.freezePostmaster();
      const verdict = await outcomeOf(probe, 200);
      await postgres.thaw();
      assert.equal(verdict, 'down DATABASE_TIMEOUT');
      assert.equal(await outcomeOf(probe), 'up');
    });
  }

  test('killed, starting, standby, back: each by its code', async () => {
    const probe = createPostgresProbe({ pool: poolOf(), slowMs: SLOW_MS });
    await postgres.kill();
    assert.equal(await outcomeOf(probe), 'down DATABASE_UNREACHABLE');
    await postgres.restartStarting();
    assert.equal(await outcomeOf(probe), 'down DATABASE_STARTING');
    await postgres.restartStandby();
    assert.equal(await outcomeOf(probe), 'up DATABASE_READ_ONLY');
    await postgres.restart();
    assert.equal(await outcomeOf(probe), 'up');
  });
});

describe('what a driver can do', () => {
  test('an answer of the wrong shape: DATABASE_FAILED', async () => {
    for (const answer of [
      undefined,
      null,
      {},
      { rows: [] },
      { rows: [{ transaction_read_only: 7 }] },
      'off',
    ]) {
      const { pool } = poolAnswering(async () => answer);
      assert.equal(await outcomeOf(createPostgresProbe({ pool, slowMs: SLOW_MS })), 'down DATABASE_FAILED');
    }
  });

  test('a client that cannot be made, or throws whatever it likes: DATABASE_FAILED', async () => {
    const malformed = poolOf({ connectionString: 'postgres://[' });
    assert.equal(await outcomeOf(createPostgresProbe({ pool: malformed })), 'down DATABASE_FAILED');
    const { pool } = poolAnswering(() => {
      throw null;
    });
    assert.equal(await outcomeOf(createPostgresProbe({ pool, slowMs: SLOW_MS })), 'down DATABASE_FAILED');
  });

  test('a password with signs of a URL in it: its pieces are in no part of the outcome but the message', async () => {
    const pool = poolOf({ connectionString: 'postgres://app:p@ss/wo#rd@127.0.0.1:5432/app' });
    const outcome = await runProbe(createPostgresProbe({ pool, slowMs: SLOW_MS }));
    assert.deepEqual([outcome.state, outcome.problems], ['down', ['NAME_LOOKUP']]);
    assert.match(outcome.cause?.message ?? '', /ss/, 'which is why the message must stay where it is');
    assert.match(outcome.cause?.code ?? '', /^(ENOTFOUND|EAI_AGAIN)$/);
  });
});

describe('what a server can say', () => {
  /** Says `bytes` to whoever says something first. */
  async function serverSaying(bytes: Buffer): Promise<Server> {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write(bytes));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  const rows = [
    [
      'asks for Kerberos, which the driver does not know',
      'R\0\0\0\u0008\0\0\0\u0007',
      'DATABASE_REFUSED_LOGIN',
    ],
    ['breaks off in the middle of a message', 'R\0\0\0\u0004', 'DATABASE_FAILED'],
    ['greets like MySQL', 'J\0\0\0\n8.0.36\0', 'DATABASE_FAILED'],
    ['greets like a mail server', '220 mail.example.com ESMTP\r\n', 'DATABASE_FAILED'],
    ['says nothing but zeros', '\0'.repeat(64), 'DATABASE_FAILED'],
  ] as const;
  for (const [what, bytes, code] of rows) {
    test(`one that ${what}: ${code}, and the process lives on`, async () => {
      const server = await serverSaying(Buffer.from(bytes, 'latin1'));
      const { port } = server.address() as AddressInfo;
      const pool = poolOf({ connectionString: `postgres://app:secret@127.0.0.1:${port}/app` });
      const verdict = await outcomeOf(createPostgresProbe({ pool, slowMs: SLOW_MS }));
      server.close();
      assert.equal(verdict, `down ${code}`);
    });
  }
});

describe('what poolers say instead of a server (S-16), by either driver', () => {
  for (const [sqlstate, words, code] of [
    ['08P01', 'server login has been failing, try again later (server_login_retry)', 'DATABASE_UNREACHABLE'],
    ['08P01', 'pgbouncer cannot connect to server', 'DATABASE_UNREACHABLE'],
    ['08P01', 'query_wait_timeout', 'DATABASE_TIMEOUT'],
    ['08P01', 'client_login_timeout', 'DATABASE_TIMEOUT'],
    ['08P01', 'unsupported startup parameter: statement_timeout', 'DATABASE_FAILED'],
    ['08000', 'Timed-out waiting to acquire database connection', 'DATABASE_TIMEOUT'],
    ['08004', 'rejected', 'DATABASE_UNREACHABLE'],
    ['08006', 'failure', 'DATABASE_UNREACHABLE'],
    ['58000', 'AllServersDown', 'DATABASE_UNREACHABLE'],
    ['53100', 'could not extend file', 'DATABASE_DISK_FULL'],
    ['53200', 'out of memory', 'DATABASE_OUT_OF_MEMORY'],
    ['53300', 'too many', 'DATABASE_TOO_MANY_CONNECTIONS'],
    ['57P01', 'terminating', 'DATABASE_STARTING'],
    ['57P03', 'cannot connect now', 'DATABASE_STARTING'],
    ['28000', 'no entry', 'DATABASE_REFUSED_LOGIN'],
    ['XX000', 'Tenant or user not found', 'DATABASE_REFUSED_LOGIN'],
    ['XX000', 'something else', 'DATABASE_FAILED'],
  ] as const) {
    test(`${sqlstate}, ${words}: ${code}`, async () => {
      const said = Buffer.from(`SFATAL\0VFATAL\0C${sqlstate}\0M${words}\0\0`);
      const header = Buffer.from('E\0\0\0\0');
      header.writeInt32BE(said.length + 4, 1);
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(Buffer.concat([header, said])));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const url = `postgres://app:secret@127.0.0.1:${port}/app`;
      const options = { onnotice: () => undefined };
      try {
        for (const probe of [
          createPostgresProbe({ pool: poolOf({ connectionString: url }) }),
          createPostgresProbe({ pool: postgresJs(url, options), postgres: postgresJs }),
        ]) {
          const { state, problems, cause } = await runProbe(probe);
          assert.deepEqual([state, ...problems, cause?.code], ['down', code, sqlstate]);
        }
      } finally {
        server.close();
      }
    });
  }
});

describe('what a run leaves behind', () => {
  /** A hundred runs, each ended while it hangs; returns the most sockets there were at once. */
  async function abortHundred(pool: pg.Pool, atMs: number): Promise<number> {
    const probe = createPostgresProbe({ pool, slowMs: SLOW_MS });
    await noSockets();
    let most = 0;
    for (let run = 0; run < 100; run += 1) {
      const controller = new AbortController();
      const running = probe.run(controller.signal, NO_CLOCK);
      setTimeout(() => controller.abort(), atMs);
      most = Math.max(most, openSockets());
      await running;
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
      // A closed socket is forgotten within a turn of the loop.
      await sleep(1);
    }
    return most;
  }

  test('100 ended runs against a black hole: no connection, and the pool untouched', async () => {
    const pool = poolOf({ connectionString: proxied() });
    const acceptedBefore = proxy.accepted;
    await proxy.fault('blackhole');
    await abortHundred(pool, 3);
    // In a black hole nobody is seen to leave.
    await proxy.heal();
    await waitFor('every connection to be gone', () => proxy.connections === 0);
    await noSockets();
    assert.ok(proxy.accepted > acceptedBefore, 'they did connect');
    assert.deepEqual([pool.totalCount, pool.idleCount, pool.waitingCount], [0, 0, 0]);
  });

  test('100 ended runs against a frozen server: one socket at a time, and none at the server', async () => {
    const pool = poolOf();
    await postgres.freeze();
    const most = await abortHundred(pool, 1);
    await postgres.thaw();
    assert.equal(most, 1);
    await noSockets();
    await waitFor('the server to have none of ours', async () => {
      const [row] = await postgres.query(
        `SELECT count(*)::int AS ours FROM pg_stat_activity WHERE usename = 'app' OR usename IS NULL AND state IS NOT NULL`,
      );
      return row?.['ours'] === 0;
    });
    assert.deepEqual([pool.totalCount, pool.idleCount, pool.waitingCount], [0, 0, 0]);
    assert.equal(await outcomeOf(createPostgresProbe({ pool, slowMs: SLOW_MS })), 'up');
  });

  test('a run that is not wanted from the start opens nothing', async () => {
    const accepted = proxy.accepted;
    const probe = createPostgresProbe({ pool: poolOf({ connectionString: proxied() }) });
    assert.equal((await probe.run(AbortSignal.abort(), NO_CLOCK)).state, 'down');
    assert.equal(proxy.accepted, accepted);
  });
});

test('anything but a pool of pg is refused at once', () => {
  for (const pool of [undefined, null, {}, 'postgres://', { options: {}, totalCount: 0 }]) {
    assert.throws(
      () => createPostgresProbe({ pool: pool as never }),
      /^TypeError: Expected the `database\.pool` option to be a Pool or Client of pg, or an instance of postgres\.js, got (undefined|null|an object|".*")\.$/,
    );
  }
});
