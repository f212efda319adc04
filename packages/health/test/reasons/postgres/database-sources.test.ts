/** Reasons of a server of Postgres, from the option to the sentence. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import postgresJs from 'postgres';
import type { Reason } from '../../../src/reasons/reasons.js';
import { withHealth } from '../../with-health.js';
import { createSessions, type Sessions } from './sessions.js';

let server: PostgresServer;
let database: string;
let sessions: Sessions;

before(async () => {
  server = await startPostgres({ settings: { max_connections: 40 } });
  database = await server.createDatabase();
  sessions = await createSessions(server, database);
});

after(async () => {
  await sessions.close();
  await server.close();
});

const FAST = { everyMs: 100, whileTroubledMs: 50 };
const PATIENT = { intervalMs: 50, deadlineMs: 5_000, slowMs: 60_000 };

test('a queue for a lock is said once it was seen twice, to nobody but administrators, and gone with its end', async () => {
  const pool = new pg.Pool({ connectionString: database });
  const explain = { ...FAST, connection: { connectionString: sessions.urlOf('watcher') } };
  await withHealth({ database: { pool, ...PATIENT, explain } }, async (health) => {
    const end = await sessions.lockQueue(5);
    const sentences = (): readonly string[] => health.reasons('admin').map(({ sentence }) => sentence);
    await waitFor('the reason', () => sentences().some((sentence) => sentence.includes('report-worker')));
    assert.match(
      sentences().join(),
      /^6 sessions wait for a lock, the longest for .*; at the head is a session of application "report-worker" that has done nothing in an open transaction for /,
    );
    assert.deepEqual(health.reasons('public'), []);
    await end();
    await waitFor('its end', () => sentences().length === 0);
  });
  await pool.end();
});

test('nobody gets a connection: a kept one names who has them, and without one the last reading stays with its age', async () => {
  const pool = new pg.Pool({ connectionString: database });
  const other = postgresJs(await server.createDatabase(), { max: 1 });
  const kept = { pool, ...PATIENT, explain: { ...FAST, connection: 'kept' } } as const;
  const fresh = { pool: other, postgres: postgresJs, ...PATIENT, explain: FAST };
  await withHealth({ database: kept, databases: { fresh } }, async (health) => {
    const greedy: pg.Client[] = [];
    const figures = (component?: string): Reason | undefined =>
      health
        .reasons('admin')
        .find(({ code, figures: { component: of } }) => code === 'CONNECTIONS_EXHAUSTED' && of === component);
    while (greedy.length < 32) greedy.push(await sessions.as('worker', 'greedy'));
    await waitFor('both to see that most are in use', () =>
      [undefined, 'fresh'].every((one) => figures(one)),
    );
    const rest = await server.fillConnections();
    await waitFor(
      '53300',
      () => health.snapshot().components[0]?.problems.includes('DATABASE_TOO_MANY_CONNECTIONS') === true,
    );
    await waitFor('the reason', () => figures()?.explains === 'DATABASE_TOO_MANY_CONNECTIONS');
    const { used, largest, application } = figures()?.figures ?? {};
    assert.deepEqual([Number(used) >= 32, Number(largest) >= 32, application], [true, true, 'greedy']);
    await waitFor('its age', () => (figures('fresh')?.ageMs ?? 0) > 500 && (figures()?.ageMs ?? 500) < 500);
    await Promise.all([rest(), ...greedy.map((client) => client.end())]);
    await waitFor('the end of both', () => figures() === undefined && figures('fresh') === undefined);
  });
  await Promise.all([pool.end(), other.end()]);
});

test('a write that does not end is a reason too, and says what to do next', async () => {
  const pool = new pg.Pool({ connectionString: database });
  const writes = { intervalMs: 50, deadlineMs: 200 };
  await withHealth({ database: { pool, ...PATIENT, writes, explain: FAST } }, async (health) => {
    const codes = (): string =>
      health
        .reasons('admin')
        .map(({ code, explains }) => `${code} of ${explains}`)
        .join();
    await waitFor('the table', async () => {
      const { rows } = await pool.query(`SELECT to_regclass('portal_health_writes') IS NOT NULL AS made`);
      return JSON.stringify(rows) === '[{"made":true}]';
    });
    assert.equal(codes(), '');
    const holder = await sessions.as('app', 'holder');
    await holder.query('BEGIN; LOCK TABLE portal_health_writes IN ACCESS EXCLUSIVE MODE');
    await waitFor('the reason', () => codes().includes('DATABASE_WRITES_FAIL of DATABASE_WRITES_FAIL'));
    await holder.end();
    await waitFor('its end', () => codes() === '');
  });
  await pool.end();
});
