/**
 * The whole service in bad circumstances: started without its database, and watched for what it gives away.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { sendRequest } from './request.js';
import { IMPATIENT, startService } from './service.js';
import { sql } from './sql.js';

let postgres: PostgresServer;
let redis: RedisServer;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});

after(async () => {
  await Promise.all([postgres?.close(), redis?.close()]);
});

/** Those of the stores: a busy machine is none of what is tried here. */
function errorsOf(report: Record<string, unknown>): readonly unknown[] {
  return (report['errors'] as readonly string[]).filter((error) => !error.includes('EVENT_LOOP_DELAYED'));
}

describe('a start without the database', () => {
  test('is a start: unhealthy, and well again, tables and all, when the database comes', async () => {
    const databaseUrl = await postgres.createDatabase();
    await postgres.kill();
    const service = await startService({ databaseUrl, redisUrl: redis.url });
    let isThere = false;
    try {
      const { status, json } = await sendRequest(service.url, '/health');
      assert.equal(status, 503);
      assert.deepEqual(errorsOf(json), ['The database cannot be reached (DATABASE_UNREACHABLE)']);
      await waitFor(
        'readiness: the page about the outage has to be reached',
        async () => (await sendRequest(service.url, '/readyz')).status === 200,
      );
      assert.equal((await sendRequest(service.url, '/livez')).status, 200);
      await postgres.restart();
      isThere = true;
      await waitFor('a healthy service', () => service.app.health.report('public').status === 'healthy');
      await waitFor('the tables', () => service.logged.some((line) => line.includes('"msg":"migrated"')));
      const cookie = await service.sessionCookie(2);
      // On a busy machine a look-up may be late.
      await waitFor(
        'an administrator to get in',
        async () => (await sendRequest(service.url, '/v1/admin/health', { cookie })).status === 200,
      );
    } finally {
      await service.close();
      // The other tests need it.
      if (!isThere) await postgres.restart();
    }
  });

  test('a database with tables of somebody else stops the start, and is left alone', async () => {
    const databaseUrl = await postgres.createDatabase();
    await sql(databaseUrl, 'CREATE TABLE sessions (theirs text)');
    await assert.rejects(startService({ databaseUrl }), /0002-sessions\.sql .* 42P07/);
  });

  test('one that turns up later is told of as a failed check, and mended without a restart', async () => {
    const databaseUrl = await postgres.createDatabase();
    await sql(databaseUrl, 'CREATE TABLE users (theirs text)');
    // In good order: the servers of the test forget in a crash what they were told last.
    await postgres.stop();
    const service = await startService({ databaseUrl });
    try {
      await postgres.restart();
      await waitFor('a failed check', () =>
        service.app.health.report('public').errors.some((error) => error.includes('CHECK_FAILED')),
      );
      assert.equal(service.app.health.report('public').status, 'unhealthy');
      await sql(databaseUrl, 'DROP TABLE users');
      await waitFor('no failed check', () => service.app.health.report('public').status === 'degraded');
    } finally {
      await service.close();
    }
  });
});

test('without a Redis the service is degraded, says so, and lets administrators in', async () => {
  const service = await startService({ databaseUrl: await postgres.createDatabase() });
  try {
    const cookie = await service.sessionCookie(2);
    const { status, json } = await sendRequest(service.url, '/v1/admin/health', { cookie });
    assert.equal(status, 200);
    assert.equal(json['status'], 'degraded');
    assert.equal(json['cache'], false);
    assert.deepEqual(errorsOf(json), ['No cache is configured (CACHE_NOT_CONFIGURED)']);
    assert.ok(Object.values(json['cache_statistics'] as object).every((value) => value === null));
  } finally {
    await service.close();
  }
});

test('what is no HTTP gets an answer of ours, and the connection ends', async () => {
  const service = await startService({ databaseUrl: await postgres.createDatabase() });
  try {
    const port = Number(new URL(service.url).port);
    const cases: readonly [sent: string, status: number][] = [
      ['nonsense\r\n\r\n', 400],
      ['GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n', 400],
      [`GET /health HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ];
    for (const [sent, status] of cases) {
      const received = await exchange(port, sent);
      assert.match(received, new RegExp(`^HTTP/1.1 ${status} `));
      const [head = '', body = ''] = received.split('\r\n\r\n');
      const { error, correlation_id: id } = JSON.parse(body) as Record<string, string>;
      assert.ok(error);
      assert.ok(head.includes(`X-Correlation-Id: ${id}`));
    }
  } finally {
    await service.close();
  }
});

describe('nothing is given away', () => {
  /** As an operator would write it into a URL, percent-encoded; and its pieces of four bytes and more. */
  const PASSWORD = 'p@ss/wo#rd:7Kq';
  const CANARIES = ['kanarienvogel_user', 'kanarienvogel_db', PASSWORD, encodeURIComponent(PASSWORD)];
  const PIECES = new Set(CANARIES.flatMap((canary) => pieces(canary, 4)));

  test('no answer and no line of the log holds a piece of a password, a user or a database, whatever breaks', async () => {
    await postgres.query(`CREATE ROLE kanarienvogel_user LOGIN PASSWORD '${PASSWORD}'`);
    await postgres.query('CREATE DATABASE kanarienvogel_db OWNER kanarienvogel_user');
    await redis.requirePassword(PASSWORD);
    const service = await startService({
      databaseUrl: `postgres://kanarienvogel_user:${encodeURIComponent(PASSWORD)}@127.0.0.1:${postgres.port}/kanarienvogel_db`,
      redisUrl: `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${redis.port}`,
      environment: IMPATIENT,
    });
    const seen: string[] = [];
    async function look(cookie: string): Promise<void> {
      for (const path of ['/health', '/v1/admin/health', '/readyz?verbose', '/metrics', '/nothing']) {
        for (const accept of ['*/*', 'application/health+json']) {
          const { headers, body } = await sendRequest(service.url, path, {
            cookie,
            headers: { Accept: accept },
          });
          seen.push(JSON.stringify(headers), body);
        }
      }
    }
    async function during(
      what: string,
      fault: () => Promise<unknown>,
      heal: () => Promise<unknown>,
      cookie: string,
    ) {
      const errors = service.app.health.report('public').errors.length;
      await fault();
      await look(cookie);
      await waitFor(what, () => service.app.health.report('public').errors.length > errors);
      await look(cookie);
      await heal();
      await waitFor(
        `the end of: ${what}`,
        () => service.app.health.report('public').errors.length === errors,
      );
    }

    try {
      await waitFor('health', () => service.app.health.report('public').status === 'healthy');
      const cookie = await service.sessionCookie(2);
      await look(cookie);
      await during(
        'a frozen database',
        () => postgres.freeze(),
        () => postgres.thaw(),
        cookie,
      );
      await during(
        'a killed database',
        () => postgres.kill(),
        () => postgres.restart(),
        cookie,
      );
      await during(
        'a refused login',
        () => postgres.query(`ALTER ROLE kanarienvogel_user NOLOGIN`),
        () => postgres.query(`ALTER ROLE kanarienvogel_user LOGIN`),
        cookie,
      );
      await during(
        'a wrong password of the cache',
        () => redis.requirePassword('another'),
        () => redis.requirePassword(PASSWORD),
        cookie,
      );
      await during(
        'a killed cache',
        () => redis.kill(),
        async () => {
          await redis.restart();
          await redis.requirePassword(PASSWORD);
        },
        cookie,
      );
    } finally {
      await service.close();
    }
    assert.ok(service.logged.length > 20);
    for (const text of [...seen, ...service.logged]) {
      for (const piece of PIECES) assert.ok(!text.includes(piece), `${piece} in ${text}`);
    }
  });
});

/** Every piece of a text of `length` characters, but for words that mean nothing by themselves. */
function pieces(text: string, length: number): string[] {
  return Array.from({ length: text.length - length + 1 }, (_, start) =>
    text.slice(start, start + length),
  ).filter((piece) => !['user', '_use', '_db'].includes(piece));
}

function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
    });
    socket.on('error', reject).on('close', () => resolve(received));
  });
}
