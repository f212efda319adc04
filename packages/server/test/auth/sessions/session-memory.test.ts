import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSessionFallback } from '../../../src/auth/sessions/session-fallback.js';
import { createSessionMemory, type SessionMemory } from '../../../src/auth/sessions/session-memory.js';

const admin = { id: 1, userId: 2, userName: 'ada', permission: 2, expiresAtMs: 1_772_323_200_000 } as const;
const user = { ...admin, id: 3, userName: 'bob', permission: 0 } as const;
const remainingMs = 86_400_000;

/** Both sessions as the database has just confirmed them. */
function confirmedMemory(): SessionMemory {
  const memory = createSessionMemory(createSessionFallback(60_000));
  memory.learn('ada', { session: { ...admin, remainingMs }, asOf: memory.changes() });
  memory.learn('bob', { session: { ...user, remainingMs }, asOf: memory.changes() });
  return memory;
}

test('only administrators are let in from memory; everybody who was seen is known', () => {
  const memory = confirmedMemory();
  assert.deepEqual([memory.confirmed('ada'), memory.confirmed('bob')], [admin, undefined]);
  assert.deepEqual([memory.lastSeen('ada')?.id, memory.lastSeen('bob')?.id], [1, 3]);
});

test('a change puts every administrator in doubt until an answer from after it', () => {
  const memory = confirmedMemory();
  const before = memory.changes();
  memory.changed();
  assert.deepEqual([memory.confirmed('ada'), memory.doubted()], [undefined, ['ada']]);
  memory.learn('ada', { session: { ...admin, remainingMs }, asOf: before });
  assert.deepEqual([memory.confirmed('ada'), memory.isDoubted('ada')], [undefined, true]);
  memory.learn('ada', { session: { ...admin, remainingMs }, asOf: memory.changes() });
  assert.deepEqual([memory.confirmed('ada'), memory.isDoubted('ada')], [admin, false]);
});

test('doubts are settled only if nothing has changed while they were asked about', () => {
  const memory = confirmedMemory();
  memory.changed();
  const asOf = memory.changes();
  memory.changed();
  memory.settle(asOf);
  assert.deepEqual(memory.doubted(), ['ada']);
  memory.settle(memory.changes());
  assert.deepEqual(memory.doubted(), []);
});

test('a session that has ended, is no administrator’s any more or is forgotten lets nobody in', () => {
  const ends: readonly ((memory: SessionMemory) => void)[] = [
    (memory) => memory.ended(['ada']),
    (memory) => memory.forget(['ada']),
    (memory) => memory.learn('ada', { session: undefined, asOf: memory.changes() }),
    (memory) => memory.learn('ada', { session: { ...user, remainingMs }, asOf: memory.changes() }),
  ];
  for (const end of ends) {
    const memory = confirmedMemory();
    end(memory);
    assert.equal(memory.confirmed('ada'), undefined);
  }
});
