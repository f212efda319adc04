import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createResponseLog } from '../../src/infra/response-log.js';
import { createLog } from '../../src/infra/log.js';

function logging(windowMs = 60_000) {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: 'info',
    destination: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  return { lines, log, answers: createResponseLog(log, { windowMs }) };
}

function facts({ msg, route, status, count }: Record<string, unknown>): readonly unknown[] {
  return [msg, route, status, count];
}

test('of many answers to strangers the first have a line, the rest one for each route and status', () => {
  const { lines, answers } = logging();
  for (let index = 0; index < 1_000; index += 1) {
    answers.log({ route: 'none', status: 404 }, false);
    answers.log({ route: '/docs', status: 200 }, false);
  }
  assert.equal(lines.length, 40);
  answers.close();
  assert.deepEqual(lines.slice(40).map(facts), [
    ['answered many more', 'none', 404, 980],
    ['answered many more', '/docs', 200, 980],
  ]);
});

test('of all routes and statuses together there are not more lines than a bound', () => {
  const { lines, answers } = logging();
  for (let route = 0; route < 100; route += 1) {
    for (let index = 0; index < 10; index += 1) answers.log({ route: `/${route}`, status: 404 }, false);
  }
  assert.equal(lines.length, 200);
  answers.close();
  assert.equal(lines.length, 280);
});

test('who is signed in has a line each, also among many strangers', () => {
  const { lines, answers } = logging();
  for (let index = 0; index < 300; index += 1) answers.log({ route: '/', status: 404 }, false);
  for (let index = 0; index < 300; index += 1) answers.log({ route: '/', status: 200 }, true);
  assert.equal(lines.length, 320);
  answers.close();
});

test('every minute begins anew, and tells of the one before', async () => {
  const { lines, answers } = logging(50);
  for (let index = 0; index < 50; index += 1) answers.log({ route: '/', status: 404 }, false);
  await waitFor('the sum', () => lines.some(({ count }) => count === 30));
  answers.log({ route: '/', status: 404 }, false);
  assert.deepEqual(lines.slice(-2).map(facts), [
    ['answered many more', '/', 404, 30],
    ['answered', '/', 404, undefined],
  ]);
  answers.close();
  assert.equal(lines.length, 22);
});

test('other events that strangers bring about are bounded as well', () => {
  const { lines, log, answers } = logging();
  for (let index = 0; index < 100; index += 1) {
    answers.seldom('it failed', () => log.failure('it failed', new Error('words')));
  }
  answers.close();
  assert.deepEqual(lines.slice(19).map(facts), [
    ['it failed', undefined, undefined, undefined],
    ['it failed, many more times', undefined, undefined, 80],
  ]);
});
