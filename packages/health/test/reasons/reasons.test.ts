import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { ProblemCode } from '../../src/problems.js';
import { createReasons, type Reason, type Reasons } from '../../src/reasons/reasons.js';
import type { Look, ReasonSource, Sighting } from '../../src/reasons/sighting.js';

const LEAK: Sighting = {
  code: 'CONNECTION_LEAK',
  component: 'database',
  figures: { connections: 1, size: 6, longest_ms: 3_100 },
};
const FULL: Sighting = { code: 'DATABASE_DISK_FULL', component: 'database', figures: {} };

interface Settings {
  readonly needs?: 1 | 2;
  readonly problems?: readonly ProblemCode[];
  readonly source?: Partial<ReasonSource>;
}

interface Stage {
  readonly reasons: Reasons;
  /** Looks once, `atMs` by its clock, and sees these. */
  look(atMs: number, ...sightings: Sighting[]): void;
  codes(): readonly string[];
  nowMs: number;
}

function staged(
  work: (stage: Stage) => void | Promise<void>,
  { needs = 2, problems = [], source = {} }: Settings = {},
): () => Promise<void> {
  return async () => {
    let latest: Look | undefined;
    const reasons = createReasons({
      sources: [{ name: 'test', needs, latest: () => latest, ...source }],
      problems: () => problems,
      now: () => stage.nowMs,
      observeMs: 60_000,
    });
    const stage: Stage = {
      reasons,
      nowMs: 0,
      look(atMs, ...sightings) {
        stage.nowMs = atMs;
        latest = { atMs, at: new Date(atMs), sightings };
        reasons.isTroubled();
      },
      codes: () => reasons.read().map(({ code }) => code),
    };
    try {
      await work(stage);
    } finally {
      await reasons.close();
    }
  };
}

void test(
  'a reason is said at the second look that sees it, and no longer at the first that does not',
  staged((stage) => {
    deepEqual(stage.codes(), []);
    stage.look(1_000, LEAK);
    deepEqual(stage.codes(), []);
    ok(stage.reasons.isTroubled());
    stage.look(2_000, LEAK);
    deepEqual(stage.codes(), ['CONNECTION_LEAK']);
    equal(stage.reasons.isTroubled(), false);
    stage.look(3_000);
    deepEqual(stage.codes(), []);
    stage.look(4_000, LEAK);
    deepEqual(stage.codes(), []);
  }),
);

void test(
  'to read the same look twice is not to look twice',
  staged((stage) => {
    stage.look(1_000, LEAK);
    stage.codes();
    deepEqual(stage.codes(), []);
  }),
);

void test(
  'one look is enough where the row, or the sighting, says so',
  staged((stage) => {
    stage.look(1_000, { ...LEAK, isCertain: true }, FULL);
    deepEqual(stage.codes(), ['CONNECTION_LEAK', 'DATABASE_DISK_FULL']);
  }),
);

void test(
  'one look of an hourly source is enough',
  staged(
    (stage) => {
      stage.look(1_000, LEAK);
      deepEqual(stage.codes(), ['CONNECTION_LEAK']);
    },
    { needs: 1 },
  ),
);

void test(
  'the last look stays while there is no newer one, and its age grows',
  staged((stage) => {
    stage.look(1_000, FULL);
    stage.nowMs = 13_000;
    const [reason] = stage.reasons.read();
    equal(reason?.ageMs, 12_000);
    equal(reason?.checkedAt.getTime(), 1_000);
    // What was seen once, and never again since, makes nobody hurry for ever.
    stage.look(20_000, LEAK);
    stage.nowMs = 81_000;
    equal(stage.reasons.isTroubled(), false);
  }),
);

void test(
  'it names the problem that it explains only while that holds',
  staged(
    (stage) => {
      stage.look(1_000, { ...LEAK, isCertain: true });
      equal(stage.reasons.read()[0]?.explains, 'DATABASE_POOL_SATURATED');
      ok(stage.reasons.isTroubled());
    },
    { problems: ['DATABASE_POOL_SATURATED'] },
  ),
);

void test(
  'a problem that no reason explains is no cause to look more often',
  staged((stage) => equal(stage.reasons.isTroubled(), false), { problems: ['SOURCE_DRIFTED'] }),
);

void test(
  'everything is frozen, and a Date is its own',
  staged((stage) => {
    stage.look(1_000, FULL);
    const first = stage.reasons.read();
    ok(Object.isFrozen(first));
    ok(first.every((reason: Reason) => Object.isFrozen(reason) && Object.isFrozen(reason.figures)));
    first[0]?.checkedAt.setTime(0);
    equal(stage.reasons.read()[0]?.checkedAt.getTime(), 1_000);
  }),
);

void test(
  'a source that throws, and a figure of no sense, cost nobody else anything',
  staged(
    (stage) => {
      deepEqual(stage.codes(), []);
      equal(stage.reasons.isTroubled(), false);
    },
    {
      source: {
        latest() {
          throw new Error('gone');
        },
      },
    },
  ),
);

void test(
  'one that cannot be put into words is left out, and no list is longer than can be read',
  staged((stage) => {
    const odd = { code: 'LOCK_QUEUE', component: 'database', figures: null, isCertain: true };
    stage.look(1_000, odd as unknown as Sighting, FULL);
    deepEqual(stage.codes(), ['DATABASE_DISK_FULL']);
    const many = Array.from({ length: 1_000 }, (_, index) => ({ ...FULL, component: `database.n${index}` }));
    stage.look(2_000, ...many);
    equal(stage.codes().length, 16);
  }),
);

void test('a source is closed with it', async () => {
  let closed = 0;
  const source: ReasonSource = {
    name: 'test',
    needs: 1,
    latest: () => undefined,
    close: async () => void (closed += 1),
  };
  await createReasons({ sources: [source], problems: () => [] }).close();
  equal(closed, 1);
});
