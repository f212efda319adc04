/**
 * Who is signed in, where else, and signing out: what a browser does with its own session.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { tokenHash } from '../../src/auth/sessions/token.js';
import { ADMIN } from '../../src/auth/permission.js';
import { sendRequest, type TestRequest, type TestResponse } from '../request.js';
import { IMPATIENT, startService, type TestService } from '../service.js';
import { sql } from '../sql.js';

const ME = '/v1/users/me';
const SESSIONS = '/v1/users/me/sessions';
const LOGOUT = '/v1/authentication/logout';
const RUNBOOK = 'https://wiki.example.org/runbooks/{code}';
const ENDED = 'psession=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax';

let postgres: PostgresServer;
let redis: RedisServer;
let databaseUrl: string;
let service: TestService;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  databaseUrl = await postgres.createDatabase();
  service = await startService({
    databaseUrl,
    redisUrl: redis.url,
    environment: { ...IMPATIENT, PORTAL_RUNBOOK_URL: RUNBOOK },
  });
});

after(async () => {
  redis?.thaw();
  await postgres?.thaw();
  await service?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
});

function get(path: string, cookie?: string): Promise<TestResponse> {
  return sendRequest(service.url, path, { cookie });
}

function post(path: string, question: TestRequest = {}): Promise<TestResponse> {
  return sendRequest(service.url, path, { method: 'POST', ...question });
}

function destroyPath(cookie: string): string {
  return `${SESSIONS}/${cookie.slice(-6)}/destroy`;
}

function assertPrivate({ headers }: TestResponse): void {
  assert.equal(headers['cache-control'], 'private, no-store');
  assert.match(String(headers['vary']), /Cookie/);
}

describe('who is signed in', () => {
  test('everybody learns who they are, as the database has it now', async () => {
    for (const [permission, name, runbook] of [
      [0, 'User', null],
      // It names a host of the operator's.
      [1, 'Moderator', null],
      [2, 'Admin', RUNBOOK],
      [3, 'Owner', RUNBOOK],
    ] as const) {
      const cookie = await service.sessionCookie(permission);
      const reply = await get(ME, cookie);
      assert.equal(reply.status, 200);
      assertPrivate(reply);
      const { id, username, session, ...rest } = reply.json;
      assert.deepEqual(rest, { permission, permission_name: name, runbook_url: runbook });
      const [row] = await sql(
        databaseUrl,
        `SELECT u.id, u.name, s.expires_at FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1`,
        [Buffer.from(tokenHash(cookie.replace('psession=', '')), 'hex')],
      );
      assert.deepEqual([id, username], [row?.['id'], row?.['name']]);
      assert.deepEqual(session, {
        token_suffix: cookie.slice(-6),
        expires_at: new Date(row?.['expires_at'] as Date).toISOString(),
      });
    }
  });

  test('nobody is told that they are nobody', async () => {
    assert.equal((await get(ME)).status, 401);
    assert.equal((await get(ME, `psession=${'A'.repeat(43)}`)).status, 401);
  });
});

describe('own sessions', () => {
  test('are listed, others are not, and the one that asks is marked', async () => {
    const stranger = await service.sessionCookie(0);
    const { cookie, other } = await twoSessions(1);
    const reply = await get(SESSIONS, cookie);
    assertPrivate(reply);
    const listed = reply.json['sessions'] as readonly Record<string, unknown>[];
    assert.deepEqual(
      listed.map(({ token_suffix, created_by, current }) => ({ token_suffix, created_by, current })),
      [
        { token_suffix: other.slice(-6), created_by: 'command', current: false },
        { token_suffix: cookie.slice(-6), created_by: 'command', current: true },
      ],
    );
    assert.ok(!reply.body.includes(stranger.slice(-6)));
    assert.ok(!reply.body.includes(cookie.slice(-7)), 'no more than six characters');
  });

  test('can be ended one by one; it counts at the next request, and the current one takes its cookie along', async () => {
    const { cookie, other } = await twoSessions(ADMIN);
    assert.equal((await get('/v1/admin/health', other)).status, 200);
    const first = await post(destroyPath(other), { cookie });
    assert.deepEqual([first.status, first.headers['set-cookie']], [204, undefined]);
    assertPrivate(first);
    assert.equal((await get('/v1/admin/health', other)).status, 401);
    assert.equal((await post(destroyPath(other), { cookie })).status, 404, 'it is gone already');
    const last = await post(destroyPath(cookie), { cookie });
    assert.deepEqual([last.status, last.headers['set-cookie']], [204, [ENDED]]);
    assert.equal((await get(ME, cookie)).status, 401);
  });

  test('can all be ended at once, also the one that asks; those of others go on, and the audit has each', async () => {
    const stranger = await service.sessionCookie(ADMIN);
    const { cookie, other } = await twoSessions(ADMIN);
    assert.equal((await get(ME, other)).status, 200);
    const all = await post(`${SESSIONS}/destroy-all`, { cookie });
    assert.deepEqual([all.status, all.headers['set-cookie']], [204, [ENDED]]);
    assertPrivate(all);
    for (const one of [cookie, other]) assert.equal((await get(ME, one)).status, 401);
    assert.equal((await get(ME, stranger)).status, 200);
    assert.equal((await post(`${SESSIONS}/destroy-all`, { cookie })).status, 401);
    const told = await sql(
      databaseUrl,
      `SELECT actor = subject AS own, details FROM audit WHERE action = 'session_revoked' AND token_suffix = ANY($1)`,
      [[cookie, other].map((one) => one.slice(-6))],
    );
    assert.deepEqual(told, [
      { own: true, details: { by: 'user' } },
      { own: true, details: { by: 'user' } },
    ]);
  });

  test('of others are not there', async () => {
    const owner = await service.sessionCookie(3);
    const other = await service.sessionCookie(0);
    assert.equal((await post(destroyPath(other), { cookie: owner })).status, 404);
    assert.equal((await get(ME, other)).status, 200);
    for (const path of [`${SESSIONS}/${'x'.repeat(90)}/destroy`, `${SESSIONS}/%27%20OR%201=1/destroy`]) {
      assert.equal((await post(path, { cookie: owner })).status, 404);
    }
  });
});

/** Two sessions of one new user. */
async function twoSessions(permission: 0 | 1 | 2 | 3): Promise<{ cookie: string; other: string }> {
  const cookie = await service.sessionCookie(permission);
  const { json } = await get(ME, cookie);
  const { token } = await service.app.sessions.begin(Number(json['id']), 'command');
  return { cookie, other: `psession=${token}` };
}

describe('signing out', () => {
  test('ends the session and takes the cookie back', async () => {
    const cookie = await service.sessionCookie(0);
    const reply = await post(LOGOUT, { cookie });
    assert.deepEqual([reply.status, reply.headers['set-cookie']], [204, [ENDED]]);
    assertPrivate(reply);
    assert.equal((await get(ME, cookie)).status, 401);
  });

  test('answers the same, byte for byte, to whoever has no session, or a forged one, or one that has ended', async () => {
    const cookie = await service.sessionCookie(0);
    const { bytes } = await post(LOGOUT, { cookie });
    for (const other of [cookie, `psession=${'A'.repeat(43)}`, 'psession=', undefined]) {
      assert.equal((await post(LOGOUT, { cookie: other })).bytes, bytes);
    }
  });
});

describe('several cookies of our name', () => {
  const FORGED = `psession=${'A'.repeat(43)}`;

  test('one that somebody else has set hides ours in no order', async () => {
    const cookie = await service.sessionCookie(ADMIN);
    for (const header of [
      `psession=x; ${cookie}`,
      `${FORGED}; ${cookie}`,
      `${cookie}; ${FORGED}; psession=`,
      `psession="${'B'.repeat(43)}"; a=b; ${cookie}; ${cookie}`,
    ]) {
      assert.equal((await get('/v1/admin/health', header)).status, 200, header);
    }
  });

  test('two that live are refused, as a stranger is, and signing out ends both', async () => {
    const { cookie, other } = await twoSessions(ADMIN);
    const theirs = await service.sessionCookie(0);
    for (const header of [`${cookie}; ${other}`, `${theirs}; ${cookie}`]) {
      for (const reply of [await get('/v1/admin/health', header), await get(ME, header)]) {
        assert.deepEqual([reply.status, reply.json['error']], [401, 'Authentication required']);
      }
      assert.equal((await post(destroyPath(other), { cookie: header })).status, 401);
    }
    assert.equal((await get(ME, other)).status, 200, 'nothing was done');
    const reply = await post(LOGOUT, { cookie: `${theirs}; ${cookie}` });
    assert.deepEqual([reply.status, reply.headers['set-cookie']], [204, [ENDED]]);
    for (const ended of [theirs, cookie]) assert.equal((await get(ME, ended)).status, 401);
  });

  test('no more than four are tried, those that were seen before first', async () => {
    const cookie = await service.sessionCookie(ADMIN);
    const many = Array.from('abcdefgh', (letter) => `psession=${letter.repeat(43)}`).join('; ');
    assert.equal((await get(ME, `${many}; ${cookie}`)).status, 401);
    assert.equal((await get(ME, cookie)).status, 200);
    assert.equal((await get(ME, `${many}; ${cookie}`)).status, 200);
  });
});

describe('nothing is done at the bidding of another site', () => {
  const refused: readonly Record<string, string>[] = [
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'https://elsewhere.example' },
    { Origin: 'null' },
    { 'Sec-Fetch-Site': 'cross-site', Origin: 'SAME' },
  ];
  const allowed: readonly Record<string, string>[] = [
    {},
    { 'Sec-Fetch-Site': 'same-origin' },
    { 'Sec-Fetch-Site': 'none' },
    { Origin: 'SAME' },
  ];

  /** `SAME` stands for the service itself, whose port is not known before it runs. */
  function headersOf(headers: Record<string, string>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value === 'SAME' ? service.url : value]),
    );
  }

  for (const headers of refused) {
    test(`refused: ${JSON.stringify(headers)}`, async () => {
      const { cookie, other } = await twoSessions(0);
      for (const path of [LOGOUT, destroyPath(other)]) {
        const reply = await post(path, { cookie, headers: headersOf(headers) });
        assert.deepEqual([reply.status, reply.headers['set-cookie']], [403, undefined]);
      }
      for (const still of [cookie, other]) assert.equal((await get(ME, still)).status, 200);
    });
  }
  for (const headers of allowed) {
    test(`allowed: ${JSON.stringify(headers)}`, async () => {
      const cookie = await service.sessionCookie(0);
      assert.equal((await post(LOGOUT, { cookie, headers: headersOf(headers) })).status, 204);
    });
  }

  test('and what a form can send is not understood', async () => {
    const cookie = await service.sessionCookie(0);
    for (const type of [
      'application/x-www-form-urlencoded',
      'text/plain',
      'multipart/form-data; boundary=x',
    ]) {
      const reply = await sendRequest(service.url, LOGOUT, {
        method: 'POST',
        cookie,
        headers: { 'Content-Type': type, 'Content-Length': '3' },
        rawBody: 'a=b',
      });
      assert.equal(reply.status, 415, type);
    }
    assert.equal((await get(ME, cookie)).status, 200);
    const empty = { 'Content-Type': 'application/json', 'Content-Length': '0' };
    assert.equal((await post(LOGOUT, { cookie, headers: empty })).status, 204, 'JSON of nothing is nothing');
  });
});

test('while the database is frozen nothing is done, and that is said', async () => {
  const { cookie, other } = await twoSessions(ADMIN);
  assert.equal((await get('/v1/admin/health', cookie)).status, 200);
  redis.freeze();
  await postgres.freeze();
  try {
    await waitFor('both to be called down', async () => {
      const { json } = await sendRequest(service.url, '/health');
      return json['database'] === false && json['cache'] === false;
    });
    const me = await get(ME, cookie);
    assert.deepEqual([me.status, me.headers['x-session-source']], [200, 'memory']);
    // Nobody can say now whether the session lives, and nothing is done on the word of memory.
    for (const reply of [await get(SESSIONS, cookie), await post(destroyPath(other), { cookie })]) {
      assert.deepEqual([reply.status, reply.headers['retry-after']], [503, '1']);
    }
    const unseen = await get(SESSIONS, other);
    assert.equal(unseen.status, 401, 'nobody here has verified it');
    const logout = await post(LOGOUT, { cookie });
    assert.deepEqual([logout.status, logout.headers['set-cookie']], [503, [ENDED]]);
    assert.equal((await get(ME, cookie)).status, 401, 'this process has forgotten it');
    for (const stranger of [`psession=${'A'.repeat(43)}`, other]) {
      const reply = await post(LOGOUT, { cookie: stranger });
      assert.deepEqual(
        [reply.status, reply.headers['set-cookie']],
        [503, [ENDED]],
        'nobody has asked the record',
      );
    }
    assert.equal((await post(LOGOUT)).status, 204, 'nothing was brought, so there is nothing to end');
  } finally {
    redis.thaw();
    await postgres.thaw();
  }
});
