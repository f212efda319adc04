import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { cookiePair } from '../../../src/auth/cookie.js';
import { ADMIN } from '../../../src/auth/permission.js';
import { sendRequest } from '../../request.js';
import { IMPATIENT, startService, type TestService } from '../../service.js';
import { sql } from '../../sql.js';
import { openStream, type Stream } from '../../stream.js';

const LIVE = '/v1/admin/live';
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let postgres: PostgresServer;
let redis: RedisServer;
let databaseUrl: string;
let service: TestService;
const streams: Stream[] = [];

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  databaseUrl = await postgres.createDatabase();
  service = await startService({ databaseUrl, redisUrl: redis.url });
});

afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

after(async () => {
  await service?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
});

async function live(cookie?: string, { url } = service): Promise<Stream> {
  const stream = await openStream(url, LIVE, cookie);
  streams.push(stream);
  return stream;
}

/** Fails unless the stream says why it ends, and ends. */
async function assertEnds(stream: Stream, event: string): Promise<void> {
  await stream.until(event);
  await waitFor('the end of the stream', () => stream.ended);
  assert.equal(stream.events.at(-1)?.event, event);
}

function parts({ data }: { readonly data: Record<string, unknown> }) {
  return data['parts'] as Record<string, { readonly state: string; readonly since: string }>;
}

test('the report at once and after every probe run, with since when; comments in between', async () => {
  const stream = await live(await service.sessionCookie(ADMIN));
  assert.equal(stream.status, 200);
  assert.equal(stream.headers['content-type'], 'text/event-stream');
  assert.equal(stream.headers['cache-control'], 'private, no-store');
  assert.ok(stream.headers['x-correlation-id'] && stream.headers['content-security-policy']);
  await stream.until('report', ({ report }) => (report as { status: string }).status === 'healthy');
  await waitFor('reports', () => stream.events.length > 5);
  const [first, second] = stream.events.slice(-2);
  assert.ok(first && second && first.data['at'] !== second.data['at']);
  assert.equal(first.data['since'], second.data['since'], 'nothing has changed');
  assert.deepEqual(Object.keys(second.data), [
    'report',
    'since',
    'causes',
    'parts',
    'pool_waiting',
    'at',
    'reasons',
  ]);
  assert.ok('source_hash' in (second.data['report'] as object), 'as an administrator sees it');
  for (const name of ['database', 'cache', 'schema']) {
    const component: { readonly since: string } | undefined = parts(second)[name];
    assert.ok(component);
    assert.deepEqual(Object.keys(component), ['state', 'since', 'answers_since', 'checked_at']);
    assert.match(component.since, MOMENT);
  }
  await waitFor('a comment', () => stream.comments > 0);
});

test('a frozen cache is sent unasked, with the moment it was noticed, and its return', async () => {
  const stream = await live(await service.sessionCookie(ADMIN));
  await stream.until('report', ({ report }) => (report as { status: string }).status === 'healthy');
  const before1 = new Date().toISOString();
  redis.freeze();
  const down = await stream.until('report', ({ report }) => !(report as { cache: boolean }).cache);
  assert.ok(['stale', 'down'].includes(parts(down)['cache']?.state ?? ''));
  assert.ok((parts(down)['cache']?.since ?? '') > before1);
  assert.equal(parts(down)['database']?.state, 'up');
  assert.ok((parts(down)['database']?.since ?? '') < before1, 'it has been up for longer');
  const open = await sendRequest(service.url, '/v1/status');
  assert.deepEqual([open.json['status'], open.json['cache']], ['degraded', false]);
  assert.equal(open.json['since'], down.data['since']);
  await waitFor('no code that anybody could not read', async () => {
    const { json } = await sendRequest(service.url, '/v1/status');
    const [cause, ...others] = json['causes'] as { component: string; code: string; since: string }[];
    assert.deepEqual([cause?.component, others.length], ['cache', 0]);
    assert.ok((cause?.since ?? '') >= before1);
    const errors = (await sendRequest(service.url, '/health')).json['errors'] as string[];
    // A probe run between the two responses may have found another code.
    return errors.some((error) => error.endsWith(`(${cause?.code})`));
  });
  redis.thaw();
  const since = String(down.data['since']);
  await stream.until('report', (data) => String(data['since']) > since);
});

test('the public status: eight fields, kept for a second at most, and nothing about anybody', async () => {
  const { status, json, headers } = await sendRequest(service.url, '/v1/status');
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(json), [
    'status',
    'sentence',
    'since',
    'database',
    'cache',
    'causes',
    'checked_at',
    'codes_delivered',
  ]);
  assert.equal(json['codes_delivered'], false, 'no webhook is set');
  assert.match(String(json['since']), MOMENT);
  assert.match(String(json['checked_at']), MOMENT);
  assert.equal(headers['cache-control'], 'no-store');
  const post = await sendRequest(service.url, '/v1/status', { method: 'POST' });
  assert.deepEqual([post.status, post.headers['allow']], [405, 'GET, HEAD']);
});

test('only administrators can read along', async () => {
  assert.equal((await live()).status, 401);
  assert.equal((await live(await service.sessionCookie(1))).status, 403);
  const head = await sendRequest(service.url, LIVE, {
    method: 'HEAD',
    cookie: await service.sessionCookie(ADMIN),
  });
  assert.deepEqual([head.status, head.headers['content-type']], [200, 'text/event-stream']);
});

async function sessionOf(name: string): Promise<{ cookie: string; id: number; userId: number }> {
  const user = await service.app.users.add('operator', name, ADMIN);
  const { token, id } = await service.app.sessions.begin(user.id, 'command');
  return { cookie: cookiePair(token), id, userId: user.id };
}

test('a session that is revoked, demoted, deleted or over ends its pages within a second, and no others', async (t) => {
  const names = ['revoked', 'past-us', 'demoted', 'deleted', 'over', 'stays'];
  const [revoked, pastUs, demoted, deleted, over, stays] = await Promise.all(names.map(sessionOf));
  assert.ok(revoked && pastUs && demoted && deleted && over && stays);
  await sql(databaseUrl, `UPDATE sessions SET expires_at = now() + interval '2 seconds' WHERE id = $1`, [
    over.id,
  ]);
  const pages = await Promise.all(
    [revoked, pastUs, demoted, deleted, over, stays, stays].map(({ cookie }) => live(cookie)),
  );
  const [page1, page2, page3, page4, page5, ...others] = pages;
  assert.ok(page1 && page2 && page3 && page4 && page5);
  await Promise.all(pages.map((page) => page.until('report')));
  const changes: readonly [page: Stream, change: () => Promise<unknown>][] = [
    [page1, () => service.app.sessions.revoke([revoked.id])],
    [page2, () => sql(databaseUrl, 'UPDATE sessions SET revoked_at = now() WHERE id = $1', [pastUs.id])],
    [page3, () => sql(databaseUrl, 'UPDATE users SET permission = 1 WHERE id = $1', [demoted.userId])],
    [page4, () => sql(databaseUrl, 'DELETE FROM users WHERE id = $1', [deleted.userId])],
  ];
  const tookMs: number[] = [];
  for (const [page, change] of changes) {
    const startedMs = performance.now();
    await change();
    await assertEnds(page, 'gone');
    tookMs.push((await page.until('gone')).atMs - startedMs);
  }
  t.diagnostic(`closed after ${tookMs.map((ms) => `${ms.toFixed(0)} ms`).join(', ')}`);
  // A single one may have met a machine that stood still.
  assert.ok((tookMs.toSorted((one, other) => one - other).at(-2) ?? Number.NaN) <= 1_000);
  await assertEnds(page5, 'gone');
  for (const page of others) {
    const { length } = page.events;
    await waitFor('another report', () => page.events.length > length);
    assert.ok(!page.ended);
  }
});

test('a change made while the database could not be heard counts when it can be again', async (t) => {
  const alone = await startPostgres();
  t.after(() => alone.close());
  const url = await alone.createDatabase();
  const other = await startService({ databaseUrl: url });
  t.after(() => other.close());
  const cookie = await other.sessionCookie(ADMIN);
  const page = await live(cookie, other);
  await page.until('report');
  // The listening connection is ended and cannot come back before the change has been made.
  await alone.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'portal-listener'`,
  );
  await sql(url, 'UPDATE sessions SET revoked_at = now()');
  await assertEnds(page, 'gone');
});

test('in an outage a page stays, for as long as the health page would', async (t) => {
  const alone = await startPostgres();
  t.after(() => alone.close());
  const other = await startService({ databaseUrl: await alone.createDatabase(), environment: IMPATIENT });
  t.after(() => other.close());
  const page = await live(await other.sessionCookie(ADMIN), other);
  await alone.freeze();
  await page.until('report', ({ report }) => (report as { status: string }).status === 'unhealthy');
  await sleep(1_500);
  assert.ok(!page.ended);
  const none = await startService({
    databaseUrl: await postgres.createDatabase(),
    environment: { ...IMPATIENT, PORTAL_SESSION_MEMORY_MINUTES: '0' },
  });
  t.after(() => none.close());
  const forgotten = await live(await none.sessionCookie(ADMIN), none);
  await forgotten.until('report');
  await postgres.freeze();
  await assertEnds(forgotten, 'gone');
  await postgres.thaw();
  await alone.thaw();
});

test('a shutdown sends draining to its pages and waits for none of them', async () => {
  const other = await startService({ databaseUrl: await postgres.createDatabase(), redisUrl: redis.url });
  const cookie = await other.sessionCookie(ADMIN);
  const page = await live(cookie, other);
  await page.until('report');
  other.app.drain();
  await assertEnds(page, 'draining');
  const late = await live(cookie, other);
  await assertEnds(late, 'draining');
  assert.equal(late.events[0]?.event, 'report');
  await other.close();
});

test('a session has so many pages open, and no more; another has its own', async () => {
  const [busy, calm] = [await service.sessionCookie(ADMIN), await service.sessionCookie(ADMIN)];
  const open = await Promise.all(Array.from({ length: 200 }, () => live(busy)));
  assert.deepEqual(new Set(open.map(({ status }) => status)), new Set([200]));
  const refused = await sendRequest(service.url, LIVE, { cookie: busy });
  assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '5']);
  assert.equal((await live(calm)).status, 200);
  open[0]?.close();
  await waitFor('room for one more', async () => (await live(busy)).status === 200);
});
