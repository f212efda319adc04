import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSessionFallback } from '../../../src/auth/sessions/session-fallback.js';

const session = { id: 1, userId: 2, userName: 'ada', permission: 2, expiresAtMs: 1_772_323_200_000 } as const;
const DAY_MS = 86_400_000;

function createClock() {
  let nowMs = 0;
  return {
    now: () => nowMs,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test('remembers for as long as it was told, from the last time', () => {
  const { now, pass } = createClock();
  const memory = createSessionFallback(1_000, { now });
  memory.set('a', { ...session, remainingMs: DAY_MS });
  pass(900);
  memory.set('a', { ...session, remainingMs: DAY_MS });
  pass(999);
  assert.deepEqual(memory.get('a'), session);
  pass(1);
  assert.equal(memory.get('a'), undefined);
});

test('does not remember a session beyond its own end', () => {
  const { now, pass } = createClock();
  const memory = createSessionFallback(1_000, { now });
  memory.set('a', { ...session, remainingMs: 10 });
  pass(10);
  assert.equal(memory.get('a'), undefined);
});

test('forgets what it is told to forget', () => {
  const memory = createSessionFallback(1_000);
  memory.set('a', { ...session, remainingMs: DAY_MS });
  memory.delete('a');
  assert.equal(memory.get('a'), undefined);
});

test('forgets all at once, and tells whom', () => {
  const memory = createSessionFallback(1_000);
  for (const hash of ['a', 'b']) memory.set(hash, { ...session, remainingMs: DAY_MS });
  assert.deepEqual(memory.clear(), ['a', 'b']);
  assert.deepEqual([memory.get('a'), memory.get('b')], [undefined, undefined]);
});

test('remembers nothing when told so', () => {
  const memory = createSessionFallback(0);
  memory.set('a', { ...session, remainingMs: DAY_MS });
  assert.equal(memory.get('a'), undefined);
});

test('is bounded: who was confirmed longest ago goes first', () => {
  const memory = createSessionFallback(1_000, { most: 2 });
  for (const hash of ['a', 'b', 'a', 'c']) memory.set(hash, { ...session, remainingMs: DAY_MS });
  assert.deepEqual(
    ['a', 'b', 'c'].map((hash) => memory.get(hash) !== undefined),
    [true, false, true],
  );
});
