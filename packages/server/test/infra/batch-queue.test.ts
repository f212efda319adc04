import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatchQueue, type Requester, type BatchQueueOptions } from '../../src/infra/batch-queue.js';

const ADA: Requester = { key: 'ada', isLowPriority: false };

/** A lane whose journeys are noted, and end when they are told to. */
function startLane(options: Partial<BatchQueueOptions<number, string>> = {}) {
  const journeys: (readonly number[])[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const lane = createBatchQueue<number, string>({
    batchSize: 10,
    most: 10,
    mostPerKey: 10,
    waitMs: 10_000,
    runBatch: (items) =>
      new Promise((resolve, reject) => {
        journeys.push(items);
        ends.push((error) => (error ? reject(error) : resolve(items.map((item) => `done ${item}`))));
      }),
    ...options,
  });
  return { lane, journeys, ends };
}

async function settled(all: readonly Promise<string>[]): Promise<readonly string[]> {
  const results = await Promise.allSettled(all);
  return results.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message));
}

test('one journey at a time; what comes meanwhile goes together in the next, one that fails holds nobody up', async () => {
  const { lane, journeys, ends } = startLane();
  const all = [1, 2, 3].map((item) => lane.run(item, ADA));
  const results = settled(all);
  assert.deepEqual(journeys, [[1]]);
  ends[0]?.(new Error('failed'));
  await new Promise(setImmediate);
  assert.deepEqual(journeys, [[1], [2, 3]]);
  const last = lane.run(4, ADA);
  ends[1]?.();
  await new Promise(setImmediate);
  ends[2]?.();
  assert.deepEqual([...(await results), await last], ['failed', 'done 2', 'done 3', 'done 4']);
});

test('whoever waits too long is told so and nothing is done for it', async () => {
  const { lane, journeys, ends } = startLane({ waitMs: 50 });
  const first = lane.run(1, ADA);
  const late = lane.run(2, ADA);
  await new Promise((resolve) => setTimeout(resolve, 100));
  ends[0]?.();
  await first;
  await assert.rejects(late, { type: 'unavailable' });
  const next = lane.run(3, ADA);
  ends[1]?.();
  assert.equal(await next, 'done 3', 'and then it is free again');
  assert.deepEqual(journeys, [[1], [3]]);
});

test('turns go by key: one who comes with many is waited for by nobody, and leaves when there is no room', async () => {
  const { lane, journeys, ends } = startLane({ batchSize: 3, most: 4 });
  const first = lane.run(0, ADA);
  const many = [1, 2, 3, 4].map((item) => lane.run(item, { key: 'many', isLowPriority: false }));
  const others = ['grace', 'linus'].map((key, index) => lane.run(10 + index, { key, isLowPriority: false }));
  const results = settled([...many, ...others]);
  ends[0]?.();
  await first;
  await new Promise(setImmediate);
  assert.deepEqual(journeys[1], [1, 10, 11]);
  ends[1]?.();
  await new Promise(setImmediate);
  ends[2]?.();
  const refused = 'Too many requests';
  assert.deepEqual(await results, ['done 1', 'done 2', refused, refused, 'done 10', 'done 11']);
});

test('who comes when its own row is full is refused, also while there is room', async () => {
  const { lane, ends } = startLane({ mostPerKey: 1 });
  const first = lane.run(1, ADA);
  const second = lane.run(2, ADA);
  await assert.rejects(lane.run(3, ADA), { type: 'tooManyRequests' });
  ends[0]?.();
  await first;
  await new Promise(setImmediate);
  ends[1]?.();
  assert.equal(await second, 'done 2');
});

test('patient ones go together, and not sooner than some time after those before; the others do not wait for them', async () => {
  const patienceMs = 200;
  const journeys: { readonly items: readonly number[]; readonly atMs: number }[] = [];
  const lane = createBatchQueue<number, number>({
    batchSize: 1_000,
    most: 2_000,
    mostPerKey: 1_000,
    waitMs: 10_000,
    lowPriorityEveryMs: patienceMs,
    runBatch(items) {
      journeys.push({ items, atMs: performance.now() });
      return Promise.resolve(items);
    },
  });
  const patient: Requester = { key: 'flood', isLowPriority: true };
  await lane.run(-1, patient);
  const all = Array.from({ length: 900 }, (_, item) => lane.run(item, patient));
  assert.equal(await lane.run(-2, ADA), -2);
  assert.equal(journeys.length, 2, 'nothing of the patient ones yet');
  assert.equal((await Promise.all(all)).length, 900);
  const [first, , second] = journeys;
  assert.ok(first && second);
  assert.equal(journeys.length, 3);
  assert.equal(second.items.length, 900);
  assert.ok(second.atMs - first.atMs >= patienceMs - 1);
});
