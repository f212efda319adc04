/** A start that does not wait for ever. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createStartSteps, startParts } from '../../src/infra/start-parts.js';

function record(timeoutMs: number) {
  const late: (readonly string[])[] = [];
  const slow: (readonly string[])[] = [];
  const errors: string[] = [];
  const options = {
    timeoutMs,
    onSlow: (names: readonly string[]) => void slow.push(names),
    onLate: (names: readonly string[]) => void late.push(names),
    onError: (name: string, error: unknown) => void errors.push(`${name}: ${String(error)}`),
  };
  return { slow, late, errors, options };
}

test('all in time: nothing is said', async () => {
  const { late, errors, options } = record(10_000);
  await startParts({ tables: Promise.resolve(), health: sleep(5) }, options);
  assert.deepEqual([late, errors], [[], []]);
});

test('one that hangs is named, and the start goes on; what becomes of it later is told, too', async () => {
  const { late, errors, options } = record(20);
  const { promise, reject } = withReject();
  await startParts({ tables: promise, health: Promise.resolve() }, options);
  assert.deepEqual(late, [['tables']]);
  reject(new Error('gone'));
  await sleep(1);
  assert.deepEqual(errors, ['tables: Error: gone']);
});

test('what a start waits for is told every ten seconds, part by part and step by step', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { slow, options } = record(10_000_000);
  const { promise, reject } = withReject();
  const starting = startParts({ tables: promise, health: Promise.resolve() }, options);
  await sleep(5);
  t.mock.timers.tick(20_000);
  assert.deepEqual(slow, [['tables'], ['tables']]);
  reject(new Error('gone'));
  await assert.rejects(starting, /gone/);

  const told: string[] = [];
  const steps = createStartSteps((name) => void told.push(name));
  steps.begin('the data folder');
  t.mock.timers.tick(9_999);
  steps.begin('the port');
  t.mock.timers.tick(10_000);
  steps.end();
  t.mock.timers.tick(60_000);
  assert.deepEqual(told, ['the port']);
  assert.equal(slow.length, 2);
});

test('one that fails in time fails the start', async () => {
  const { late, options } = record(10_000);
  await assert.rejects(
    startParts({ tables: Promise.reject(new Error('not ours')), health: sleep(5) }, options),
    /not ours/,
  );
  assert.deepEqual(late, []);
});

function withReject() {
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((_, no) => {
    reject = no;
  });
  return { promise, reject: (error: Error) => reject(error) };
}
