/**
 * What strangers can make the audit keep: in memory and in the record.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPostgres, type PostgresServer } from 'portal-test-kit';
import { createAudit, type Audit } from '../../../src/auth/audit/audit.js';
import { createAuditStore } from '../../../src/auth/audit/audit-store.js';
import { createLog } from '../../../src/infra/log.js';
import { migrate } from '../../../src/infra/migrate.js';
import { createDatabase, type Database } from '../../../src/infra/postgres.js';
import { sql } from '../../sql.js';

const HOUR_MS = 3_600_000;

let postgres: PostgresServer;
let databaseUrl: string;
let database: Database;
const logged: string[] = [];
let nowMs = 0;
let down = false;

before(async () => {
  postgres = await startPostgres();
  databaseUrl = await postgres.createDatabase();
  database = createDatabase({
    url: databaseUrl,
    poolSize: 2,
    connectTimeoutMs: 10_000,
    onError: () => undefined,
  });
  await migrate(database);
});

after(async () => {
  await database?.close();
  await postgres?.close();
});

function open(): Audit {
  return createAudit({
    store: createAuditStore(database),
    changedSettings: () => Promise.resolve([]),
    isDown: () => down,
    log: createLog({ level: 'info', destination: { write: (line) => logged.push(line) } }),
    now: () => nowMs,
  });
}

async function count(where: string): Promise<number> {
  const [row] = await sql(databaseUrl, `SELECT count(*)::int AS count FROM audit WHERE ${where}`);
  return Number(row?.['count']);
}

test('strangers with many addresses share a row; the next hour is a new one', async () => {
  const audit = open();
  for (let host = 0; host < 500; host += 1) audit.rejected({ reason: 'code', address: `192.0.2.${host}` });
  await audit.flush();
  assert.equal(await count(`action = 'refused'`), 201);
  const [others] = await sql(databaseUrl, 'SELECT details FROM audit WHERE address IS NULL');
  assert.deepEqual(others?.['details'], { reason: 'code', count: 300 });
  nowMs += HOUR_MS;
  audit.rejected({ reason: 'code', address: '192.0.2.499' });
  await audit.flush();
  assert.equal(await count(`address = '192.0.2.499'`), 1);
});

test('while the database is down, so much waits and no more; how much was lost is said', async () => {
  const audit = open();
  down = true;
  const session = {
    userId: 1,
    userName: 'ada',
    permission: 2,
    tokenSuffix: 'abcdef',
    expiresAtMs: 0,
  } as const;
  for (let sessionId = 1; sessionId <= 1_500; sessionId += 1)
    audit.read({ ...session, sessionId }, '192.0.2.1');
  await audit.flush();
  assert.equal(await count(`action = 'first_read'`), 0);
  down = false;
  nowMs += 60_000;
  await audit.flush();
  assert.equal(await count(`action = 'first_read'`), 1_000);
  assert.equal(await count(`action = 'first_read' AND at < now() - interval '50 seconds'`), 1_000);
  assert.ok(
    logged.some((line) => line.includes('entries of the audit were lost') && line.includes('"lost":500')),
  );
});

test('refusals go after a month, everything else stays', async () => {
  await sql(databaseUrl, `UPDATE audit SET at = now() - interval '31 days'`);
  const reads = await count(`action = 'first_read'`);
  await open().flush();
  assert.equal(await count(`action = 'refused'`), 0);
  assert.equal(await count(`action = 'first_read'`), reads);
});
