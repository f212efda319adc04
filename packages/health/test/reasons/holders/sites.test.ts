import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { createStackBudget, noteStack, siteOf } from '../../../src/reasons/holders/sites.js';

function stackOf(...frames: string[]): { readonly stack: string } {
  return { stack: ['Error', ...frames.map((frame) => `    at ${frame}`)].join('\n') };
}

void test('a site is function, the last two parts of the path, and the line', () => {
  const cases: readonly (readonly [string[], string | undefined])[] = [
    [['createOrder (/srv/app/src/orders.js:41:9)'], 'createOrder src/orders.js:41'],
    [['async Shop.order [as run] (file:///srv/app/src/shop.js:7:1)'], 'Shop.order src/shop.js:7'],
    [['file:///srv/app/main.js:3:1'], 'app/main.js:3'],
    [['new Job (C:\\app\\src\\job.js:12:5)'], 'Job src/job.js:12'],
    [['Object.<anonymous> (/app/a/b.js:1:2)'], 'a/b.js:1'],
    [['<anonymous> (/app/a/b.js:1:2)'], 'a/b.js:1'],
    [['page (/app/pages/[id].ts:4:1)'], 'page pages/_id_.ts:4'],
    [
      [
        'Pool.query (/app/node_modules/pg-pool/index.js:1:1)',
        'process.processTicks (node:internal/x:1:1)',
        'late (/a/b/c.js:9:1)',
      ],
      'late b/c.js:9',
    ],
    [['Pool.query (/app/node_modules/pg-pool/index.js:1:1)'], undefined],
    [[`${'veryLong'.repeat(4)} (/app/folder/file.js:100:1)`], 'folder/file.js:100'],
    [[`f (/app/x/${'veryLong'.repeat(6)}.js:100:1)`], 'veryLongveryLongveryLongveryLongyLong'],
  ];
  for (const [frames, site] of cases.slice(0, -1)) equal(siteOf(stackOf(...frames)), site);
  const [frames = []] = cases.at(-1) ?? [];
  match(siteOf(stackOf(...frames)) ?? '', /^[A-Za-z.:0-9]{40}$/);
});

void test('a stack that somebody else writes in their own way has no site', () => {
  equal(siteOf({ stack: [{}] }), undefined);
  equal(siteOf({}), undefined);
});

void test('a note begins with the caller, deep as it is, and leaves the limit as it was', () => {
  const before = Error.stackTraceLimit;
  function below(): { readonly stack?: unknown } {
    return noteStack(below);
  }
  function deep(more: number): { readonly stack?: unknown } {
    return more === 0 ? below() : deep(more - 1);
  }
  match(siteOf(deep(3)) ?? '', /^deep holders\/sites\.test\.[jt]s:\d+$/);
  equal(Error.stackTraceLimit, before);
});

void test('a hundred stacks a second, and ten times as many for ten minutes once one was missed', () => {
  const budget = createStackBudget();
  const taken = (fromMs: number, seconds: number): number => {
    let count = 0;
    for (let call = 0; call < seconds * 10_000; call += 1) if (budget.take(fromMs + call / 10)) count += 1;
    return count;
  };
  const calm = taken(0, 5);
  ok(calm >= 500 && calm <= 521, String(calm));
  budget.raise(5_000);
  const raised = taken(5_000, 5);
  ok(raised >= 4_900 && raised <= 5_021, String(raised));
  const late = taken(700_000, 5);
  ok(late >= 500 && late <= 521, String(late));
});

void test('of a quiet second every call is noted', () => {
  const budget = createStackBudget();
  deepEqual(
    Array.from({ length: 10 }, () => budget.take(1_000)),
    Array.from({ length: 10 }, () => true),
  );
});
