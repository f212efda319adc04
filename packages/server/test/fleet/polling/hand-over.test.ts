import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation, Poll } from '../../../src/fleet/observation.js';
import { createPollReceiver, createPollSender } from '../../../src/fleet/polling/hand-over.js';

const reading = { health: 'healthy', codes: [], startedAtMs: 1, sourceHash: null } as const;
const well: Observation = { kind: 'answered', reading, isTokenWithheld: false };
const OBSERVATIONS: readonly Observation[] = [
  well,
  { ...well, isTokenWithheld: true },
  { ...well, reading: { ...reading, health: 'degraded' } },
  { ...well, reading: { ...reading, codes: ['DATABASE_TIMEOUT'] } },
  { ...well, reading: { ...reading, codes: ['DATABASE_REFUSED'] } },
  { ...well, reading: { ...reading, startedAtMs: 2 } },
  { ...well, reading: { ...reading, sourceHash: 'ab'.repeat(32) } },
  { kind: 'failed', code: 'INSTANCE_TIMEOUT' },
  { kind: 'failed', code: 'INSTANCE_REFUSED' },
  { kind: 'void' },
];

function pollOf(key: string, observation: Observation, atMs = 0): Poll {
  // Never the object that was there before.
  return { key, atMs, durationMs: atMs / 2, observation: structuredClone(observation) };
}

test('every poll arrives as it was, whatever came before it', () => {
  const [sender, receiver] = [createPollSender(), createPollReceiver()];
  let atMs = 0;
  for (const first of OBSERVATIONS) {
    for (const second of OBSERVATIONS) {
      const polls = [first, second, second, first].map((one) => pollOf('orders', one, (atMs += 1)));
      for (const poll of polls) sender.add(poll);
      const handed = sender.take() ?? assert.fail('Nothing was handed over.');
      assert.deepEqual(receiver.open(structuredClone(handed)), polls);
    }
  }
  assert.equal(sender.take(), undefined);
});

test('what is said again is not copied again', () => {
  const sender = createPollSender();
  for (const key of ['one', 'two', 'one', 'two', 'one']) sender.add(pollOf(key, well));
  const { numbers, keys, observations } = sender.take() ?? assert.fail();
  assert.deepEqual([...numbers], [0, 1, 0, 1, 0]);
  assert.deepEqual([...keys.values()], ['one', 'two']);
  assert.deepEqual(
    [...observations],
    [0, 1].map((place) => [place, well]),
  );
  sender.add(pollOf('two', well));
  const again = sender.take() ?? assert.fail();
  assert.deepEqual([[...again.numbers], again.keys.size, again.observations.size], [[1], 0, 0]);
});

test('what an instance says again is the very same object', () => {
  const [sender, receiver] = [createPollSender(), createPollReceiver()];
  for (let poll = 0; poll < 3; poll += 1) sender.add(pollOf('one', well));
  const [first, ...others] = receiver.open(structuredClone(sender.take() ?? assert.fail()));
  for (const other of others) assert.equal(other.observation, first?.observation);
});

test('a thread that has begun anew counts from the start, and is taken for no other', () => {
  const receiver = createPollReceiver();
  for (const keys of [
    ['one', 'two'],
    ['two', 'three', 'one'],
  ]) {
    const sender = createPollSender();
    const polls = keys.map((key, place) => pollOf(key, OBSERVATIONS[place] ?? assert.fail()));
    for (const poll of polls) sender.add(poll);
    assert.deepEqual(receiver.open(structuredClone(sender.take() ?? assert.fail())), polls);
  }
});

test('what is no longer watched is forgotten: it is dropped, and told as a whole when it is watched again', () => {
  const [sender, receiver] = [createPollSender(), createPollReceiver()];
  sender.add(pollOf('orders', well));
  receiver.open(sender.take() ?? assert.fail());
  receiver.keep(new Set());
  sender.add(pollOf('orders', well));
  assert.deepEqual(receiver.open(sender.take() ?? assert.fail()), []);
  sender.keep(new Set());
  sender.add(pollOf('orders', well));
  assert.deepEqual(receiver.open(sender.take() ?? assert.fail()), [pollOf('orders', well)]);
});
