/**
 * The connection for look-ups, over a real PostgreSQL: how it is asked, and how it comes back. Where it must not be time
 * that brings it back, the clock of the timers stands still.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres, startProxy, waitFor, type PostgresServer, type Proxy } from 'portal-test-kit';
import { createDedicatedConnection, type DedicatedConnection } from '../../src/infra/postgres-dedicated.js';
import { createStatements } from '../statements.js';

const PATIENT_MS = 60_000;

let postgres: PostgresServer;
let proxy: Proxy;
let direct: string;
let url: string;
const statements = createStatements();

before(async () => {
  postgres = await startPostgres();
  proxy = await startProxy({ port: postgres.port, onRequest: statements.heard });
  direct = await postgres.createDatabase();
  const moved = new URL(direct);
  moved.port = String(proxy.port);
  url = moved.href;
});

after(async () => {
  await proxy?.close();
  await postgres?.close();
});

let line: DedicatedConnection;
let errors: unknown[];

beforeEach(() => {
  errors = [];
  line = createDedicatedConnection({ url, connectTimeoutMs: 5_000, onError: (error) => errors.push(error) });
});

afterEach(async () => {
  mock.timers.reset();
  line.close();
  await proxy.heal();
});

/** Resolves when a connection has been made, by an event and not by the clock. */
function opened(): Promise<void> {
  return new Promise((resolve) => line.onOpen(resolve));
}

function failed(): Promise<void> {
  return new Promise((resolve) => {
    line = createDedicatedConnection({ url, connectTimeoutMs: 5_000, onError: () => resolve() });
    line.open();
  });
}

describe('questions', () => {
  test('are all said before the first is answered, on one connection, and answered in their order', async () => {
    const locker = new pg.Client({ connectionString: direct });
    await locker.connect();
    await locker.query('CREATE TABLE locked ()');
    await locker.query('BEGIN; LOCK TABLE locked IN ACCESS EXCLUSIVE MODE');
    const answered: number[] = [];
    try {
      line.open();
      await waitFor('the connection', () => line.isOpen());
      const { accepted } = proxy;
      statements.forget();
      const all = [1, 2, 3, 4].map(async (number) => {
        const rows = await line.rows<{ number: number }>(
          'SELECT $1::int AS number FROM (SELECT count(*) FROM locked) AS all_of_it',
          [number],
          PATIENT_MS,
        );
        answered.push(...rows.map((row) => row.number));
      });
      await waitFor('the questions', () => statements.all().length === 4);
      assert.deepEqual(answered, []);
      await locker.query('ROLLBACK');
      await Promise.all(all);
      assert.deepEqual(answered, [1, 2, 3, 4]);
      assert.equal(proxy.accepted, accepted, 'no further login');
    } finally {
      await locker.end();
    }
  });

  test('that the database refuses spoil none of those around them', async () => {
    line.open();
    await waitFor('the connection', () => line.isOpen());
    const settled = await Promise.allSettled(
      ['1', 'no number', '3'].map((value) => line.rows('SELECT $1::text::int AS n', [value], PATIENT_MS)),
    );
    assert.deepEqual(
      settled.map((result) => (result.status === 'fulfilled' ? result.value : 'refused')),
      [[{ n: 1 }], 'refused', [{ n: 3 }]],
    );
    assert.equal(line.isOpen(), true);
  });

  test('that nobody answers in time give the connection up, with all that wait on it, and another is made', async () => {
    line.open();
    await waitFor('the connection', () => line.isOpen());
    await proxy.fault('blackhole');
    const patient = assert.rejects(line.rows('SELECT 1', [], PATIENT_MS));
    await assert.rejects(line.rows('SELECT 2', [], 50));
    await patient;
    assert.equal(line.isOpen(), false);
    assert.notEqual(line.lostAtMs(), undefined);
    const again = opened();
    await proxy.heal();
    await again;
    assert.deepEqual(await line.rows('SELECT 3 AS n', [], PATIENT_MS), [{ n: 3 }]);
    assert.equal(line.lostAtMs(), undefined);
  });
});

describe('whoever knows that the database is there hurries an attempt that was put off', () => {
  test('and it is made at once, not when its time has come', async () => {
    await proxy.fault('refuse');
    mock.timers.enable({ apis: ['setTimeout'] });
    await failed();
    await proxy.heal();
    line.reconnectNow();
    const untilMs = performance.now() + 10_000;
    while (!line.isOpen() && performance.now() < untilMs) await turn();
    assert.equal(line.isOpen(), true);
  });

  test('and nothing is done where none was put off: before the first, while one is under way, and while one is open', async () => {
    const { accepted } = proxy;
    line.reconnectNow();
    const open = opened();
    line.open();
    line.reconnectNow();
    line.reconnectNow();
    await open;
    line.reconnectNow();
    assert.deepEqual(await line.rows('SELECT 1 AS n', [], PATIENT_MS), [{ n: 1 }]);
    assert.equal(proxy.accepted, accepted + 1);
    assert.deepEqual(errors, []);
  });

  test('and not after the end', async () => {
    await proxy.fault('refuse');
    await failed();
    line.close();
    await proxy.heal();
    const { accepted } = proxy;
    line.reconnectNow();
    await assert.rejects(line.rows('SELECT 1', [], PATIENT_MS));
    assert.equal(proxy.accepted, accepted);
  });
});
