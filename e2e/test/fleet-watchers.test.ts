/**
 * Three services watch one fleet, with two Alertmanagers: one of them is lost while incidents of every age are open, and each is
 * told once, with all stores away or not. A sample, all at the same time; the whole: `npm run e2e -- --watchers`.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runLoss } from './fleet-watchers-losses.js';

const LEAST_MOMENTS = 30;

describe('every incident is told once', { concurrency: true }, () => {
  for (const [loss, stores] of [
    ['watcher-cut-off', 'up'],
    ['alertmanager-killed', 'up'],
  ] as const) {
    test(`${loss}, stores ${stores}`, async (t) => {
      const { moments, wrong, seconds, said } = await runLoss(loss, stores);
      assert.deepEqual(wrong, [], said);
      assert.ok(moments.length >= LEAST_MOMENTS, moments.join());
      t.diagnostic(`lost at ${moments.length} moments, ${seconds} s`);
    });
  }
});
