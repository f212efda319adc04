import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPostgres, type PostgresServer } from 'portal-test-kit';
import { createLog } from '../../src/infra/log.js';
import { migrate } from '../../src/infra/migrate.js';
import { createDatabase, type Database } from '../../src/infra/postgres.js';
import { createRetention } from '../../src/auth/expiry.js';

let postgres: PostgresServer;
let database: Database;

before(async () => {
  postgres = await startPostgres();
  const url = await postgres.createDatabase();
  database = createDatabase({ url, poolSize: 2, connectTimeoutMs: 5_000, onError: () => undefined });
  await migrate(database);
  await database.script("INSERT INTO users (name) VALUES ('ada')", 5_000);
});

after(async () => {
  await database?.close();
  await postgres?.close();
});

function retention(options: { auditDays?: number; isDown?: () => boolean } = {}) {
  const log = createLog({ level: 'silent' });
  return createRetention({ database, auditDays: 400, isDown: () => false, log, most: 7, ...options });
}

async function count(table: string): Promise<number> {
  const [row] = await database.rows<{ n: number }>(`SELECT count(*)::integer AS n FROM ${table}`);
  return row?.n ?? -1;
}

/** Sessions with hashes of their own. */
async function addSessions(many: number, expires: string, revoked: string): Promise<void> {
  await database.rows(
    `INSERT INTO sessions (user_id, token_hash, token_suffix, made_by, created_at, expires_at, revoked_at)
     SELECT 1, sha256(gen_random_uuid()::text::bytea), 'abcdef', 'command', now() - interval '90 days', ${expires}, ${revoked}
     FROM generate_series(1, ${many})`,
  );
}

async function addEntries(many: number, at: string): Promise<void> {
  await database.rows(
    `INSERT INTO audit (action, at) SELECT 'user_added', ${at} FROM generate_series(1, ${many})`,
  );
}

test('what ended long ago goes, piece by piece, and what did not stays', async () => {
  await addSessions(20, "now() - interval '31 days'", 'NULL');
  await addSessions(3, "now() + interval '1 day'", "now() - interval '31 days'");
  await addSessions(4, "now() - interval '29 days'", 'NULL');
  await addSessions(5, "now() + interval '1 day'", "now() - interval '29 days'");
  await addSessions(6, "now() + interval '1 day'", 'NULL');
  await addEntries(15, "now() - interval '401 days'");
  await addEntries(8, "now() - interval '399 days'");
  await database.rows(
    `INSERT INTO login_codes (code_hash, made_by, expires_at)
     SELECT sha256(n::text::bytea), 'command', now() + n * interval '1 minute' FROM generate_series(-2, 3) n`,
  );
  assert.equal(await retention().deleteExpired(), 20 + 3 + 15 + 3);
  assert.deepEqual([await count('sessions'), await count('audit'), await count('login_codes')], [15, 8, 3]);
  assert.equal(await retention().deleteExpired(), 0);
});

test('the audit can be kept for ever, and nothing is asked of a database that is down', async () => {
  await addEntries(2, "now() - interval '9000 days'");
  assert.equal(await retention({ auditDays: 0 }).deleteExpired(), 0);
  assert.equal(await retention({ isDown: () => true }).deleteExpired(), 0);
  assert.equal(await retention().deleteExpired(), 2);
});

test('a sweep that finds nothing tells nobody that sessions changed', async () => {
  const heard: unknown[] = [];
  const client = await database.pool.connect();
  try {
    client.on('notification', (message) => heard.push(message));
    await client.query('LISTEN portal_sessions_changed');
    assert.equal(await retention().deleteExpired(), 0);
    await client.query('SELECT 1');
    assert.deepEqual(heard, []);
    await addSessions(1, "now() - interval '31 days'", 'NULL');
    assert.equal(await retention().deleteExpired(), 1);
    await client.query('SELECT 1');
    assert.equal(heard.length, 1);
  } finally {
    client.release(true);
  }
});
