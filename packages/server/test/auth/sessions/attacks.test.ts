/**
 * Getting in again with a session that was ended, or by what is written into Redis: in every state of the record, its
 * probe and its pool.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import pg from 'pg';
import { waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { tokenHash, newToken } from '../../../src/auth/sessions/token.js';
import { ADMIN } from '../../../src/auth/permission.js';
import { sendRequest, type TestResponse } from '../../request.js';
import { startProxiedService, type ProxiedService } from '../../proxied-service.js';
import type { TestService } from '../../service.js';

const PAGE = '/v1/admin/health';
const TRIES = 20;
const PATHS = [PAGE, '/v1/users/me', '/v1/users/me/sessions', '/v1/admin/audit'];

let proxied: ProxiedService;
let postgres: PostgresServer;
let redis: RedisServer;
let service: TestService;
/** As somebody with `psql`, who was there before anything froze. */
let psql: pg.Client;
let redisCommands = '';

before(async () => {
  proxied = await startProxiedService({
    onCommand: (bytes) => (redisCommands += bytes.toString('latin1')),
  });
  ({ postgres, redis, service } = proxied);
  psql = new pg.Client({ connectionString: proxied.databaseUrl });
  await psql.connect();
});

beforeEach(async () => {
  await waitFor('a healthy service', () => service.app.health.report('public').status === 'healthy');
});

afterEach(async () => {
  redis.thaw();
  await postgres.thaw();
  await proxied.network.heal();
});

after(async () => {
  await psql?.end();
  await proxied?.close();
});

function page(cookie: string, path = PAGE): Promise<TestResponse> {
  return sendRequest(service.url, path, { cookie });
}

/** A session that got in a moment ago, and so is remembered. */
async function knownSession(): Promise<string> {
  const cookie = await service.sessionCookie(ADMIN);
  await waitFor('the page', async () => (await page(cookie)).status === 200);
  return cookie;
}

/** Neither let in nor shown a byte, this many times. */
async function assertOut(cookie: string, what: string): Promise<void> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const { status, headers, body } = await page(cookie);
    assert.ok([401, 403, 503].includes(status), `${what}: ${status}`);
    assert.ok(!body.includes('source_hash') && !body.includes('db_statistics'), `${what}: ${body}`);
    assert.equal(headers['x-session-source'], undefined, what);
    if (status === 503) assert.equal(headers['retry-after'], '1');
  }
}

const ENDINGS: Readonly<Record<string, string>> = {
  revoked: 'UPDATE sessions SET revoked_at = now() WHERE token_suffix = $1',
  demoted: `UPDATE users SET permission = 0 WHERE id = (SELECT user_id FROM sessions WHERE token_suffix = $1)`,
  deleted: `DELETE FROM users WHERE id = (SELECT user_id FROM sessions WHERE token_suffix = $1)`,
};

for (const [ending, statement] of Object.entries(ENDINGS)) {
  describe(`a session that was ${ending} past the service is out`, () => {
    async function end(cookie: string): Promise<void> {
      await psql.query(statement, [cookie.slice(-6)]);
    }

    test('in quiet times', async () => {
      const cookie = await knownSession();
      await end(cookie);
      await assertOut(cookie, 'quiet');
    });

    test('while every connection of the pool is taken', async () => {
      const cookie = await knownSession();
      const locker = new pg.Client({ connectionString: proxied.databaseUrl });
      await locker.connect();
      await locker.query('BEGIN; LOCK TABLE audit IN ACCESS EXCLUSIVE MODE');
      // Each waits for the audit, with a connection of the pool.
      const taken = Array.from({ length: 20 }, (_, index) =>
        service.app.users.add('operator', `waits-${ending}-${index}`, 0),
      );
      try {
        const { health } = service.app;
        await waitFor(
          'the pool to be used up',
          () => health.report('public').db_statistics.checked_out === 20,
        );
        assert.equal(
          (await page(cookie)).headers['x-session-source'],
          undefined,
          'look-ups need none of them',
        );
        await end(cookie);
        await assertOut(cookie, 'pool full');
      } finally {
        await locker.end();
        await Promise.allSettled(taken);
      }
    });

    test('while look-ups are late', async () => {
      const cookie = await knownSession();
      await proxied.network.fault('slow', { latencyMs: 700 });
      await end(cookie);
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const { body, headers } = await page(cookie);
        assert.ok(!body.includes('source_hash'), body);
        assert.equal(headers['x-session-source'], undefined);
      }
    });

    test('after the listening connection was cut, and once it listens again', async () => {
      const cookie = await knownSession();
      await postgres.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'portal-%'`,
      );
      await end(cookie);
      await assertOut(cookie, 'cut');
      await waitFor('it to listen', async () => {
        const [row] = await postgres.query(
          `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'portal-listener'`,
        );
        return row?.['n'] === 1;
      });
      await postgres.freeze();
      await waitFor('the probe', () => service.app.health.state('database') === 'down');
      await assertOut(cookie, 'frozen after it listened again');
    });

    test('when it is told and the database freezes at that very moment, with no question in between', async () => {
      const cookie = await knownSession();
      // Listeners are told in the turn in which the word comes; the question that would confirm leaves in the next.
      let freeze: (() => void) | undefined;
      const frozen = new Promise<void>((resolve) => {
        freeze = () => {
          freeze = undefined;
          void proxied.network.fault('blackhole').then(resolve);
        };
      });
      service.app.sessions.onChange(() => freeze?.());
      await end(cookie);
      await frozen;
      await assertOut(cookie, 'told, and not yet called down');
      await waitFor('the probe', () => service.app.health.state('database') === 'down');
      await assertOut(cookie, 'told, and called down');
    });

    test('while the probe says down and the notification still arrives', async () => {
      const cookie = await knownSession();
      postgres.freezePostmaster();
      await waitFor('the probe', () => service.app.health.state('database') === 'down');
      await end(cookie);
      await assertOut(cookie, 'half-frozen');
      await postgres.freeze();
      await assertOut(cookie, 'frozen after it');
    });
  });
}

test('sessions that were all taken away at once are out when the database freezes right after', async () => {
  const cookie = await knownSession();
  let told = false;
  service.app.sessions.onChange(() => (told = true));
  await psql.query('TRUNCATE sessions');
  await waitFor('the word', () => told);
  await postgres.freeze();
  await waitFor('the probe', () => service.app.health.state('database') === 'down');
  await assertOut(cookie, 'truncated');
});

test('a session is out that ends while nobody hears, because the listening connection was cut alone, just before a freeze', async () => {
  const cookie = await knownSession();
  await psql.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'portal-listener'`,
  );
  await psql.query('UPDATE sessions SET revoked_at = now()');
  await postgres.freeze();
  await waitFor('the probe', () => service.app.health.state('database') === 'down');
  await assertOut(cookie, 'cut alone');
});

describe('what is written into Redis lets nobody in', () => {
  const FORGED = { id: 999_999, userId: 1, userName: 'admin', permission: 3, expiresAtMs: 1 };

  /** Whatever anybody ever read there, and what they might. */
  async function write(token: string): Promise<void> {
    const hash = tokenHash(token);
    for (const value of [
      JSON.stringify(FORGED),
      JSON.stringify({ ...FORGED, expiresAtMs: Date.now() + 1e9 }),
    ]) {
      for (const key of [`portal:session:${hash}`, `portal:session:${token}`, `portal:sessions:${hash}`]) {
        await redis.command('SET', key, value);
      }
      for (const word of [hash, token, value])
        await redis.command('PUBLISH', 'portal:sessions-changed', word);
    }
  }

  async function answers(token: string): Promise<string[]> {
    const all: string[] = [];
    for (const path of PATHS) {
      all.push((await page(`psession=${token}`, path)).bytes);
    }
    return all;
  }

  async function assertTheSame(what: string): Promise<void> {
    const expected = await answers(newToken());
    const token = newToken();
    await write(token);
    assert.deepEqual(await answers(token), expected, what);
    const { status } = await sendRequest(service.url, '/v1/users/me/sessions/abcdef/destroy', {
      method: 'POST',
      cookie: `psession=${token}`,
    });
    assert.ok([401, 503].includes(status), `${what}: ${status}`);
  }

  test('in quiet times, and nobody even looks', async () => {
    redisCommands = '';
    await assertTheSame('quiet');
    const cookie = await knownSession();
    await service.app.sessions.revoke((await service.app.sessions.list()).map(({ id }) => id));
    await assertOut(cookie, 'revoked');
    assert.ok(!redisCommands.includes('portal:session:'), 'no command about a session');
    assert.ok(redisCommands.includes('portal:sessions-changed'), 'but the word that goes round');
    assert.ok(!redisCommands.includes(tokenHash(cookie.slice('psession='.length))));
  });

  test('while PostgreSQL is frozen: until its probe says so, and after', async () => {
    await postgres.freeze();
    const token = newToken();
    await write(token);
    for (const path of PATHS) {
      const { status, json } = await page(`psession=${token}`, path);
      assert.ok(status === 503 || status === 401, `${path}: ${status}`);
      assert.deepEqual(Object.keys(json), ['error', 'correlation_id']);
    }
    await waitFor('the probe', () => service.app.health.state('database') === 'down');
    await assertTheSame('down');
  });

  test('while only its postmaster is', async () => {
    postgres.freezePostmaster();
    await waitFor('the probe', () => service.app.health.state('database') === 'down');
    await assertTheSame('half-frozen');
  });
});
