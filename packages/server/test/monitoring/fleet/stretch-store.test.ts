/**
 * For how long services had which status: what the updates say, what the file keeps of it, and what is left when it is old.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ServiceUpdate } from '../../../src/fleet/fleet-update.js';
import { openFile } from '../../../src/infra/sqlite/sqlite-file.js';
import { MOST_STRETCHES } from '../../../src/monitoring/fleet/fleet-limits.js';
import { createFleetStore, FLEET_FORMAT } from '../../../src/monitoring/fleet/fleet-store.js';
import type { ServiceStretch } from '../../../src/monitoring/fleet/stretch-store.js';
import { createStretchTracker } from '../../../src/monitoring/fleet/stretch-tracker.js';
import { localDays } from '../../../src/monitoring/healthy-time/local-days.js';
import { MEASURED } from '../../../src/monitoring/healthy-time/healthy-time.js';
import { serviceUpdate } from './service-update.js';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-11-29T12:00:00Z');
const SERVICE = { name: 'orders', labels: { team: 'shop' } };

function inMemory() {
  return createFleetStore(openFile(':memory:', FLEET_FORMAT, new Error('in memory')).database);
}

function sumOf(stretches: readonly ServiceStretch[], status: string, fromMs: number, toMs: number): number {
  return stretches
    .filter((one) => one.status === status)
    .reduce((sum, one) => sum + Math.max(0, Math.min(one.toMs, toMs) - Math.max(one.fromMs, fromMs)), 0);
}

describe('the file', () => {
  test('a year of more stretches than are kept has the sums of every day, in every zone', () => {
    const store = inMemory();
    fc.assert(
      fc.property(
        fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/St_Johns'),
        fc.array(fc.tuple(fc.integer({ min: 1_000, max: 7 * 3_600_000 }), fc.constantFrom(...MEASURED)), {
          minLength: MOST_STRETCHES + 200,
          maxLength: MOST_STRETCHES + 600,
        }),
        fc.uuid(),
        (zone, pieces, service) => {
          let at = NOW;
          const stretches: readonly ServiceStretch[] = pieces.map(([lengthMs, status], index) => {
            const toMs = at;
            at -= lengthMs;
            const isGap = index % 9 === 8;
            return { service, status, fromMs: at, toMs: isGap ? at : toMs };
          });
          const all = stretches.filter(({ fromMs, toMs }) => toMs > fromMs && fromMs > NOW - 360 * DAY_MS);
          // Some hours apart, so that each call also throws away.
          for (let begin = 0; begin < all.length; begin += 400) {
            store.putStretches(all.slice(begin, begin + 400), NOW + begin * 3_600_000 * 0.01);
          }
          const days = localDays(zone, NOW, 90);
          const found = store.readHealthyTime({ service, ranges: days, maintenance: [] });
          for (const [index, { date, fromMs, toMs }] of days.entries()) {
            const { healthy, degraded, unhealthy, maintenance, unmeasured } = found?.sums[index] ?? {};
            const [h = 0, d = 0, u = 0] = MEASURED.map((status) => sumOf(all, status, fromMs, toMs));
            assert.deepEqual([healthy, degraded, unhealthy, maintenance], [h, d, u, 0], `${zone} ${date}`);
            assert.equal(unmeasured, toMs - fromMs - h - d - u);
          }
        },
      ),
      { numRuns: 4 },
    );
  });

  test('a stretch that goes on replaces itself, and of what is not known there is nothing', () => {
    const store = inMemory();
    const stretch = { service: 'orders', status: 'healthy', fromMs: NOW - 1_000 } as const;
    store.putStretches([{ ...stretch, toMs: NOW - 500 }], NOW);
    store.putStretches([{ ...stretch, toMs: NOW }], NOW);
    const query = { service: 'orders', ranges: [{ fromMs: NOW - 2_000, toMs: NOW }], maintenance: [] };
    assert.deepEqual(store.readHealthyTime(query), {
      completeFromMs: NOW - 1_000,
      sums: [{ healthy: 1_000, degraded: 0, unhealthy: 0, maintenance: 0, unmeasured: 1_000 }],
      parts: [],
    });
    assert.equal(store.readHealthyTime({ ...query, service: 'mail' }), null);
  });

  test('keeps the maintenance that was, by name and by label, as long as it lasted; a pause is none', () => {
    const store = inMemory();
    const pause = {
      id: 1,
      service: 'orders',
      label: null,
      from: NOW,
      until: NOW + 1_000,
      reason: 'x',
      author: 'ada',
      isPlanned: true,
    };
    const byLabel = {
      ...pause,
      id: 2,
      service: null,
      label: 'team:shop',
      from: NOW + 5_000,
      until: NOW + 9_000,
    };
    const silence = { ...pause, id: 3, isPlanned: false };
    const late = { ...pause, id: 4, from: NOW - 3_600_000, until: NOW + 20_000 };
    const never = { ...pause, id: 5, from: NOW + 50_000, until: NOW + 60_000 };
    const all = { fromMs: NOW - DAY_MS, toMs: NOW + DAY_MS };
    store.keepPauses([pause, byLabel, silence, late, never], NOW);
    // Ended before its time; what had not begun was none; an hour that was over before it was planned stays as it was.
    store.keepPauses([late], NOW + 6_000);
    assert.deepEqual(store.readMaintenance(SERVICE, all), [
      { fromMs: NOW, toMs: NOW + 1_000 },
      { fromMs: NOW, toMs: NOW + 20_000 },
      { fromMs: NOW + 5_000, toMs: NOW + 6_000 },
    ]);
    assert.deepEqual(store.readMaintenance({ name: 'mail', labels: {} }, all), []);
    assert.deepEqual(
      store.readPauses().map(({ id }) => id),
      [4],
    );
  });
});

describe('the tracker', () => {
  async function written(
    updates: readonly (Partial<ServiceUpdate> & { readonly at: number })[],
  ): Promise<readonly ServiceStretch[]> {
    const tracker = createStretchTracker();
    const rows = new Map<number, ServiceStretch>();
    for (const { at, ...service } of updates) {
      tracker.update({ at, name: 'default', blindSince: null, services: [serviceUpdate(service)] });
      await tracker.flush((stretches) => {
        for (const one of stretches) rows.set(one.fromMs, one);
        return Promise.resolve();
      });
    }
    return [...rows.values()];
  }

  test('a status begins when it began, which is known only some polls later, and ends the one before', async () => {
    const rows = await written([
      { at: NOW, status: 'healthy', since: NOW - 999_999 },
      { at: NOW + 10_000, status: 'healthy', since: NOW - 999_999 },
      { at: NOW + 20_000, status: 'unhealthy', since: NOW + 5_000 },
      { at: NOW + 30_000, status: 'unhealthy', since: NOW + 5_000 },
    ]);
    assert.deepEqual(
      rows.map(({ status, fromMs, toMs }) => [status, fromMs - NOW, toMs - NOW]),
      [
        ['healthy', 0, 5_000],
        ['unhealthy', 5_000, 30_000],
      ],
    );
  });

  test('time in which nothing was known, or nobody looked, belongs to no stretch', async () => {
    const rows = await written([
      { at: NOW, status: 'healthy', since: NOW },
      { at: NOW + 10_000, status: 'healthy', since: NOW },
      { at: NOW + 20_000, status: 'unknown', since: NOW + 12_000 },
      { at: NOW + 30_000, status: 'healthy', since: NOW },
      { at: NOW + 40_000, status: 'healthy', since: NOW },
      // Stopped for ten minutes.
      { at: NOW + 640_000, status: 'healthy', since: NOW },
      { at: NOW + 650_000, status: 'healthy', since: NOW },
      // The clock was set back.
      { at: NOW + 610_000, status: 'healthy', since: NOW },
      { at: NOW + 615_000, status: 'healthy', since: NOW },
    ]);
    assert.deepEqual(
      rows.map(({ fromMs, toMs }) => [fromMs - NOW, toMs - NOW]),
      [
        [0, 10_000],
        [30_000, 40_000],
        [640_000, 650_000],
        [610_000, 615_000],
      ],
    );
  });

  test('what the disk did not take comes again', async () => {
    const tracker = createStretchTracker();
    const update = (at: number) =>
      tracker.update({ at, name: 'default', blindSince: null, services: [serviceUpdate({ since: NOW })] });
    update(NOW);
    update(NOW + 1_000);
    await tracker.flush(() => Promise.reject(new Error('full')));
    update(NOW + 2_000);
    const taken: ServiceStretch[] = [];
    await tracker.flush((stretches) => {
      taken.push(...stretches);
      return Promise.resolve();
    });
    assert.deepEqual(
      taken.map(({ fromMs, toMs }) => [fromMs, toMs]),
      [[NOW, NOW + 2_000]],
    );
  });
});
