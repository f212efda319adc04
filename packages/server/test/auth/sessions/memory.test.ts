import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSessionMemory } from '../../../src/auth/sessions/memory.js';

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
  const memory = createSessionMemory(1_000, { now });
  memory.remember('a', { ...session, remainingMs: DAY_MS });
  pass(900);
  memory.remember('a', { ...session, remainingMs: DAY_MS });
  pass(999);
  assert.deepEqual(memory.recall('a'), session);
  pass(1);
  assert.equal(memory.recall('a'), undefined);
});

test('does not remember a session beyond its own end', () => {
  const { now, pass } = createClock();
  const memory = createSessionMemory(1_000, { now });
  memory.remember('a', { ...session, remainingMs: 10 });
  pass(10);
  assert.equal(memory.recall('a'), undefined);
});

test('forgets what it is told to forget', () => {
  const memory = createSessionMemory(1_000);
  memory.remember('a', { ...session, remainingMs: DAY_MS });
  memory.forget('a');
  assert.equal(memory.recall('a'), undefined);
});

test('forgets all at once, and tells whom', () => {
  const memory = createSessionMemory(1_000);
  for (const hash of ['a', 'b']) memory.remember(hash, { ...session, remainingMs: DAY_MS });
  assert.deepEqual(memory.forgetAll(), ['a', 'b']);
  assert.deepEqual([memory.recall('a'), memory.recall('b')], [undefined, undefined]);
});

test('remembers nothing when told so', () => {
  const memory = createSessionMemory(0);
  memory.remember('a', { ...session, remainingMs: DAY_MS });
  assert.equal(memory.recall('a'), undefined);
});

test('is bounded: who was confirmed longest ago goes first', () => {
  const memory = createSessionMemory(1_000, { most: 2 });
  for (const hash of ['a', 'b', 'a', 'c']) memory.remember(hash, { ...session, remainingMs: DAY_MS });
  assert.deepEqual(
    ['a', 'b', 'c'].map((hash) => memory.recall(hash) !== undefined),
    [true, false, true],
  );
});
