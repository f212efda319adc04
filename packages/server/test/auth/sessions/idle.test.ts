/**
 * A session that nobody uses ends, where that is asked for; one that is used goes on, and using it asks for nothing more.
 */
import assert from 'node:assert/strict';
import pg from 'pg';
import { after, before, test } from 'node:test';
import { startPostgres, type PostgresServer } from 'portal-test-kit';
import { createLastUsedWriter } from '../../../src/auth/sessions/last-used.js';
import { ADMIN } from '../../../src/auth/permission.js';
import { sendRequest } from '../../request.js';
import { startService, type TestService } from '../../service.js';
import { sql } from '../../sql.js';

const IDLE_MINUTES = 30;

let postgres: PostgresServer;
let databaseUrl: string;
let service: TestService;

before(async () => {
  postgres = await startPostgres();
  databaseUrl = await postgres.createDatabase();
  service = await startService({
    databaseUrl,
    environment: { PORTAL_SESSION_IDLE_MINUTES: String(IDLE_MINUTES) },
  });
});

after(async () => {
  await service?.close();
  await postgres?.close();
});

async function statusOf(cookie: string, of: TestService = service): Promise<number> {
  return (await sendRequest(of.url, '/v1/users/me', { cookie })).status;
}

function age(cookie: string, column: 'created_at' | 'last_used_at', minutes: number): Promise<unknown> {
  return sql(
    databaseUrl,
    `UPDATE sessions SET ${column} = now() - $2 * interval '1 minute' WHERE token_suffix = $1`,
    [cookie.slice(-6), minutes],
  );
}

test('a session ends that was never used, or not for so long; the same without a limit goes on', async (t) => {
  const [unused, used] = [await service.sessionCookie(0), await service.sessionCookie(ADMIN)];
  for (const cookie of [unused, used]) await age(cookie, 'created_at', IDLE_MINUTES + 2);
  await age(used, 'last_used_at', IDLE_MINUTES - 1);
  assert.deepEqual([await statusOf(unused), await statusOf(used)], [401, 200]);
  await age(used, 'last_used_at', IDLE_MINUTES + 2);
  assert.equal(await statusOf(used), 401);
  const patient = await startService({ databaseUrl });
  t.after(() => patient.close());
  assert.equal(await statusOf(unused, patient), 200);
});

test('what is used is written down together, not by the request, and nobody is told of a change', async (t) => {
  const other = await startService({
    databaseUrl,
    environment: { PORTAL_SESSION_IDLE_MINUTES: String(IDLE_MINUTES) },
  });
  const cookie = await other.sessionCookie(ADMIN);
  const lastUsed = () =>
    sql(databaseUrl, 'SELECT last_used_at IS NOT NULL AS used FROM sessions WHERE token_suffix = $1', [
      cookie.slice(-6),
    ]);
  for (let turn = 0; turn < 10; turn += 1) assert.equal(await statusOf(cookie, other), 200);
  assert.deepEqual(await lastUsed(), [{ used: false }]);

  const listener = new pg.Client({ connectionString: databaseUrl });
  await listener.connect();
  t.after(() => listener.end());
  let told = 0;
  listener.on('notification', () => (told += 1));
  await listener.query('LISTEN portal_sessions_changed');
  await other.close();
  assert.deepEqual(await lastUsed(), [{ used: true }]);
  await listener.query('SELECT 1');
  assert.equal(told, 0);
});

test('many uses are one write; one that fails is made up for by the next', async () => {
  const written: (readonly number[])[] = [];
  let fails = true;
  const use = createLastUsedWriter({
    everyMs: 3_600_000,
    write(ids) {
      written.push(ids);
      const failed = fails;
      fails = false;
      return failed ? Promise.reject(new Error('down')) : Promise.resolve();
    },
  });
  for (let turn = 0; turn < 1_000; turn += 1) use.note(turn % 3);
  await use.close();
  await use.close();
  assert.deepEqual(written, [
    [0, 1, 2],
    [0, 1, 2],
  ]);
});
