import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Observation } from '../../src/fleet/observation.js';
import type { ScrapedRound } from '../../src/fleet/prometheus/round.js';
import { createScrapedInstances } from '../../src/fleet/scraped-list.js';

const INTERVAL_MS = 10_000;
const DAMPING = { failureThreshold: 2, successThreshold: 2 };
const DOWN: Observation = { kind: 'failed', code: 'INSTANCE_NOT_SCRAPED' };
const said = (health: 'healthy' | 'degraded'): Observation => ({
  kind: 'answered',
  reading: { health, codes: [], startedAtMs: null, sourceHash: null },
  isTokenWithheld: false,
});

function rounds() {
  const instances = createScrapedInstances(DAMPING, INTERVAL_MS);
  let index = 0;
  return {
    instances,
    /** The next one, with a scrape of its own unless it is told. */
    next: (
      named: Readonly<Record<string, Observation>>,
      {
        isBlind = false,
        scrape = index,
        ...round
      }: Partial<ScrapedRound> & { isBlind?: boolean; scrape?: number } = {},
      isNew = false,
    ): void => {
      index += 1;
      instances.scraped(
        {
          atMs: index * INTERVAL_MS,
          listed: 4,
          gone: [],
          sources: [],
          ...round,
          named: Object.entries(named).map(([instance, observation]) => ({
            instance,
            observation,
            scrapedAtMs: scrape * INTERVAL_MS + 1,
            isNew,
            findings: [],
          })),
        },
        isBlind,
      );
    },
    counts: (isBlind = false) =>
      Object.fromEntries(Object.entries(instances.counts(isBlind)).filter(([, count]) => count > 0)),
  };
}

describe('instances that a Prometheus scrapes', () => {
  test('are healthy unless they are named; one that is, after as many scrapes as it takes', () => {
    const { next, counts, instances } = rounds();
    next({});
    assert.deepEqual(counts(), { healthy: 4 });
    next({ a: DOWN });
    assert.deepEqual(counts(), { healthy: 4 });
    next({ a: DOWN });
    assert.deepEqual(counts(), { healthy: 3, unreachable: 1 });
    assert.deepEqual([...instances.codes(false)], ['INSTANCE_NOT_SCRAPED']);
    next({ a: said('healthy') });
    assert.deepEqual(counts(), { healthy: 3, unreachable: 1 });
    next({ a: said('healthy') });
    assert.deepEqual(counts(), { healthy: 4 });
    next({});
    assert.deepEqual([counts(), instances.view(false)], [{ healthy: 4 }, []]);
  });

  test('the same scrape says nothing twice', () => {
    const { next, counts } = rounds();
    for (let round = 0; round < 5; round += 1) next({ a: DOWN }, { scrape: 7 });
    assert.deepEqual(counts(), { healthy: 4 });
  });

  test('one that is new is undecided until it is judged', () => {
    const { next, counts } = rounds();
    next({ a: DOWN }, {}, true);
    assert.deepEqual(counts(), { healthy: 3, new: 1 });
  });

  test('one of which the Prometheus knows nothing new is unknown, and so are all while it cannot be asked', () => {
    const { next, counts, instances } = rounds();
    next({ a: { kind: 'void' } });
    assert.deepEqual(counts(), { healthy: 3, unknown: 1 });
    instances.failed();
    instances.age(4 * INTERVAL_MS);
    assert.deepEqual(counts(), { healthy: 3, unknown: 1 });
    assert.deepEqual(instances.seen(), []);
    instances.age(4 * INTERVAL_MS + 1);
    assert.deepEqual(counts(), { unknown: 4 });
    next({});
    assert.deepEqual(counts(), { healthy: 4 });
  });

  test('one that has left is gone, and counts no more', () => {
    const { next, counts, instances } = rounds();
    next({ a: DOWN });
    next({ a: DOWN });
    next({}, { listed: 3, gone: ['a'] });
    assert.deepEqual(counts(), { healthy: 3, gone: 1 });
    next({}, { listed: 3, gone: ['a'] });
    assert.deepEqual(
      instances.view(false).map(({ instance, state, since }) => [instance, state, since]),
      [['a', 'gone', 3 * INTERVAL_MS]],
    );
    next({}, { listed: 4 });
    assert.deepEqual(counts(), { healthy: 4 });
  });

  test('while the watcher is blind only answers count, and all are unknown', () => {
    const { next, counts } = rounds();
    next({ a: DOWN }, { isBlind: true });
    next({ a: DOWN }, { isBlind: true });
    assert.deepEqual([counts(true), counts()], [{ unknown: 4 }, { healthy: 4 }]);
  });

  test('what has changed is told once, and who is no longer named was last told as well or gone', () => {
    const { next, instances } = rounds();
    const taken = (): unknown =>
      instances.takeChanges(99).map(({ instance, from, to, codes }) => [instance, from, to].concat(codes));
    next({ a: DOWN, b: DOWN });
    assert.deepEqual(taken(), []);
    next({ a: DOWN, b: DOWN });
    assert.deepEqual(taken(), [
      ['a', 'healthy', 'unreachable', 'INSTANCE_NOT_SCRAPED'],
      ['b', 'healthy', 'unreachable', 'INSTANCE_NOT_SCRAPED'],
    ]);
    assert.deepEqual([taken(), instances.cells(false)], [[], 'xxhh']);
    next({ a: said('healthy') }, { listed: 3, gone: ['b'] });
    assert.deepEqual([taken(), instances.cells(false)], [[['b', 'unreachable', 'gone']], 'xghh']);
    next({ a: said('healthy') }, { listed: 3, gone: ['b'] });
    next({}, { listed: 3, gone: ['b'] });
    assert.deepEqual([taken(), taken()], [[['a', 'unreachable', 'healthy']], []]);
  });

  test('the sources are counted, whoever is named', () => {
    const { next, instances } = rounds();
    next(
      {},
      {
        sources: [
          { hash: 'a', instances: 2 },
          { hash: 'b', instances: 1 },
        ],
      },
    );
    const { groups, notReported } = instances.source();
    assert.deepEqual(
      groups.map(({ hash, instances: count }) => [hash, count]),
      [
        ['a', 2],
        ['b', 1],
      ],
    );
    assert.equal(notReported, 1);
  });
});
