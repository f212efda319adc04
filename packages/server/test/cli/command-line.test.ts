/**
 * The command line as a child process, on the stores of the test, beside a service on the same.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startPostgres, startRedis, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';
import { ADMIN } from '../../src/auth/permission.js';
import { sendRequest } from '../request.js';
import { runPortal, type Ended } from '../portal.js';
import { startService, type TestService } from '../service.js';
import { sql } from '../sql.js';

const MIGRATIONS = new URL('../../../migrations', import.meta.url);

let postgres: PostgresServer;
let redis: RedisServer;
let databaseUrl: string;
let service: TestService;
let folder: string;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  databaseUrl = await postgres.createDatabase();
  service = await startService({ databaseUrl, redisUrl: redis.url });
  folder = await mkdtemp(join(SCRATCH_FOLDER, 'portal-cli-'));
});

after(async () => {
  await service?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

function portal(line: string, environment: Record<string, string> = {}): Promise<Ended> {
  return runPortal(line === '' ? [] : line.split(' '), {
    cwd: folder,
    environment: { DATABASE_URL: databaseUrl, REDIS_URL: redis.url, ...environment },
  });
}

async function succeed(line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await portal(line);
  assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' }, line);
  return stdout;
}

test('a life at the command line: add, sign in, list, promote, revoke', async () => {
  assert.equal(await succeed('user add Ada --permission admin'), 'Added Ada, Admin.\n');
  assert.match(
    await succeed('user list'),
    /^NAME +PERMISSION +ADDED\nAda +Admin +\d{4}-\d\d-\d\dT[\d:.]+Z\n$/,
  );

  const [cookie = '', line = ''] = (await succeed('session create --user ada')).trim().split('\n');
  assert.match(
    cookie,
    /^psession=[\w-]{43}; Path=\/; Expires=\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT; HttpOnly; Secure; SameSite=Lax$/,
  );
  const [pair = ''] = cookie.split(';');
  assert.equal(line, `curl http://127.0.0.1:7331/v1/admin/health -b "${pair}"`);
  const page = () => sendRequest(service.url, '/v1/admin/health', { cookie: pair });
  assert.equal((await page()).status, 200);

  const [head, row = ''] = (await succeed('session list --user ADA')).trim().split('\n');
  assert.match(String(head), /^ID +USER +PERMISSION +TOKEN +BEGAN +ENDS$/);
  assert.ok(row.includes(`…${pair.slice(-6)}`));
  assert.ok(!row.includes(pair.slice(-7)), 'no more than six characters of the token');

  assert.equal(await succeed('user permission ada 0'), 'Ada is now User.\n');
  assert.equal((await page()).status, 403);
  assert.equal(await succeed('user permission ada Owner'), 'Ada is now Owner.\n');
  assert.equal((await page()).status, 200);

  const [id = ''] = row.split(' ');
  assert.equal(await succeed(`session revoke ${id}`), 'Ended 1 session.\n');
  assert.equal((await page()).status, 401);
  assert.deepEqual(await portal(`session revoke ${id}`), {
    exitCode: 1,
    stdout: '',
    stderr: 'Ended 0 of 1 sessions; the others were not open.\n',
  });

  await succeed('session create --user ada');
  await succeed('session create --user ada');
  assert.equal(await succeed('session revoke --user ada'), 'Ended 2 sessions.\n');
});

test('migrate prints what it did', async () => {
  const empty = { DATABASE_URL: await postgres.createDatabase() };
  assert.equal(
    (await portal('migrate', empty)).stdout,
    readdirSync(MIGRATIONS)
      .toSorted()
      .map((name) => `applied ${name}\n`)
      .join(''),
  );
  assert.equal((await portal('migrate', empty)).stdout, 'The tables are up to date.\n');
});

test('a code and a link that sign a user in once', async () => {
  await succeed('user add Linked --permission owner');
  const [code = '', link] = (await succeed('login-code create --user LINKED')).trim().split('\n');
  assert.equal(link, `http://127.0.0.1:7331/#code=${code}`);
  const verify = () =>
    sendRequest(service.url, '/v1/authentication/verify', { method: 'POST', body: JSON.stringify({ code }) });
  const { status, json } = await verify();
  assert.deepEqual([status, json['username'], json['permission']], [200, 'Linked', 3]);
  assert.equal((await verify()).status, 401);
});

test('links and lines to paste lead to where browsers find the service', async () => {
  await succeed('user add outside');
  const published = { PORTAL_PUBLIC_URL: 'http://status.example.org/portal' };
  const { stdout: code } = await portal('login-code create --user outside', published);
  assert.match(code, /\nhttp:\/\/status\.example\.org\/portal\/#code=\w+\n$/);
  const { stdout: session } = await portal('session create --user outside', published);
  assert.match(session, /\ncurl http:\/\/status\.example\.org\/portal\/v1\/admin\/health -b "psession=/);
  assert.doesNotMatch(session, /Secure/, 'a cookie that a browser keeps there');
});

test('disable, enable and remove: sessions and codes end at once, in a service that runs, and stay ended', async () => {
  await succeed('user add Leaver --permission admin');
  const cookieOf = async () => (await succeed('session create --user leaver')).split(';')[0] ?? '';
  const codeOf = async () => (await succeed('login-code create --user leaver')).split('\n')[0] ?? '';
  const page = (cookie: string) => sendRequest(service.url, '/v1/admin/health', { cookie });
  const verify = (code: string) =>
    sendRequest(service.url, '/v1/authentication/verify', { method: 'POST', body: JSON.stringify({ code }) });

  const [cookie, code] = [await cookieOf(), await codeOf()];
  assert.equal((await page(cookie)).status, 200);
  assert.equal(await succeed('user disable LEAVER'), 'Leaver is disabled, and signed out everywhere.\n');
  assert.deepEqual([(await page(cookie)).status, (await verify(code)).status], [401, 401]);
  assert.match(await succeed('user list'), /^NAME +PERMISSION +ADDED +DISABLED\n/);
  for (const refused of ['session create --user leaver', 'login-code create --user leaver']) {
    assert.deepEqual(await portal(refused), {
      exitCode: 1,
      stdout: '',
      stderr: 'Leaver is disabled; "portal user enable Leaver" lets them sign in again.\n',
    });
  }

  assert.equal(await succeed('user enable leaver'), 'Leaver can sign in.\n');
  assert.deepEqual([(await page(cookie)).status, (await verify(code)).status], [401, 401], 'ended for good');
  const [again, another] = [await cookieOf(), await codeOf()];
  assert.equal((await page(again)).status, 200);
  assert.equal(await succeed('user remove leaver'), 'Removed Leaver.\n');
  assert.deepEqual([(await page(again)).status, (await verify(another)).status], [401, 401]);
  const told = await sql(
    databaseUrl,
    `SELECT action FROM audit WHERE subject = 'Leaver' AND action <> 'first_read' ORDER BY action`,
  );
  assert.deepEqual(
    told.map(({ action }) => action),
    [
      'session_created',
      'session_created',
      'session_revoked',
      'user_added',
      'user_disabled',
      'user_enabled',
      'user_removed',
    ],
  );
});

test('a cookie for plain http, when that was asked for', async () => {
  await succeed('user add plain');
  const { stdout } = await portal('session create --user plain', { PORTAL_COOKIE_SECURE: 'off' });
  assert.match(stdout, /^psession=/);
  assert.doesNotMatch(stdout, /Secure/);
});

test('a change is made also while Redis does not answer', async () => {
  await succeed('user add Without-redis --permission admin');
  redis.freeze();
  try {
    assert.equal(await succeed('user permission Without-redis user'), 'Without-redis is now User.\n');
  } finally {
    redis.thaw();
  }
});

test('what is done here is in the audit of another running process', async () => {
  for (const line of [
    'user add Grace --permission moderator',
    'user permission grace admin',
    'user permission grace admin',
    'session create --user grace',
    'session revoke --user grace',
  ])
    await succeed(line);
  const cookie = await service.sessionCookie(ADMIN);
  const { json } = await sendRequest(service.url, '/v1/admin/audit?limit=200', { cookie });
  const told = (json['entries'] as Record<string, unknown>[])
    .filter(({ subject }) => subject === 'Grace')
    .map(({ id: _id, at: _at, ...rest }) => rest)
    .toReversed();
  const suffix = told.at(-1)?.['token_suffix'] as string | null;
  assert.match(suffix ?? '', /^[\w-]{6}$/);
  const common = { actor: null, subject: 'Grace', address: null, token_suffix: null };
  assert.deepEqual(told, [
    { ...common, action: 'user_added', details: { by: 'command', permission: 'Moderator' } },
    { ...common, action: 'permission_changed', details: { by: 'command', from: 'Moderator', to: 'Admin' } },
    { ...common, action: 'session_created', token_suffix: suffix, details: { by: 'command' } },
    { ...common, action: 'session_revoked', token_suffix: suffix, details: { by: 'command' } },
  ]);
});

describe('errors are one sentence, with exit code 1 for what cannot be done and 2 for what is asked wrongly', () => {
  const cases: readonly [line: string, exitCode: number, stderr: RegExp][] = [
    ['session create --user nobody', 1, /^There is no user named "nobody"\.\n$/],
    ['user permission nobody admin', 1, /^There is no user named "nobody"\.\n$/],
    ['user add ab', 2, /^username must be at least 3 characters\n$/],
    ['user add Somebody --permission boss', 2, /must be one of User, Moderator, Admin, Owner, or 0 to 3/],
    ['user add', 2, /missing required argument 'name'/],
    ['login-code create --user nobody', 1, /^There is no user named "nobody"\.\n$/],
    ['login-code', 2, /Usage: portal login-code/],
    ['session create', 2, /required option '--user <name>' not specified/],
    ['session revoke', 2, /^Expected numbers of sessions or --user NAME, one of the two\.\n$/],
    ['session revoke x', 2, /must be the number of a session/],
    ['nonsense', 2, /unknown command 'nonsense'/],
    ['', 2, /Usage: portal/],
  ];
  for (const [line, exitCode, stderr] of cases) {
    test(`portal ${line}`, async () => {
      const ended = await portal(line);
      assert.equal(ended.exitCode, exitCode);
      assert.match(ended.stderr, stderr);
      assert.equal(ended.stdout, '');
    });
  }

  test('help is no error', async () => {
    const { exitCode, stdout, stderr } = await portal('--help');
    assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' });
    assert.match(stdout, /serve[^]*migrate[^]*user[^]*session/);
  });

  test('nor is the question which release this is', async () => {
    const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    for (const option of ['--version', '-V']) {
      const stdout = `portal-server ${version}\n`;
      assert.deepEqual(await portal(option), { exitCode: 0, stdout, stderr: '' });
    }
  });

  test('a database that cannot be reached, refuses the login, or is not ours', async () => {
    const theirs = await postgres.createDatabase();
    await sql(theirs, 'CREATE TABLE users (theirs text)');
    const url = new URL(databaseUrl);
    const urls: readonly [url: string, stderr: RegExp][] = [
      [
        'postgres://portal:hunter2hunter2@127.0.0.1:1/portal',
        /^The database cannot be reached \(ECONNREFUSED\)\.\n$/,
      ],
      [
        'postgres://portal:hunter2hunter2@hunter2.invalid/portal',
        /^The database cannot be reached \(E\w+\)\.\n$/,
      ],
      [
        `postgres://${url.username}:hunter2hunter2@${url.host}${url.pathname}`,
        /^The database refuses the login, or what it was asked for \(28P01\)\.\n$/,
      ],
      [theirs, /^Expected the migration 0001-users\.sql to fit the database, got error 42P07 \(.*\)\.\n$/],
    ];
    for (const [bad, stderr] of urls) {
      const ended = await portal('user list', { DATABASE_URL: bad });
      assert.equal(ended.exitCode, 1);
      assert.match(ended.stderr, stderr);
      assert.doesNotMatch(ended.stderr, /hunter2/);
    }
  });
});

test('the audit as JSON lines, the oldest first and all of it, also when it is long', async () => {
  // Younger than what a service that runs beside deletes.
  const dayAfter = (days: number): string =>
    new Date(Date.now() - (200 - days) * 86_400_000).toISOString().slice(0, 10);
  const [first, second, third] = [dayAfter(0), dayAfter(1), dayAfter(2)];
  await sql(
    databaseUrl,
    `INSERT INTO audit (at, action, subject) SELECT '${first}T00:00:00Z'::timestamptz + n * interval '1 hour', 'user_added', 'n' || n
     FROM generate_series(0, 2499) n ORDER BY n`,
  );
  const entries = async (line: string): Promise<{ id: number; at: string; subject: string | null }[]> =>
    (await succeed(line))
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text) as { id: number; at: string; subject: string | null });
  const all = await entries('audit export');
  assert.ok(all.length > 2_500);
  assert.deepEqual(
    all.map(({ id }) => id),
    all.map(({ id }) => id).toSorted((one, other) => one - other),
  );
  const day = await entries(`audit export --from ${second} --to ${third}`);
  assert.deepEqual(
    day.map(({ subject }) => subject),
    Array.from({ length: 24 }, (_, hour) => `n${24 + hour}`),
  );
  assert.deepEqual(Object.keys(day[0] ?? {}), [
    'id',
    'at',
    'action',
    'actor',
    'subject',
    'address',
    'token_suffix',
    'details',
  ]);
  assert.equal((await entries(`audit export --from ${second}T00:00:00+01:00 --to ${second}`)).length, 1);
  for (const time of [
    'yesterday',
    '2026-02-30',
    '2026-13-01',
    '2026-03-01T12:00',
    '2026-03-01T25:00Z',
    '1',
  ]) {
    const { exitCode, stdout, stderr } = await portal(`audit export --from ${time}`);
    assert.deepEqual([exitCode, stdout], [2, ''], time);
    assert.match(stderr, /It must be a day, 2026-03-01, or a time with its zone/);
  }
});
