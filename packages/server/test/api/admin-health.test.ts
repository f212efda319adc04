import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { startService, type TestService } from '../service.js';
import { sendRequest } from '../request.js';

let postgres: PostgresServer;
let redis: RedisServer;
let service: TestService;
let admin: string;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis({ password: 'cache-password' })]);
  service = await startService({ databaseUrl: await postgres.createDatabase(), redisUrl: redis.url });
  admin = await service.sessionCookie(2);
  await waitFor('a healthy service', () => service.app.health.report('public').status === 'healthy');
});

after(async () => {
  await service?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
});

const KEYS = [
  'status',
  'database',
  'cache',
  'started_at',
  'db_statistics',
  'cache_statistics',
  'source_hash',
  'errors',
];
const DATABASE_KEYS = ['size', 'checked_in', 'checked_out', 'overflow', 'total', 'latency_ms'];
const CACHE_KEYS = [
  'memory_usage_bytes',
  'total_keys',
  'connected_clients',
  'uptime_seconds',
  'evicted_keys',
  'hit_rate',
  'total_commands_processed',
  'latency_ms',
];

describe('the administrator gets the published document', () => {
  test('its keys in their order, its types, its truth', async () => {
    const { status, json } = await sendRequest(service.url, '/v1/admin/health', { cookie: admin });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(json), KEYS);
    assert.equal(json['status'], 'healthy');
    assert.equal(json['database'], true);
    assert.equal(json['cache'], true);
    assert.match(String(json['started_at']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.match(String(json['source_hash']), /^[0-9a-f]{64}$/);
    assert.deepEqual(json['errors'], []);

    const pool = figures(json['db_statistics']);
    assert.deepEqual(Object.keys(pool), DATABASE_KEYS);
    assert.equal(pool['size'], 20);
    assert.equal(pool['overflow'], 0);
    assert.equal(Number(pool['checked_in']) + Number(pool['checked_out']), pool['total']);
    assert.equal(pool['total'], service.app.health.report('admin').db_statistics.total);

    const cache = figures(json['cache_statistics']);
    assert.deepEqual(Object.keys(cache), CACHE_KEYS);
    for (const [key, value] of Object.entries({ ...pool, ...cache })) {
      if (key !== 'hit_rate') assert.equal(typeof value, 'number', key);
    }
  });

  test('as many connections as PostgreSQL itself counts', async () => {
    await waitFor('the two to agree', async () => {
      const [row] = await postgres.query(
        `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'portal'`,
      );
      const { json } = await sendRequest(service.url, '/v1/admin/health', { cookie: admin });
      return figures(json['db_statistics'])['total'] === row?.['n'];
    });
  });

  test('its headers', async () => {
    const { headers } = await sendRequest(service.url, '/v1/admin/health', { cookie: admin });
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers['cache-control'], 'private, no-store');
    assert.equal(headers['vary'], 'Cookie, Authorization');
    assert.match(String(headers['x-correlation-id']), /^[0-9a-f-]{36}$/);
    assert.equal(headers['x-session-source'], undefined);
  });

  test('HEAD has the headers of GET, and no body', async () => {
    const [got, head] = await Promise.all(
      (['GET', 'HEAD'] as const).map((method) =>
        sendRequest(service.url, '/v1/admin/health', { method, cookie: admin }),
      ),
    );
    assert.equal(head?.status, 200);
    assert.equal(head.body, '');
    for (const name of ['content-type', 'cache-control', 'vary']) {
      assert.equal(head.headers[name], got?.headers[name], name);
    }
    assert.ok(Number(head.headers['content-length']) > 300);
  });

  test('an unhealthy service answers the same with 503', async () => {
    await postgres.kill();
    // A run that the kill itself caught in the middle may say another word once.
    await waitFor('an unreachable database', () =>
      service.app.health.report('public').errors.join().includes('DATABASE_UNREACHABLE'),
    );
    const { status, json, headers } = await sendRequest(service.url, '/v1/admin/health', { cookie: admin });
    assert.equal(status, 503);
    assert.deepEqual(Object.keys(json), KEYS);
    assert.equal(json['database'], false);
    assert.equal(figures(json['db_statistics'])['latency_ms'], null);
    assert.deepEqual(json['errors'], ['The database cannot be reached (DATABASE_UNREACHABLE)']);
    assert.equal(headers['cache-control'], 'private, no-store');
    await postgres.restart();
    await waitFor('a healthy service', () => service.app.health.report('public').status === 'healthy');
  });
});

test('the public gets the same without source_hash, whoever it is', async () => {
  for (const cookie of [undefined, admin]) {
    const { status, json, headers } = await sendRequest(service.url, '/health', { cookie });
    assert.equal(status, 200);
    assert.deepEqual(
      Object.keys(json),
      KEYS.filter((key) => key !== 'source_hash'),
    );
    assert.equal(headers['cache-control'], 'no-store');
  }
});

test('every other method is refused before anything else, for anybody', async () => {
  const others = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'MKCOL'];
  // What the parser of this Node does not know never comes to us: QUERY is younger than Node 20.19.0.
  for (const method of others.filter((name) => METHODS.includes(name))) {
    for (const cookie of [undefined, admin]) {
      for (const path of ['/v1/admin/health', '//v1//admin/health/?x=1']) {
        const { status, headers, json } = await sendRequest(service.url, path, {
          method,
          cookie,
          body: '{"not": json',
        });
        assert.equal(status, 405, `${method} ${path}`);
        assert.equal(headers['allow'], 'GET, HEAD');
        assert.equal(headers['cache-control'], 'private, no-store');
        assert.equal(headers['vary'], 'Cookie, Authorization');
        assert.deepEqual(json, { error: 'Method not allowed', correlation_id: headers['x-correlation-id'] });
      }
    }
  }
});

test('what is not there is 404, in the form of every error', async () => {
  for (const path of [
    '/v1',
    '/v1/admin',
    '/V1/ADMIN/HEALTH',
    '/v1/admin/health/x',
    '/v1/admin/health;x',
    '/v1/admin/health%2f',
  ]) {
    const { status, json, headers } = await sendRequest(service.url, path, { cookie: admin });
    assert.equal(status, 404, path);
    assert.equal(headers['content-type'], 'application/json');
    assert.deepEqual(json, { error: 'Not found', correlation_id: headers['x-correlation-id'] });
  }
});

test('a URL that cannot be decoded is 400, in the form of every error', async () => {
  const { status, json, headers } = await sendRequest(service.url, '/v1/admin/%zz', { cookie: admin });
  assert.equal(status, 400);
  assert.deepEqual(json, { error: 'Bad request', correlation_id: headers['x-correlation-id'] });
});

test('the correlation id of an answer is in the log', async () => {
  const { headers } = await sendRequest(service.url, '/v1/admin/health');
  const text = await service.lineWith(String(headers['x-correlation-id']));
  const line = JSON.parse(text) as Record<string, unknown>;
  assert.equal(line['status'], 401);
  assert.equal(line['route'], '/v1/admin/health');
});

test('so is that of a refusal at a public door, which stands before the framework', async () => {
  const { status, headers } = await sendRequest(service.url, '/health', { method: 'DELETE' });
  assert.equal(status, 405);
  const line = await service.lineWith(String(headers['x-correlation-id']));
  assert.ok(line.includes('"method":"DELETE"'), line);
});

function figures(value: unknown): Record<string, unknown> {
  assert.ok(typeof value === 'object' && value !== null);
  return value as Record<string, unknown>;
}
