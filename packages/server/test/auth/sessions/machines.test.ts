/**
 * Tokens of machines: what they open and what they do not, that they are no sessions, and that they end at once.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';
import { ADMIN } from '../../../src/auth/permission.js';
import { runPortal } from '../../portal.js';
import { startService, type TestService } from '../../service.js';
import { sql } from '../../sql.js';

let postgres: PostgresServer;
let databaseUrl: string;
let service: TestService;
let folder: string;
let token: string;
let cookie: string;

before(async () => {
  postgres = await startPostgres();
  databaseUrl = await postgres.createDatabase();
  folder = await mkdtemp(join(SCRATCH_FOLDER, 'portal-machines-'));
  service = await startService({ databaseUrl });
  token = await create('--name prometheus');
  cookie = await service.sessionCookie(ADMIN);
});

after(async () => {
  await service?.close();
  await postgres?.close();
  await rm(folder, { recursive: true, force: true });
});

async function portal(line: string) {
  return runPortal(['token', ...line.split(' ')], {
    cwd: folder,
    environment: { DATABASE_URL: databaseUrl },
  });
}

async function portalUser(line: string): Promise<void> {
  const options = { cwd: folder, environment: { DATABASE_URL: databaseUrl } };
  const { exitCode, stderr } = await runPortal(['user', ...line.split(' ')], options);
  assert.equal(exitCode, 0, stderr);
}

async function create(options: string): Promise<string> {
  const { exitCode, stdout, stderr } = await portal(`create ${options}`);
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /^portal_[\w-]{43}\n$/);
  return stdout.trim();
}

interface TokenResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** `authorization` may be several headers. */
async function sendRequest(
  path: string,
  headers: Readonly<Record<string, string | readonly string[]>>,
  method = 'GET',
): Promise<TokenResponse> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${service.url}${path}`,
      { method, agent: false, headers: headers as Record<string, string | string[]> },
      (incoming) => {
        text(incoming).then(
          (body) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
          reject,
        );
      },
    );
    outgoing.on('error', reject).end();
  });
}

function bearer(value = token) {
  return { authorization: `Bearer ${value}` };
}

const READINGS = ['/v1/admin/health', '/v1/admin/integrity', '/v1/admin/history', '/v1/admin/events'];
const CLOSED = ['/v1/admin/audit', '/v1/users/me', '/v1/users/me/sessions'];

describe('what it opens', () => {
  test('what administrators read, and nothing is kept for another', async () => {
    for (const path of READINGS) {
      const { status, headers } = await sendRequest(path, bearer());
      assert.deepEqual([path, status], [path, 200]);
      assert.deepEqual(
        [headers['cache-control'], headers['vary'], headers['set-cookie']],
        ['private, no-store', 'Cookie, Authorization', undefined],
      );
      assert.equal((await sendRequest(path, bearer(), 'HEAD')).status, 200);
    }
    assert.match((await sendRequest('/v1/admin/health', bearer())).body, /"source_hash":"[0-9a-f]{64}"/);
  });

  test('the open page, until it ends', async () => {
    const short = await create('--name watcher');
    const { gone } = await new Promise<{ gone: Promise<string> }>((resolve, reject) => {
      const outgoing = request(
        `${service.url}/v1/admin/live`,
        { agent: false, headers: bearer(short) },
        (incoming) => {
          assert.equal(incoming.statusCode, 200);
          resolve({ gone: text(incoming) });
        },
      );
      outgoing.on('error', reject).end();
    });
    assert.equal((await portal('revoke watcher')).stdout, 'Ended the token watcher.\n');
    assert.match(await gone, /^event: /m);
  });

  test('all of the metrics; whoever shows nothing, or nothing good, gets what everybody gets', async () => {
    for (const path of ['/metrics', '//metrics/?x=1']) {
      for (const headers of [bearer(), { cookie }]) {
        const answer = await sendRequest(path, headers);
        assert.equal(answer.status, 200);
        assert.match(answer.body, /^portal_source_info\{hash="[0-9a-f]{64}",state="\w+"\} 1$/m);
        assert.match(answer.body, /^portal_fleet_status\{service="portal",status="\w+"\} 1$/m);
        assert.equal(answer.headers['vary'], 'Accept, Cookie, Authorization');
        assert.equal(answer.headers['cache-control'], 'private, no-store');
      }
      const user = { cookie: await service.sessionCookie(0) };
      for (const headers of [
        {},
        bearer(token.slice(0, -1)),
        bearer(forged()),
        user,
        { cookie: 'psession=x' },
      ]) {
        const answer = await sendRequest(path, headers);
        assert.equal(answer.status, 200);
        assert.match(answer.body, /^portal_health_status\{/m);
        assert.doesNotMatch(answer.body, /portal_source_info|portal_fleet/);
      }
    }
    assert.equal((await sendRequest('/metrics', bearer(), 'POST')).status, 405);
  });
});

function forged(): string {
  return `portal_${'A'.repeat(43)}`;
}

describe('what it does not open', () => {
  test('the audit, users and sessions: 403', async () => {
    for (const path of CLOSED) {
      const { status, body } = await sendRequest(path, bearer());
      assert.deepEqual([path, status, JSON.parse(body).error], [path, 403, 'Admin access required']);
    }
  });

  test('other methods: 405; actions: 403', async () => {
    for (const path of [...READINGS, ...CLOSED]) {
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
        assert.deepEqual([path, (await sendRequest(path, bearer(), method)).status], [path, 405]);
      }
    }
    const destroy = '/v1/users/me/sessions/abcdef/destroy';
    assert.equal((await sendRequest(destroy, bearer(), 'POST')).status, 403);
  });

  test('it is no session, a session is none of it, and both together are neither', async () => {
    const session = cookie.replace('psession=', '');
    const refusals = [
      { cookie: `psession=${token}` },
      { cookie: `psession=${token.replace('portal_', '')}` },
      bearer(session),
      bearer(`portal_${session}`),
      { cookie, ...bearer() },
      { cookie: `psession=${'A'.repeat(43)}`, ...bearer() },
    ];
    for (const headers of refusals) {
      for (const path of [...READINGS, ...CLOSED]) {
        assert.equal((await sendRequest(path, headers)).status, 401, `${path} ${JSON.stringify(headers)}`);
      }
    }
    // What a proxy with a password of its own leaves there is none of ours.
    assert.equal(
      (await sendRequest('/v1/admin/health', { cookie, authorization: 'Basic cG9ydGFsOng=' })).status,
      200,
    );
  });
});

test('one answer for whatever is no token, and every spelling of one that is', async () => {
  const bodyOf = async (headers: Readonly<Record<string, string | readonly string[]>>) => {
    const { status, body, headers: answered } = await sendRequest('/v1/admin/health', headers);
    const { date: _date, 'x-correlation-id': _id, ...others } = answered;
    return { status, body: body.replace(/[0-9a-f-]{36}/, ''), others };
  };
  const nobody = await bodyOf({});
  assert.equal(nobody.status, 401);
  const bad = [
    '',
    'Bearer',
    'Bearer ',
    'Basic cG9ydGFsOng=',
    token,
    `Bearer: ${token}`,
    `Bearer\t${token}`,
    `Token ${token}`,
    `Bearer "${token}"`,
    `Bearer ${token} ${token}`,
    `Bearer ${token},`,
    `Bearer ${token.toUpperCase()}`,
    `Bearer ${token}x`,
    `Bearer ${forged()}`,
    `Bearer portal_`,
    `Bearer ${'portal_'.repeat(2_000)}`,
    `Bearer ${' '.repeat(10_000)}x`,
  ];
  for (const authorization of bad)
    assert.deepEqual(await bodyOf({ authorization }), nobody, authorization.slice(0, 60));
  for (const two of [
    [`Bearer ${token}`, `Bearer ${token}`],
    [`Bearer ${token}`, 'Basic x'],
  ]) {
    assert.deepEqual(await bodyOf({ authorization: two }), nobody, two.join());
  }
  for (const authorization of [
    `bearer ${token}`,
    `BEARER ${token}`,
    `bEaReR    ${token}`,
    `Bearer ${token}  `,
  ]) {
    assert.equal((await sendRequest('/v1/admin/health', { authorization })).status, 200, authorization);
  }
});

describe('how it ends', () => {
  async function isLetIn(value: string): Promise<boolean> {
    const { status } = await sendRequest('/v1/admin/health', bearer(value));
    assert.ok([200, 401].includes(status), String(status));
    return status === 200;
  }

  test('revoked by name or number, or with psql, it is dead at the next request', async () => {
    const [byName, byNumber, byHand] = [
      await create('--name one'),
      await create('--name two'),
      await create('--name three'),
    ];
    for (const value of [byName, byNumber, byHand]) assert.equal(await isLetIn(value), true);
    await portal('revoke ONE');
    assert.equal(await isLetIn(byName), false);
    const id = /^(\d+) +two /m.exec((await portal('list')).stdout)?.[1];
    assert.equal((await portal(`revoke ${id}`)).exitCode, 0);
    assert.equal(await isLetIn(byNumber), false);
    await sql(databaseUrl, "DELETE FROM machine_tokens WHERE name = 'three'");
    assert.equal(await isLetIn(byHand), false);
    assert.equal((await portal('revoke one')).exitCode, 1);
  });

  test('when its time is up, and its name is free then', async () => {
    const value = await create('--name nightly --expires 12h');
    assert.equal((await portal('create --name Nightly')).exitCode, 1);
    await sql(databaseUrl, "UPDATE machine_tokens SET expires_at = now() WHERE name = 'nightly'");
    assert.equal(await isLetIn(value), false);
    assert.equal(await isLetIn(await create('--name nightly')), true);
  });

  test('with its user: demoted, disabled, or gone', async () => {
    await service.app.users.add('operator', 'owner-of-one', ADMIN);
    const value = await create('--name of-somebody --user owner-of-one');
    assert.equal(await isLetIn(value), true);
    await service.app.users.setPermission('operator', 'owner-of-one', 1);
    assert.equal(await isLetIn(value), false);
    const { exitCode, stderr } = await portal('create --name other --user owner-of-one');
    assert.deepEqual(
      [exitCode, stderr],
      [2, 'Expected `--user` to be an administrator, got owner-of-one.\n'],
    );
    await service.app.users.setPermission('operator', 'owner-of-one', ADMIN);
    assert.equal(await isLetIn(value), true);
    await portalUser('disable owner-of-one');
    assert.equal(await isLetIn(value), false);
    await portalUser('enable owner-of-one');
    assert.equal(await isLetIn(value), false, 'what has ended stays so');
    const another = await create('--name of-somebody --user owner-of-one');
    assert.equal(await isLetIn(another), true);
    await portalUser('remove owner-of-one');
    assert.equal(await isLetIn(another), false);
  });
});

test('90 days unless told otherwise; never has to be said; nothing of it is kept but a digest and six characters', async () => {
  const rows = await sql(
    databaseUrl,
    "SELECT round(extract(epoch FROM expires_at - created_at) / 86400)::integer AS days, token_suffix, token_hash FROM machine_tokens WHERE name = 'prometheus'",
  );
  assert.deepEqual([rows[0]?.['days'], rows[0]?.['token_suffix']], [90, token.slice(-6)]);
  await create('--name for-ever --expires never');
  const { stdout } = await portal('list');
  assert.match(stdout, /for-ever +- +…[\w-]{6} +\S+ +never$/m);
  assert.ok(!stdout.includes(token.slice(0, -6)));
  const dump = JSON.stringify(await sql(databaseUrl, 'SELECT * FROM machine_tokens'));
  assert.ok(!dump.includes(token.slice(7, -6)));
  for (const bad of ['0d', '90', '-1d', '5y', '4000d', '1.5d', '']) {
    assert.equal((await portal(`create --name bad --expires ${bad}`)).exitCode, 2, bad);
  }
  for (const bad of ['a/b', 'ä', '12', 'x'.repeat(41)]) {
    assert.equal((await portal(`create --name ${bad}`)).exitCode, 2, bad);
  }
});

test('it is in the audit: made, first used, revoked; and refused where it may not read', async () => {
  const value = await create('--name audited');
  for (let time = 0; time < 3; time += 1) await sendRequest('/v1/admin/history', bearer(value));
  await sendRequest('/v1/admin/audit', bearer(value));
  await portal('revoke audited');
  const entries = async () =>
    sql(
      databaseUrl,
      "SELECT action, token_suffix, details->>'name' AS name FROM audit WHERE details->>'name' = 'audited' ORDER BY id",
    );
  await waitFor('the first use', async () => (await entries()).some(({ action }) => action === 'token_used'));
  const told = await entries();
  assert.deepEqual(told.map(({ action }) => action).toSorted(), [
    'token_created',
    'token_revoked',
    'token_used',
  ]);
  assert.ok(told.every((entry) => entry['token_suffix'] === value.slice(-6)));
  await waitFor('the refusal', async () => {
    const rows = await sql(databaseUrl, "SELECT 1 FROM audit WHERE action = 'refused' AND actor = 'audited'");
    return rows.length === 1;
  });
});
