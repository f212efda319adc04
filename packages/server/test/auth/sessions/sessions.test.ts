/**
 * Sessions over real stores: that a change counts at the next request whatever a cache holds, and that the page about
 * an outage opens in the outage.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { tokenHash, newToken } from '../../../src/auth/sessions/token.js';
import { createLog } from '../../../src/infra/log.js';
import { createStoreClients, createStores, type Stores } from '../../../src/stores.js';
import { sendRequest, type TestResponse } from '../../request.js';
import { IMPATIENT, startService, type TestService } from '../../service.js';
import { sql } from '../../sql.js';

let postgres: PostgresServer;
let redis: RedisServer;
let databaseUrl: string;
let service: TestService;
/** The command line, as it were: another process with the same stores. */
let elsewhere: Stores;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  databaseUrl = await postgres.createDatabase();
  service = await startService({ databaseUrl, redisUrl: redis.url, environment: IMPATIENT });
  elsewhere = createStores({
    clients: createStoreClients({
      databaseUrl,
      redisUrl: redis.url,
      poolSize: 1,
      connectTimeoutMs: 5_000,
      commandTimeoutMs: 500,
      log: createLog({ level: 'silent' }),
    }),
    sessionDeadlineMs: 500,
    sessionFallbackMs: 0,
    codesDeliverable: false,
    isDown: () => false,
    isAway: () => false,
    log: createLog({ level: 'silent' }),
  });
  await elsewhere.cache?.whenReady(5_000);
});

after(async () => {
  await elsewhere?.close();
  await service?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
});

beforeEach(() => waitUntil('healthy'));

function waitUntil(status: string): Promise<void> {
  return waitFor(`a service that is ${status}`, () => service.app.health.report('public').status === status);
}

function page(cookie: string): Promise<TestResponse> {
  return sendRequest(service.url, '/v1/admin/health', { cookie });
}

function suffixOf(cookie: string): string {
  return cookie.slice(-6);
}

/** The session and the user behind a cookie. */
async function rowOf(cookie: string): Promise<{ id: number; name: string }> {
  const [row] = await sql(
    databaseUrl,
    'SELECT s.id, u.name FROM sessions s JOIN users u ON u.id = s.user_id WHERE token_suffix = $1',
    [suffixOf(cookie)],
  );
  return { id: Number(row?.['id']), name: String(row?.['name']) };
}

/** A cookie that got in, and is remembered. */
async function cookieThatGotIn(): Promise<string> {
  const cookie = await service.sessionCookie(2);
  await waitFor('the page', async () => (await page(cookie)).status === 200);
  return cookie;
}

describe('what is kept', () => {
  test('the token is in no store, its hash is', async () => {
    const cookie = await cookieThatGotIn();
    const token = cookie.slice('psession='.length);
    const rows = await sql(databaseUrl, 'SELECT s::text AS row FROM sessions s');
    assert.ok(rows.some(({ row }) => String(row).includes(tokenHash(token))));
    assert.ok(!JSON.stringify(rows).includes(token));
    assert.deepEqual(await redis.command('KEYS', '*'), [], 'Redis holds nothing of it');
    assert.ok(!service.logged.some((line) => line.includes(token)));
  });

  test('an Admin is signed in for a day, others for thirty', async () => {
    for (const [permission, days] of [
      [0, 30],
      [1, 30],
      [2, 1],
      [3, 1],
    ] as const) {
      const cookie = await service.sessionCookie(permission);
      const [row] = await sql(
        databaseUrl,
        `SELECT expires_at - created_at = $2 * interval '1 day' AS right FROM sessions WHERE token_suffix = $1`,
        [suffixOf(cookie), days],
      );
      assert.equal(row?.['right'], true, `permission ${permission}`);
    }
  });
});

describe('a change counts at the next request', () => {
  test('the end of a session', async () => {
    const cookie = await cookieThatGotIn();
    await sql(databaseUrl, 'UPDATE sessions SET expires_at = now() WHERE token_suffix = $1', [
      suffixOf(cookie),
    ]);
    assert.equal((await page(cookie)).status, 401);
  });

  test('a revocation from elsewhere', async () => {
    const cookie = await cookieThatGotIn();
    assert.equal(await elsewhere.sessions.revoke([(await rowOf(cookie)).id]), 1);
    assert.equal((await page(cookie)).status, 401);
  });

  test('a demotion from elsewhere, and a promotion back', async () => {
    const cookie = await cookieThatGotIn();
    const { name } = await rowOf(cookie);
    await elsewhere.users.setPermission('operator', name, 1);
    assert.equal((await page(cookie)).status, 403);
    await elsewhere.users.setPermission('operator', name, 2);
    assert.equal((await page(cookie)).status, 200);
  });

  test('a change that nobody told Redis of', async () => {
    const cookie = await cookieThatGotIn();
    await sql(databaseUrl, 'UPDATE users SET permission = 0 WHERE name = $1', [(await rowOf(cookie)).name]);
    assert.equal((await page(cookie)).status, 403);
  });

  test('a change made while Redis was frozen, also when it is back', async () => {
    const cookie = await cookieThatGotIn();
    const { name } = await rowOf(cookie);
    redis.freeze();
    try {
      await elsewhere.users.setPermission('operator', name, 0);
      assert.equal((await page(cookie)).status, 403);
    } finally {
      redis.thaw();
    }
    assert.equal((await page(cookie)).status, 403);
  });

  test('somebody made an Admin is held to the short life from then on', async () => {
    const cookie = await service.sessionCookie(0);
    const { name } = await rowOf(cookie);
    await sql(
      databaseUrl,
      `UPDATE sessions SET created_at = now() - interval '25 hours' WHERE token_suffix = $1`,
      [suffixOf(cookie)],
    );
    assert.equal((await page(cookie)).status, 403, 'alive as a User');
    await elsewhere.users.setPermission('operator', name, 2);
    assert.equal((await page(cookie)).status, 401, 'over as an Admin');
  });
});

describe('while a store does not answer', () => {
  test('Redis frozen: the page opens, from the record', async () => {
    const cookie = await service.sessionCookie(2);
    redis.freeze();
    try {
      const { status, headers, ms } = await page(cookie);
      assert.equal(status, 200);
      assert.equal(headers['x-session-source'], undefined);
      assert.ok(ms < 1_000, `${ms} ms`);
    } finally {
      redis.thaw();
    }
  });

  test('PostgreSQL frozen: until its probe says so nobody can say, from then on who was in stays in', async () => {
    const cookie = await cookieThatGotIn();
    const unseen = await service.sessionCookie(2);
    const user = await service.sessionCookie(0);
    assert.equal((await page(user)).status, 403);
    await postgres.freeze();
    try {
      let known = await page(cookie);
      await waitFor('the word of the probe', async () => {
        if (known.headers['x-session-source'] === 'memory') return true;
        assert.deepEqual([known.status, known.json['error']], [503, 'Temporarily unavailable']);
        assert.equal(known.headers['retry-after'], '1');
        known = await page(cookie);
        return false;
      });
      assert.match(known.body, /"source_hash":"/);
      await service.lineWith(String(known.headers['x-correlation-id']), 'from memory');
      for (const stranger of [unseen, user, `psession=${newToken()}`]) {
        const { status: refused, ms } = await page(stranger);
        assert.equal(refused, 401);
        assert.ok(ms < 1_000, `${ms} ms`);
      }
    } finally {
      await postgres.thaw();
    }
  });

  test('the probe has noticed: looking up costs no connection of the pool, and no time', async () => {
    const cookie = await cookieThatGotIn();
    await postgres.freeze();
    try {
      // Unhealthy is also what nothing is known of any more, as on a machine that stood still; spared is what is known to be
      // down, all the while.
      const { health } = service.app;
      const isDown = (): boolean => health.state('database') === 'down';
      const checkedOut = (): number | null => health.report('public').db_statistics.checked_out;
      let stayedDown = false;
      for (let round = 0; round < 10 && !stayedDown; round += 1) {
        await waitFor('it to be known as down', isDown);
        await waitFor('the pool at rest', () => checkedOut() === 0);
        stayedDown = true;
        const replies = await Promise.all(
          Array.from({ length: 200 }, async () => {
            const reply = await page(cookie);
            stayedDown &&= isDown();
            return reply;
          }),
        );
        assert.ok(replies.every(({ headers }) => headers['x-session-source'] === 'memory'));
        if (stayedDown) assert.equal(checkedOut(), 0);
      }
      assert.ok(stayedDown, 'it was known as down all the while, once in ten rounds');
    } finally {
      await postgres.thaw();
    }
  });

  test('many at once, not one connection of the pool: 100 look-ups travel together', async () => {
    const cookies = await Promise.all(Array.from({ length: 5 }, () => service.sessionCookie(2)));
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, index) => page(cookies[index % 5] ?? '')),
    );
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
    // The five were made through the pool, at most all at once.
    assert.ok(Number(service.app.health.report('public').db_statistics.total) <= 5);
    // One that was given up while the server was frozen goes when the server notices.
    await waitFor('one connection', async () => {
      const [row] = await postgres.query(
        `SELECT count(*)::int AS connections FROM pg_stat_activity WHERE application_name = 'portal-sessions'`,
      );
      return row?.['connections'] === 1;
    });
  });
});

describe('the sessions that starts of the service make', () => {
  test('only the newest few stay open', async () => {
    const user = await service.app.users.add('operator', 'starter', 3);
    for (let start = 0; start < 4; start += 1) await service.app.sessions.begin(user.id, 'start');
    const asked = await service.app.sessions.begin(user.id, 'command');
    await service.app.sessions.revokeOldStarts(2);
    const open = await service.app.sessions.list(user.id);
    assert.equal(open.length, 3);
    assert.ok(open.some(({ id }) => id === asked.id));
  });
});

test('what ends besides sessions is told by Redis too, for processes to which no NOTIFY gets through', async () => {
  const subscriber = new Redis(redis.url);
  let words = 0;
  subscriber.on('message', () => (words += 1));
  try {
    await subscriber.subscribe('portal:sessions-changed');
    const { users, machines } = elsewhere;
    const owner = await users.add('operator', 'only-tokens', 2);
    await machines.make({ name: 'alone', lifeMs: undefined, userId: undefined });
    await machines.make({ name: 'theirs', lifeMs: undefined, userId: owner.id });
    await machines.revoke('alone');
    await waitFor('the word of a token', () => words === 1);
    await users.setPermission('operator', 'only-tokens', 1);
    await waitFor('the word of a demotion', () => words === 2);
    await users.disable('operator', 'only-tokens');
    await waitFor('the word of who left', () => words === 3);
  } finally {
    subscriber.disconnect();
  }
});
