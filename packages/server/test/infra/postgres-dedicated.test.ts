/**
 * The connection for look-ups, over a real PostgreSQL: how statements run on it, how it reconnects, and what it leaves
 * behind at the server. Where it must not be time that brings it back, the clock of the timers stands still.
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

describe('a statement that is late leaves nothing behind at the server', () => {
  const LATE_MS = 200;

  /** Those of ours that still run something, by process id. */
  async function stuck(): Promise<number[]> {
    const rows = await postgres.query(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'portal-sessions' AND state = 'active'`,
    );
    return rows.map(({ pid }) => Number(pid));
  }

  async function isOpenAgain(): Promise<void> {
    await waitFor('the connection', () => line.isOpen());
  }

  test('while another client holds a lock, with several statements waiting for it on each connection', async () => {
    const locker = new pg.Client({ connectionString: direct });
    await locker.connect();
    await locker.query('CREATE TABLE held ()');
    await locker.query('BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE');
    try {
      line.open();
      for (let round = 0; round < 8; round += 1) {
        await isOpenAgain();
        const late = Array.from({ length: 4 }, () => line.rows('SELECT FROM held', [], LATE_MS));
        for (const { status } of await Promise.allSettled(late)) assert.equal(status, 'rejected');
        const { length } = await stuck();
        assert.ok(length <= 3, `${length} of our backends are stuck`);
      }
      await waitFor('the end of all of them', async () => (await stuck()).length === 0);
    } finally {
      await locker.end();
    }
  });

  test('and where the server does not cancel, three are left at most, until one of them ends', async () => {
    const frozen: number[] = [];
    try {
      line.open();
      for (let round = 0; round < 3; round += 1) {
        await isOpenAgain();
        const [backend] = await line.rows<{ pid: number }>('SELECT pg_backend_pid() AS pid', [], PATIENT_MS);
        assert.ok(backend);
        frozen.push(backend.pid);
        process.kill(backend.pid, 'SIGSTOP');
        await assert.rejects(line.rows('SELECT 1', [], LATE_MS));
      }
      await assert.rejects(line.rows('SELECT 1', [], PATIENT_MS), /no connection/);
      line.reconnectNow();
      await assert.rejects(line.rows('SELECT 1', [], PATIENT_MS), /no connection/);
      assert.equal(line.isOpen(), false);
      const ours = await postgres.query(
        `SELECT FROM pg_stat_activity WHERE application_name = 'portal-sessions'`,
      );
      assert.equal(ours.length, 3);
      const [first] = frozen.splice(0, 1);
      assert.ok(first !== undefined);
      process.kill(first, 'SIGCONT');
      await isOpenAgain();
      assert.deepEqual(await line.rows('SELECT 1 AS n', [], PATIENT_MS), [{ n: 1 }]);
    } finally {
      for (const pid of frozen) process.kill(pid, 'SIGCONT');
    }
  });
});
