/**
 * Who may see what, over everything that could make a difference and must not.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPostgres, startRedis, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { newToken } from '../../../src/auth/sessions/token.js';
import { sendRequest } from '../../request.js';
import { startService, type TestService } from '../../service.js';
import { sql } from '../../sql.js';

let postgres: PostgresServer;
let redis: RedisServer;
let service: TestService;

/** Cookies by what is wrong or right with them. */
const unauthenticated: Record<string, string | undefined> = {};
const members: Record<'user' | 'moderator' | 'admin' | 'owner', string> = {
  user: '',
  moderator: '',
  admin: '',
  owner: '',
};

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const databaseUrl = await postgres.createDatabase();
  service = await startService({
    databaseUrl,
    redisUrl: redis.url,
    environment: { PORTAL_LOG_LEVEL: 'silent' },
  });

  members.user = await service.sessionCookie(0);
  members.moderator = await service.sessionCookie(1);
  members.admin = await service.sessionCookie(2);
  members.owner = await service.sessionCookie(3);

  const [expired, revoked, deleted] = await Promise.all([3, 3, 3].map(() => service.sessionCookie(3)));
  const suffix = (cookie = '') => cookie.slice(-6);
  // Looked up once each, so that there is a copy that could be believed.
  for (const cookie of [expired, revoked, deleted]) {
    assert.equal((await sendRequest(service.url, '/v1/admin/health', { cookie })).status, 200);
  }
  await sql(databaseUrl, `UPDATE sessions SET expires_at = now() WHERE token_suffix = $1`, [suffix(expired)]);
  await sql(databaseUrl, `UPDATE sessions SET revoked_at = now() WHERE token_suffix = $1`, [suffix(revoked)]);
  await sql(
    databaseUrl,
    `DELETE FROM users WHERE id = (SELECT user_id FROM sessions WHERE token_suffix = $1)`,
    [suffix(deleted)],
  );

  Object.assign(unauthenticated, {
    'no cookie': undefined,
    'an empty cookie': '',
    'another cookie': 'session=abc',
    'an empty token': 'psession=',
    'a malformed token': "psession=' OR 1=1 --",
    'a token of 100 kB': `psession=${'a'.repeat(10_000)}`,
    'a forged token': `psession=${newToken()}`,
    'the hash of a token': `psession=${'0'.repeat(43)}`,
    'an expired session': expired,
    'a revoked session': revoked,
    'the session of a deleted user': deleted,
  });
});

after(async () => {
  await service?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
});

const ADMIN_PATHS = [
  '/v1/admin/health',
  '/v1/admin/health/',
  '//v1//admin//health',
  '/v1/admin/health?verbose',
  '/v1/admin/health/?psession=x&permission=3',
  '/v1/admin/%68ealth',
  // Of a name that is not ours is 421, whoever asks; see own-site.test.ts.
  'http://localhost/v1/admin/health',
];
const NO_PATHS = [
  '/V1/admin/health',
  '/v1/admin/health/..',
  '/health/../v1/admin/health',
  '/v1/./admin/health',
  '/v1/admin/health%00',
  '/v1/admin%2Fhealth',
  '/v1/admin/health;x',
  '/v1/admin/health.json',
];
const PUBLIC_PATHS = [
  '/health',
  '/health/',
  '//health',
  '/health?x=/v1/admin/health',
  '/livez',
  '/readyz',
  '/startupz',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'];
const ACCEPTS = ['*/*', 'text/html', 'application/health+json', 'nonsense'];

test('every kind of stranger gets the same bytes', async () => {
  for (const method of ['GET', 'HEAD']) {
    const answers = new Map<string, string[]>();
    for (const [kind, cookie] of Object.entries(unauthenticated)) {
      for (const path of ADMIN_PATHS) {
        for (const accept of ACCEPTS) {
          const { bytes, status } = await sendRequest(service.url, path, {
            method,
            cookie,
            headers: { Accept: accept },
          });
          assert.equal(status, 401, `${kind} at ${path}`);
          answers.set(bytes, [...(answers.get(bytes) ?? []), `${kind} at ${path}`]);
        }
      }
    }
    assert.deepEqual(
      [...answers.values()].map((who) => who[0]),
      ['no cookie at /v1/admin/health'],
      'one answer for all',
    );
    const [bytes = ''] = answers.keys();
    if (method === 'GET')
      assert.ok(bytes.endsWith('{"error":"Authentication required","correlation_id":"ID"}'), bytes);
    assert.match(bytes, /Cache-Control\nprivate, no-store\n/i);
    assert.match(bytes, /Vary\nCookie, Authorization\n/i);
  }
});

test('who is signed in and may not is told just that', async () => {
  for (const cookie of [members.user, members.moderator]) {
    for (const path of ADMIN_PATHS) {
      const { status, json, headers } = await sendRequest(service.url, path, { cookie });
      assert.equal(status, 403);
      assert.deepEqual(json, { error: 'Admin access required', correlation_id: headers['x-correlation-id'] });
      assert.equal(headers['cache-control'], 'private, no-store');
      assert.equal(headers['vary'], 'Cookie, Authorization');
    }
  }
});

test('administrators and owners get in by every way of writing the path', async () => {
  for (const cookie of [members.admin, members.owner]) {
    for (const path of ADMIN_PATHS) {
      const { status, json } = await sendRequest(service.url, path, { cookie: `a=b; ${cookie}` });
      assert.equal(status, 200, path);
      assert.match(String(json['source_hash']), /^[0-9a-f]{64}$/);
    }
  }
});

test('nobody else sees the hash of the source by any method, path and Accept', async () => {
  const hash = String(service.app.health.report('admin').source_hash);
  const everybody = { ...unauthenticated, ...members };
  for (const [kind, cookie] of Object.entries(everybody)) {
    for (const method of METHODS) {
      for (const path of [...ADMIN_PATHS.slice(0, 4), ...NO_PATHS, ...PUBLIC_PATHS]) {
        for (const accept of ['*/*', 'application/health+json']) {
          const { status, body } = await sendRequest(service.url, path, {
            method,
            cookie,
            headers: { Accept: accept },
          });
          const what = `${kind}: ${method} ${path} ${accept}`;
          if (NO_PATHS.includes(path)) assert.equal(status, 404, what);
          else if (method !== 'GET' && method !== 'HEAD') assert.equal(status, 405, what);
          if (['admin', 'owner'].includes(kind)) continue;
          assert.ok(
            !body.includes(hash) && !body.includes('source_hash') && !body.includes('"output"'),
            what,
          );
        }
      }
    }
  }
});
