/**
 * The audit by what people do: at the doors, at a start, and while the database is away.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { ADMIN } from '../../../src/auth/permission.js';
import { sendRequest } from '../../request.js';
import { IMPATIENT, startService, type TestService } from '../../service.js';
import { sql } from '../../sql.js';

const PAGE = '/v1/admin/health';
const AUDIT = '/v1/admin/audit';
const VERIFY = '/v1/authentication/verify';

interface Entry {
  readonly id: number;
  readonly at: string;
  readonly action: string;
  readonly actor: string | null;
  readonly subject: string | null;
  readonly address: string | null;
  readonly token_suffix: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

let postgres: PostgresServer;
let redis: RedisServer;
let databaseUrl: string;
let service: TestService;
let reader: string;
let folder: string;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  databaseUrl = await postgres.createDatabase();
  service = await startService({ databaseUrl, redisUrl: redis.url, environment: IMPATIENT });
  reader = await service.sessionCookie(ADMIN);
  folder = await mkdtemp(join(tmpdir(), 'portal-audit-'));
});

after(async () => {
  redis?.thaw();
  await postgres?.thaw();
  await service?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
  await rm(folder, { recursive: true, force: true });
});

async function entries(query = '?limit=200'): Promise<Entry[]> {
  const { status, json } = await sendRequest(service.url, `${AUDIT}${query}`, { cookie: reader });
  assert.equal(status, 200);
  return json['entries'] as Entry[];
}

/** What was told after the entry `id0`, the oldest first, without what differs each time. */
async function since(id0: number): Promise<Omit<Entry, 'id' | 'at'>[]> {
  return (await entries())
    .filter(({ id }) => id > id0)
    .map(({ id: _id, at: _at, ...rest }) => rest)
    .toReversed();
}

async function mark(): Promise<number> {
  return (await entries('?limit=1'))[0]?.id ?? 0;
}

test('a life at the doors: in by a code, reading first, ending another session, out', async () => {
  const user = await service.app.users.add('operator', 'Ada', ADMIN);
  const { code } = await service.app.signIn.make(user.id, 'command');
  const { token } = await service.app.sessions.begin(user.id, 'command');
  const other = token.slice(-6);
  const from = await mark();
  const entered = await sendRequest(service.url, VERIFY, { method: 'POST', body: JSON.stringify({ code }) });
  const cookie = String(entered.headers['set-cookie']).split(';')[0] ?? '';
  for (let turn = 0; turn < 3; turn += 1)
    assert.equal((await sendRequest(service.url, PAGE, { cookie })).status, 200);
  await sendRequest(service.url, `/v1/users/me/sessions/${other}/destroy`, { method: 'POST', cookie });
  await sendRequest(service.url, '/v1/authentication/logout', { method: 'POST', cookie });
  const own = { address: '127.0.0.1', actor: 'Ada', token_suffix: cookie.slice(-6) };
  const told = await since(from);
  const byAction = (action: string) => told.filter((entry) => entry.action === action);
  assert.equal(told.length, 4);
  assert.deepEqual(byAction('signed_in'), [
    { ...own, action: 'signed_in', subject: 'Ada', details: { code_made_by: 'command' } },
  ]);
  assert.deepEqual(byAction('first_read'), [{ ...own, action: 'first_read', subject: null, details: {} }]);
  assert.deepEqual(byAction('session_revoked'), [
    { ...own, action: 'session_revoked', subject: 'Ada', token_suffix: other, details: { by: 'user' } },
    { ...own, action: 'session_revoked', subject: 'Ada', details: { by: 'user' } },
  ]);
  for (const line of [JSON.stringify(told), ...service.logged]) assert.ok(!line.includes(code));
});

test('who was refused, and why: counted, not repeated', async () => {
  const user = await service.sessionCookie(0);
  const from = await mark();
  for (let turn = 0; turn < 3; turn += 1) {
    await sendRequest(service.url, PAGE, { cookie: `psession=${'A'.repeat(43)}`, from: '127.0.8.1' });
    await sendRequest(service.url, VERIFY, {
      method: 'POST',
      body: '{"code":"22222222"}',
      from: '127.0.8.2',
    });
  }
  await sendRequest(service.url, PAGE, { cookie: user, from: '127.0.8.3' });
  await sendRequest(service.url, PAGE, { from: '127.0.8.4' });
  await since(from);
  await sendRequest(service.url, PAGE, { cookie: `psession=${'A'.repeat(43)}`, from: '127.0.8.1' });
  const told = (await since(from)).map(({ action, actor, address, details }) => ({
    action,
    actor: actor?.replace(/-.*/, '') ?? null,
    address,
    reason: details['reason'],
    count: details['count'],
  }));
  const refused = { action: 'refused', actor: null };
  assert.deepEqual(
    told.toSorted((a, b) => String(a.address).localeCompare(String(b.address))),
    [
      { ...refused, address: '127.0.8.1', reason: 'session', count: 4 },
      { ...refused, address: '127.0.8.2', reason: 'code', count: 3 },
      { ...refused, address: '127.0.8.3', reason: 'permission', count: 1, actor: 'user' },
    ],
    'and who shows nothing is a visitor',
  );
});

test('a first reading is told once, also by another process and after a restart', async (t) => {
  const from = await mark();
  const cookie = await service.sessionCookie(ADMIN);
  for (let start = 0; start < 2; start += 1) {
    const another = await startService({ databaseUrl, redisUrl: redis.url });
    t.after(() => another.close());
    assert.equal((await sendRequest(another.url, PAGE, { cookie })).status, 200);
    assert.equal((await sendRequest(another.url, AUDIT, { cookie })).status, 200);
  }
  assert.equal((await since(from)).filter(({ action }) => action === 'first_read').length, 1);
});

test('a start with other settings names them, and never says how they are', async () => {
  const url = await postgres.createDatabase();
  const secret = `whsec_${'A'.repeat(43)}=`;
  const environment = {
    PORTAL_LOGIN_WEBHOOK_URL: 'http://127.0.0.1:1/hunter2',
    PORTAL_LOGIN_WEBHOOK_SECRET: secret,
  };
  const changed = () => sql(url, `SELECT details FROM audit WHERE action = 'settings_changed' ORDER BY id`);
  const starts = [
    [environment, []],
    [environment, []],
    [
      { ...environment, PORTAL_LOGIN_WEBHOOK_URL: 'http://127.0.0.1:1/hunter3', PORTAL_SLOW_MS: '600' },
      [['PORTAL_SLOW_MS', 'PORTAL_LOGIN_WEBHOOK_URL']],
    ],
    [
      {},
      [
        ['PORTAL_SLOW_MS', 'PORTAL_LOGIN_WEBHOOK_URL'],
        ['PORTAL_SLOW_MS', 'PORTAL_LOGIN_WEBHOOK_URL', 'PORTAL_LOGIN_WEBHOOK_SECRET'],
      ],
    ],
  ] as const;
  for (const [settings, told] of starts) {
    const one = await startService({
      databaseUrl: url,
      environment: { PORTAL_DATA_DIR: join(folder, 'data'), ...settings },
    });
    await waitFor('the settings to be noted', async () => {
      const [row] = await sql(url, 'SELECT count(*)::int AS noted FROM settings_seen');
      return (
        Number(row?.['noted']) >= Object.keys(environment).length && (await changed()).length >= told.length
      );
    });
    // What waits is written at the end too.
    await one.close();
    assert.deepEqual(
      (await changed()).map(({ details }) => (details as { settings: unknown }).settings),
      told,
    );
  }
  const everything = JSON.stringify(
    await sql(url, 'SELECT settings_seen::text, audit::text FROM settings_seen, audit'),
  );
  for (const value of ['hunter2', 'hunter3', 'whsec_']) assert.ok(!everything.includes(value));
});

describe('reading it', () => {
  test('page by page, each entry once, the newest first', async () => {
    const all = await entries();
    assert.ok(all.length > 8);
    const read: Entry[] = [];
    let query = '?limit=3';
    for (;;) {
      const { json } = await sendRequest(service.url, `${AUDIT}${query}`, { cookie: reader });
      const page = json['entries'] as Entry[];
      assert.ok(page.length <= 3);
      read.push(...page);
      if (json['next'] === null) break;
      assert.equal(json['next'], page.at(-1)?.id);
      query = `?limit=3&before=${String(json['next'])}`;
    }
    assert.deepEqual(read, all);
    assert.deepEqual(
      read,
      read.toSorted((a, b) => b.id - a.id),
    );
  });

  test('with bounds that are told', async () => {
    for (const query of [
      'limit=0',
      'limit=201',
      'limit=x',
      'before=0',
      'before=-1',
      'before=1&before=2',
      'limit=',
    ]) {
      const { status, json } = await sendRequest(service.url, `${AUDIT}?${query}`, { cookie: reader });
      assert.equal(status, 400, query);
      assert.match(String(json['error']), /^Expected `(limit|before)` to be a whole number from 1 to \d+\.$/);
    }
  });

  test('for administrators only', async () => {
    assert.equal((await sendRequest(service.url, AUDIT)).status, 401);
    const cookie = await service.sessionCookie(1);
    assert.equal((await sendRequest(service.url, AUDIT, { cookie })).status, 403);
  });
});

test('while the database is frozen nothing waits for the audit, and afterwards nothing is missing', async () => {
  const cookie = await service.sessionCookie(ADMIN);
  assert.equal((await sendRequest(service.url, '/v1/users/me', { cookie })).status, 200);
  const from = await mark();
  redis.freeze();
  await postgres.freeze();
  try {
    await waitFor('both to be called down', async () => {
      const { json } = await sendRequest(service.url, '/health');
      return json['database'] === false && json['cache'] === false;
    });
    const page = await sendRequest(service.url, PAGE, { cookie });
    assert.deepEqual([page.status, page.headers['x-session-source']], [503, 'memory']);
    await sendRequest(service.url, PAGE, { cookie: `psession=${'B'.repeat(43)}`, from: '127.0.8.9' });
  } finally {
    redis.thaw();
    await postgres.thaw();
  }
  await waitFor('the audit', async () => {
    // Whoever asks for it too early is a stranger, and in it.
    const { json } = await sendRequest(service.url, '/health');
    return json['database'] === true && (await since(from)).length >= 2;
  });
  const told = await since(from);
  assert.deepEqual(told.map(({ action, address }) => `${action} ${String(address)}`).toSorted(), [
    'first_read 127.0.0.1',
    'refused 127.0.8.9',
  ]);
});
