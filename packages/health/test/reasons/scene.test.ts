/**
 * A leak, an open transaction, a slow statement and a queue for a lock at once, as an administrator reads of them; and what a
 * plain role is not told.
 */
import { deepEqual, equal, match } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import type { Health } from '../../src/health.js';
import type { Reason } from '../../src/reasons/reasons.js';
import { withHealth } from '../with-health.js';
import { createSessions, type Sessions } from './postgres/sessions.js';

let server: PostgresServer;
let sessions: Sessions;

before(async () => {
  server = await startPostgres();
  sessions = await createSessions(server, await server.createDatabase());
});

after(async () => {
  await sessions.close();
  await server.close();
});

/** Shorter than by default, so that nobody waits for a quarter of a minute. */
const QUICK = { everyMs: 200, whileTroubledMs: 200, holderAfterMs: 1_000 };
/** After two answers that took too long nothing is asked for a minute. */
const PATIENT = { timeoutMs: 180_000 };

interface Scene {
  readonly health: Health;
  /** The reasons of now, by code. */
  readonly now: () => ReadonlyMap<string, Reason>;
  /** Ends whatever stands at the head and whatever is held. */
  readonly end: () => Promise<void>;
}

/** `worker` has read and does nothing, `migr` wants to alter, and three of our own read behind it, out of a pool of six. */
async function withScene(role: string, work: (scene: Scene) => Promise<void>): Promise<void> {
  const pool = new pg.Pool({ connectionString: sessions.urlOf(role), application_name: 'shop', max: 6 });
  const database = {
    pool,
    slowMs: 60_000,
    deadlineMs: 60_000,
    intervalMs: 200,
    idleIntervalMs: 200,
    explain: QUICK,
  };
  await withHealth({ database }, async (health) => {
    const endQueue = await sessions.lockQueue(0);
    const leaked = await pool.connect();
    const open = await pool.connect();
    await open.query('BEGIN');
    const sleeping = await pool.connect();
    const slow = sleeping.query('SELECT pg_sleep(600)').catch(() => undefined);
    const readers = Array.from({ length: 3 }, () => pool.query('SELECT * FROM t'));
    let isEnded = false;
    async function end(): Promise<void> {
      if (isEnded) return;
      isEnded = true;
      await endQueue();
      await Promise.all(readers);
      leaked.release();
      await open.query('COMMIT');
      open.release();
      await server.query(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'",
      );
      await slow;
      sleeping.release();
    }
    try {
      await work({
        health,
        now: () => new Map(health.reasons('admin').map((reason) => [reason.code, reason])),
        end,
      });
    } finally {
      await end();
    }
  });
  await pool.end();
}

const ALL = ['LOCK_QUEUE', 'CONNECTION_LEAK', 'TRANSACTION_LEFT_OPEN', 'STATEMENTS_SLOW'];

function figure(reason: Reason | undefined, name: string): unknown {
  return reason?.figures[name];
}

void test('all four are named, each with what is its own, and the head of the queue', async () => {
  await withScene('watcher', async ({ health, now, end }) => {
    await waitFor(
      'all four to be told apart',
      () =>
        ALL.every((code) => now().has(code)) &&
        figure(now().get('STATEMENTS_SLOW'), 'waiting_for_lock') === 3,
      PATIENT,
    );
    const reasons = now();
    deepEqual([...reasons.keys()], ALL, 'and no other');
    match(
      reasons.get('LOCK_QUEUE')?.sentence ?? '',
      /^4 sessions wait for a lock, the longest for \d+ m?s; at the head is a session of application "report-worker" that has done nothing in an open transaction for \d+ m?s$/,
    );
    equal(figure(reasons.get('CONNECTION_LEAK'), 'connections'), 1);
    equal(figure(reasons.get('TRANSACTION_LEFT_OPEN'), 'connections'), 1);
    equal(figure(reasons.get('STATEMENTS_SLOW'), 'connections'), 1);
    match(
      reasons.get('STATEMENTS_SLOW')?.sentence ?? '',
      /^1 connection runs a statement .*; 3 others wait for a lock$/,
    );
    deepEqual(health.reasons('public'), []);
    await end();
    await waitFor('the end of all', () => now().size === 0, PATIENT);
  });
});

void test('a plain role is told who stands at the head, and that what it does is hidden', async () => {
  await withScene('stranger', async ({ now }) => {
    await waitFor('the queue', () => ALL.every((code) => now().has(code)), PATIENT);
    deepEqual([...now().keys()], ALL, 'and nothing is guessed');
    match(
      now().get('LOCK_QUEUE')?.sentence ?? '',
      /at the head is a session of application "report-worker"; what it does is hidden from this role \(grant pg_monitor\)$/,
    );
    const told = [...now().values()].map(({ sentence }) => sentence).join('\n');
    equal(/report-worker" that|role "worker" that/.test(told), false, 'what it does is nowhere');
    equal(figure(now().get('LOCK_QUEUE'), 'head_state'), null);
    equal(figure(now().get('LOCK_QUEUE'), 'head_ms'), null);
  });
});
