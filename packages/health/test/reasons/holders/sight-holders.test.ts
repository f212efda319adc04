import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { observe, type Observed } from '../../../src/reasons/holders/activity.js';
import { createHolders } from '../../../src/reasons/holders/holders.js';
import type { HeldSession } from '../../../src/reasons/holders/server-sessions.js';
import { sightHolders } from '../../../src/reasons/holders/sight-holders.js';
import { explain } from '../../../src/reasons/catalogue.js';
import type { Sighting } from '../../../src/reasons/sighting.js';

/** A client of `pg` as its members are, which tell what it does. */
interface FakeClient {
  _activeQuery?: object | null;
  activeQuery?: object | null;
  getTransactionStatus?: () => string | null;
  processID?: number;
  connection?: { readonly stream: { bytesRead: number; bytesWritten: number } };
}

const AFTER_MS = 10_000;

/** What is seen of a client that does the same from its checkout on, at `atMs`. */
function sighted(client: object, atMs: number, said?: HeldSession): readonly Sighting[] {
  const holder = { connection: client, sinceMs: 0, note: undefined };
  let observed: Observed | undefined;
  for (let nowMs = 500; nowMs <= atMs; nowMs += 500) observed = observe(holder, observed, nowMs, 1_000);
  return sightHolders({
    component: 'database',
    observed: observed ? [observed] : [],
    serverSession: () => said,
    holderAfterMs: AFTER_MS,
    size: 6,
    waiting: null,
    nowMs: atMs,
  });
}

function codesOf(sightings: readonly Sighting[]): readonly string[] {
  return sightings.map(({ code }) => code);
}

function session(state: string | null, waitsFor: string | null): HeldSession {
  return { pid: 1, state, waitsFor, connectedMs: 60_000 };
}

const idle = (transaction: string): FakeClient => ({
  _activeQuery: null,
  getTransactionStatus: () => transaction,
});

void test('each is called by what its client says, from its own threshold on', () => {
  deepEqual(sighted(idle('I'), 9_500), []);
  deepEqual(codesOf(sighted(idle('I'), 10_000)), ['CONNECTION_LEAK']);
  deepEqual(codesOf(sighted(idle('T'), 10_000)), ['TRANSACTION_LEFT_OPEN']);
  const [failed] = sighted(idle('E'), 10_000);
  equal(failed?.figures['failed'], 1);
  const running: FakeClient = { _activeQuery: {}, getTransactionStatus: () => 'T' };
  deepEqual(sighted(running, 5_000), []);
  deepEqual(codesOf(sighted(running, 5_500)), ['STATEMENTS_SLOW']);
});

void test('who waits for a lock is not called slow', () => {
  const running: FakeClient = { _activeQuery: {}, getTransactionStatus: () => 'I' };
  deepEqual(sighted(running, 10_000, session('active', 'Lock')), []);
  const [slow] = sighted(running, 10_000, session('active', null));
  equal(slow?.figures['waiting_for_lock'], 0);
});

void test('older clients have their statement under another name', () => {
  deepEqual(codesOf(sighted({ activeQuery: {}, getTransactionStatus: () => 'I' }, 10_000)), [
    'STATEMENTS_SLOW',
  ]);
  deepEqual(codesOf(sighted({ activeQuery: null, getTransactionStatus: () => 'I' }, 10_000)), [
    'CONNECTION_LEAK',
  ]);
});

void test('what a client does not tell is null, and said to be so; the server may know it', () => {
  const old: FakeClient = { _activeQuery: null };
  const [untold] = sighted(old, 10_000);
  equal(untold?.code, 'CONNECTION_LEAK');
  equal(untold.figures['transaction'], null);
  ok(explain(untold).sentence.endsWith('whether in a transaction is not told by the driver'));
  deepEqual(codesOf(sighted(old, 10_000, session('idle in transaction', 'Client'))), [
    'TRANSACTION_LEFT_OPEN',
  ]);
  equal(sighted(old, 10_000, session('idle', 'Client'))[0]?.figures['transaction'], 'none');
});

void test('of another driver that tells nothing, only what is held for six times as long', () => {
  deepEqual(sighted({}, 59_500), []);
  const [held] = sighted({}, 60_000);
  equal(held?.code, 'CONNECTION_LEAK');
  equal(held.figures['statement'], null);
  ok(explain(held).sentence.includes('of which the driver does not tell what they do'));
  deepEqual(sighted({}, 60_000, session('active', null)), []);
  deepEqual(codesOf(sighted({}, 60_000, session('idle', 'Client'))), ['CONNECTION_LEAK']);
});

void test('a client whose getters throw tells nothing, and harms nobody', () => {
  const hostile = {
    get _activeQuery(): never {
      throw new Error('no');
    },
    getTransactionStatus(): never {
      throw new Error('no');
    },
  };
  deepEqual(codesOf(sighted(hostile, 60_000)), ['CONNECTION_LEAK']);
});

void test('one that asks between two looks is not idle, though no look ever sees it ask', () => {
  const stream = { bytesRead: 0, bytesWritten: 0 };
  const client: FakeClient = { ...idle('I'), connection: { stream } };
  const holder = { connection: client, sinceMs: 0, note: undefined };
  let observed: Observed | undefined;
  for (let nowMs = 1_000; nowMs <= 60_000; nowMs += 1_000) {
    stream.bytesWritten += 20;
    observed = observe(holder, observed, nowMs, 1_000);
  }
  equal(observed?.idleSinceMs, 60_000);
});

void test('a thousand holders are looked at, reported in one sighting, and forgotten with their pool', async () => {
  let nowMs = 0;
  const listeners = new Map<string, (...args: readonly unknown[]) => void>();
  let current: object | undefined = {
    options: { max: 1_000 },
    waitingCount: 7,
    on: (event: string, listener: () => void) => void listeners.set(event, listener),
    off: (event: string) => void listeners.delete(event),
  };
  const holders = createHolders({
    component: 'database',
    settings: { holderAfterMs: AFTER_MS, sites: false },
    pool: () => current,
    now: () => nowMs,
  });
  const clients = Array.from({ length: 1_000 }, (_, index) => ({ ...idle('I'), processID: index + 1 }));
  for (const client of clients) listeners.get('acquire')?.(client);
  for (nowMs = 1_000; nowMs < 15_000; nowMs += 1_000) holders.latest();
  const [leak, ...others] = holders.latest()?.sightings ?? [];
  equal(leak?.figures['connections'], 1_000);
  equal(leak.figures['waiting'], 7);
  deepEqual(others, []);
  equal(holders.pids().length, 20);
  // One that listens for notifications is meant to be held.
  Object.assign(clients[0] ?? {}, { listenerCount: (event: string) => (event === 'notification' ? 1 : 0) });
  nowMs += 1_000;
  equal(holders.latest()?.sightings[0]?.figures['connections'], 999);
  current = undefined;
  nowMs += 1_000;
  deepEqual(holders.latest()?.sightings, []);
  equal(listeners.size, 0);
  await holders.close?.();
});
