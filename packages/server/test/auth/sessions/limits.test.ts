/**
 * How often somebody may come to the administrators' doors: each session for itself, strangers by address, and never a
 * stranger at an administrator's expense.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { ADMIN } from '../../../src/auth/permission.js';
import { sendRequest, type TestResponse } from '../../request.js';
import { startService, type TestService } from '../../service.js';

const PER_SESSION = 30;
const REJECTIONS = 5;
const FORGED = `psession=${'A'.repeat(43)}`;

let postgres: PostgresServer;
let redis: RedisServer;
let service: TestService;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  service = await startService({
    databaseUrl: await postgres.createDatabase(),
    redisUrl: redis.url,
    environment: {
      PORTAL_SESSION_REQUESTS_PER_MINUTE: String(PER_SESSION),
      PORTAL_REFUSALS_PER_MINUTE: String(REJECTIONS),
    },
  });
});

after(async () => {
  redis?.thaw();
  await postgres?.thaw();
  await service?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
});

function page(cookie?: string): Promise<TestResponse> {
  return sendRequest(service.url, '/v1/admin/health', { cookie });
}

function assertTooMany(reply: TestResponse): void {
  assert.equal(reply.status, 429);
  assert.equal(reply.json['error'], 'Too many requests');
  assert.equal(reply.json['correlation_id'], reply.headers['x-correlation-id']);
  assert.equal(reply.headers['cache-control'], 'private, no-store');
  const waitS = Number(reply.headers['retry-after']);
  assert.ok(waitS >= 1 && waitS <= 60, String(waitS));
}

test('strangers get 401 so often, then 429, whatever they show; administrators from there still pass', async () => {
  const admin = await service.sessionCookie(ADMIN);
  const newcomer = await service.sessionCookie(ADMIN);
  assert.equal((await page(admin)).status, 200);
  for (let turn = 0; turn < REJECTIONS; turn += 1) {
    assert.equal((await page(turn % 2 === 0 ? FORGED : undefined)).status, 401);
  }
  for (const cookie of [FORGED, undefined, 'psession=']) assertTooMany(await page(cookie));
  assert.equal((await page(admin)).status, 200);
  assert.equal((await page(newcomer)).status, 200, 'also one who has never been in before');
});

test('one session gets so many answers, and another of the same address all the same', async () => {
  const busy = await service.sessionCookie(ADMIN);
  const calm = await service.sessionCookie(ADMIN);
  const replies = await Promise.all(Array.from({ length: PER_SESSION }, () => page(busy)));
  assert.ok(replies.every(({ status }) => status === 200));
  assertTooMany(await page(busy));
  assert.equal((await page(calm)).status, 200);
  assert.equal((await sendRequest(service.url, '/health')).status, 200, 'the public door has no limit');
});

test('with both stores frozen the limits still count, and cost no answer its deadline', async () => {
  const admin = await service.sessionCookie(ADMIN);
  assert.equal((await page(admin)).status, 200);
  redis.freeze();
  await postgres.freeze();
  await waitFor('both to be called down', async () => {
    const { json } = await sendRequest(service.url, '/health');
    return json['database'] === false && json['cache'] === false;
  });
  const open = await page(admin);
  assert.equal(open.headers['x-session-source'], 'memory');
  assertTooMany(await page(FORGED));
  for (let turn = 0; turn < PER_SESSION; turn += 1) await page(admin);
  assertTooMany(await page(admin));
});
