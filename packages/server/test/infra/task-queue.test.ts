import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTaskQueue } from '../../src/infra/task-queue.js';

test('one after the other, in the order in which they came; one that fails holds nobody up', async () => {
  const lane = createTaskQueue({ most: 10, waitMs: 10_000 });
  let underWay = 0;
  const order: number[] = [];
  const all = await Promise.allSettled(
    [1, 2, 3, 4].map((number) =>
      lane.run(async () => {
        underWay += 1;
        assert.equal(underWay, 1);
        await new Promise(setImmediate);
        order.push(number);
        underWay -= 1;
        if (number === 2) throw new Error('failed');
        return number;
      }),
    ),
  );
  assert.deepEqual(order, [1, 2, 3, 4]);
  assert.deepEqual(
    all.map((one) => (one.status === 'fulfilled' ? one.value : 'failed')),
    [1, 'failed', 3, 4],
  );
});

test('whoever waits too long, or comes when too many wait, is told so and does nothing', async () => {
  const lane = createTaskQueue({ most: 2, waitMs: 50 });
  let release = (): void => undefined;
  const first = lane.run(() => new Promise<void>((resolve) => (release = resolve)));
  await new Promise(setImmediate);
  let done = 0;
  const work = () => Promise.resolve((done += 1));
  const waiting = [lane.run(work), lane.run(work)];
  await assert.rejects(lane.run(work), { type: 'unavailable' });
  await new Promise((resolve) => setTimeout(resolve, 100));
  release();
  await first;
  for (const one of waiting) await assert.rejects(one, { type: 'unavailable' });
  assert.equal(done, 0);
  assert.equal(await lane.run(work), 1, 'and then it is free again');
});
