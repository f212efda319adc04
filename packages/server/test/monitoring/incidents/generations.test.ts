/** Which generation an incident gets: with the others, without them, and without a history. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { waitFor } from 'portal-test-kit';
import type { Incident } from '../../../src/monitoring/incidents/incident.js';
import {
  createGenerations,
  type Generations,
  type GenerationStore,
  type SharedGeneration,
} from '../../../src/monitoring/incidents/generations.js';

const KEY = 'portal/prod/orders/health';

/** What all watchers have in common, unless it is away. */
function commonStore() {
  const all = new Map<string, SharedGeneration>();
  const state = { isAway: false, all };
  const store: GenerationStore = {
    async readAll() {
      if (state.isAway) throw new Error('away');
      return [...all.values()];
    },
    async read(keys) {
      if (state.isAway) throw new Error('away');
      return keys.flatMap((key) => all.get(key) ?? []);
    },
    async write(generations) {
      if (state.isAway) throw new Error('away');
      for (const one of generations) {
        const before = all.get(one.key);
        if (!before || one.generation >= before.generation) all.set(one.key, one);
      }
    },
  };
  return { state, store };
}

function watcher(
  store: GenerationStore,
  options: {
    readonly known?: number;
    readonly isNew?: boolean;
    readonly onLearnt?: (highest: ReadonlyMap<string, number>) => void;
  } = {},
) {
  const { known, isNew = false, onLearnt = () => undefined } = options;
  return createGenerations({
    store,
    known: new Map(known === undefined ? [] : [[KEY, known]]),
    learnt: isNew ? null : new Map(),
    onLearnt,
    onError: () => undefined,
  });
}

async function take(generations: Generations, since = 1_000): Promise<number> {
  let found: number | undefined;
  await waitFor('a generation', () => {
    found ??= generations.of(KEY, since);
    return found !== undefined;
  });
  return found ?? 0;
}

function incident(generation: number, beganAt: number, endedAt: number | null): Incident {
  return { key: KEY, generation, beganAt, endedAt } as Incident;
}

async function share(
  generations: Generations,
  one: Incident,
  { all }: { all: Map<string, SharedGeneration> },
) {
  generations.note([one]);
  generations.flush();
  await waitFor('it to be shared', () => all.get(KEY)?.endedAt === one.endedAt);
}

test('replicas with one history take one number, whether they can ask or not', async () => {
  const { state, store } = commonStore();
  const [one, other] = [watcher(store, { known: 4 }), watcher(store, { known: 4 })];
  assert.deepEqual([await take(one), await take(other)], [5, 5]);
  state.isAway = true;
  assert.deepEqual([await take(one), await take(other)], [5, 5]);
});

test('one that sees it later, or has an older history, takes the number of the others', async () => {
  const { state, store } = commonStore();
  const first = watcher(store, { known: 6 });
  assert.equal(await take(first), 7);
  await share(first, incident(7, 1_000, null), state);
  assert.equal(await take(watcher(store, { known: 2 })), 7);
  assert.equal(await take(watcher(store, { isNew: true })), 7);
  await share(first, incident(7, 1_000, 2_000), state);
  assert.equal(await take(watcher(store, { known: 2 }), 1_500), 7, 'it was the same outage');
  assert.equal(await take(watcher(store, { known: 2 }), 2_500), 8, 'it is another one');
});

test('what this watcher has ended itself is not begun again under the same name', async () => {
  const { state, store } = commonStore();
  const slow = watcher(store, { known: 6 });
  await share(slow, incident(7, 1_000, null), state);
  const quick = watcher(store, { known: 7 });
  assert.equal(await take(quick), 8);
});

test('a new file takes the first number, or the next one of the others; while nobody can be asked, one that none has', async () => {
  const { state, store } = commonStore();
  assert.equal(await take(watcher(store, { isNew: true })), 1);
  state.isAway = true;
  const alone = watcher(store, { isNew: true });
  const random = await take(alone);
  assert.ok(random >= 2 ** 32, String(random));
  alone.note([incident(random, 1_000, 2_000)]);
  assert.equal(await take(alone, 3_000), random + 1, 'what follows is counted from there');
  assert.notEqual(await take(watcher(store, { isNew: true })), random);
});

test('a new file learns every number while it can, so that it counts on once nobody can be asked', async () => {
  const { state, store } = commonStore();
  state.all.set(KEY, { key: KEY, generation: 7, beganAt: 0, endedAt: 1 });
  let learnt: ReadonlyMap<string, number> | undefined;
  const joined = watcher(store, { isNew: true, onLearnt: (highest) => (learnt = highest) });
  await waitFor('what the others know', () => learnt !== undefined);
  assert.deepEqual([...(learnt ?? [])], [[KEY, 7]], 'and keeps it');
  state.isAway = true;
  assert.equal(await take(joined, 3_000), 8, 'the next one, and none that a receiver has seen');
});

test('whatever was before, two watchers with one history and one common store agree', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 9 }),
      fc.option(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.option(fc.integer({ min: 0, max: 3_000 })))),
      fc.boolean(),
      async (known, shared, isAway) => {
        const { state, store } = commonStore();
        if (shared) {
          const [generation, endedAt] = shared;
          state.all.set(KEY, { key: KEY, generation, beganAt: 0, endedAt });
        }
        state.isAway = isAway;
        const numbers = await Promise.all([0, 1].map(() => take(watcher(store, { known }))));
        assert.equal(numbers[0], numbers[1]);
        assert.ok((numbers[0] ?? 0) > known, 'a number that was used is not used again');
      },
    ),
    { numRuns: 50 },
  );
});
