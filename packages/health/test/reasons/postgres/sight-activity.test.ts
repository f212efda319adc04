import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../../../src/reasons/catalogue.js';
import { readActivity } from '../../../src/reasons/postgres/activity-answer.js';
import { sightActivity } from '../../../src/reasons/postgres/sight-activity.js';
import type { Sighting } from '../../../src/reasons/sighting.js';

const NOW = '2026-11-28T23:00:00.123456+00:00';
const OWN_MS = Date.parse(NOW);

/** A time so many seconds before the answer. */
const ago = (seconds: number): string => new Date(OWN_MS - seconds * 1_000).toISOString();

/** An answer as the server gives it; what is not said is that of a quiet one. */
function answerOf(parts: Readonly<Record<string, unknown>> = {}): string {
  const quiet = {
    now: NOW,
    version: 180_000,
    max: 100,
    superuser: 3,
    reserved: 0,
    standby: false,
    all: true,
    holds: false,
    sessions: 12,
    prepared: [0, null],
    waiting: [0, null, true],
    groups: null,
    links: null,
    involved: null,
    oldest: null,
  };
  return JSON.stringify(Object.values({ ...quiet, ...parts }));
}

function sightingsIn(text: unknown, ownMs = OWN_MS): readonly Sighting[] {
  const answer = readActivity(text);
  return answer ? sightActivity(answer, { component: 'database', ownMs }) : [];
}

const sentences = (text: unknown): readonly string[] =>
  sightingsIn(text).map((sighting) => explain(sighting).sentence);

const IDLE = [
  7,
  'worker',
  'w',
  'idle in transaction',
  'Client',
  'client backend',
  ago(200),
  ago(180),
  ago(181),
  ago(900),
  null,
];

test('a quiet server has nothing to say', () => {
  assert.deepEqual(sightingsIn(answerOf()), []);
});

test('a queue: how many wait, how long, who is at the head and what it does', () => {
  const queue = {
    waiting: [14, ago(31), true],
    links: [
      [1, ago(31), [2]],
      [2, ago(30), [7]],
    ],
    involved: [IDLE],
  };
  assert.deepEqual(sentences(answerOf(queue)), [
    '14 sessions wait for a lock, the longest for 31 s; at the head is a session of application "worker" that has done nothing in an open transaction for 3 min',
  ]);
});

test('what is hidden is said to be, and is no number', () => {
  const hidden = [7, 'worker', 'w', null, null, null, null, null, null, null, null];
  const queue = { all: false, waiting: [5, ago(31), false], links: [[1, ago(31), [7]]], involved: [hidden] };
  const [sighting] = sightingsIn(answerOf(queue));
  assert.deepEqual(
    [sighting?.figures['longest_ms'], sighting?.figures['head_state'], sighting?.figures['head_ms']],
    [null, null, null],
  );
  assert.deepEqual(sentences(answerOf(queue)), [
    'At least 5 sessions wait for a lock, for how long is hidden; at the head is a session of application "worker"; what it does is hidden from this role (grant pg_monitor)',
  ]);
});

test('five that wait need no second look, but for a moment on a row that all of them want', () => {
  const isCertain = (sessions: number, seconds: number | null): boolean | undefined =>
    sightingsIn(
      answerOf({
        waiting: [sessions, seconds === null ? null : ago(seconds), true],
        links: [[1, ago(2), [7]]],
      }),
    )[0]?.isCertain;
  assert.equal(isCertain(5, 0.3), true);
  assert.equal(isCertain(5, null), true);
  assert.equal(isCertain(190, 0.3), true);
  assert.equal(isCertain(5, 0.01), undefined);
  assert.equal(isCertain(4, 2), undefined);
});

test('what the server itself has timed for longer than until a second look needs none', () => {
  const certain = (parts: Parameters<typeof answerOf>[0]): readonly (boolean | undefined)[] =>
    sightingsIn(answerOf(parts)).map(({ isCertain }) => isCertain);
  const links = [[1, ago(6), [7]]];
  assert.deepEqual(certain({ waiting: [1, ago(6), true], links }), [true]);
  // Since when a statement runs is not since when it waits.
  assert.deepEqual(certain({ waiting: [1, ago(6), false], links }), [undefined]);
  assert.deepEqual(certain({ oldest: [IDLE] }), [true]);
  assert.deepEqual(certain({ prepared: [1, ago(61)] }), [true]);
});

test('a short wait of a few is none, nor is a deadlock', () => {
  assert.deepEqual(sentences(answerOf({ waiting: [4, ago(0.5), true], links: [[1, ago(0.5), [7]]] })), []);
  assert.deepEqual(
    sentences(
      answerOf({
        waiting: [2, ago(9), true],
        links: [
          [1, ago(9), [2]],
          [2, ago(9), [1]],
        ],
      }),
    ),
    [],
  );
});

test('a head that has gone since, a prepared transaction, autovacuum', () => {
  const waiting = [1, ago(2), true];
  const headIn = (links: unknown, involved: unknown = null): string =>
    sentences(answerOf({ waiting, links, involved, prepared: [1, ago(40)] }))[0]?.split(
      'at the head is ',
    )[1] ?? '';
  assert.equal(headIn([[1, ago(2), [7]]]), 'a session that has just gone');
  assert.equal(headIn([[1, ago(2), [0]]]), 'an unfinished prepared transaction for 40 s');
  const autovacuum = [7, '', null, 'active', null, 'autovacuum worker', ago(9), ago(9), ago(9), ago(9), null];
  assert.equal(
    headIn([[1, ago(2), [7]]], [autovacuum]),
    'a session of application "autovacuum" that runs a statement for 9 s',
  );
});

test('connections: at 80 %, all of one application together, and serious at 95 %', () => {
  const groups = [
    ['w', 'greedy', 'idle', 50],
    ['a', 'web', 'active', 20],
    ['w', 'greedy', 'active', 15],
  ];
  assert.deepEqual(sentences(answerOf({ sessions: 79, groups })), []);
  assert.deepEqual(sentences(answerOf({ sessions: 85, groups })), [
    '85 of 100 connections of the server are in use; 65 belong to application "greedy", most of them idle',
  ]);
  assert.equal(sightingsIn(answerOf({ sessions: 97, groups }))[0]?.figures['level'], 'serious');
});

test('transactions: left open for a minute, long for five, prepared for one', () => {
  assert.deepEqual(sentences(answerOf({ oldest: [IDLE] })), [
    '1 session of application "worker" does nothing in an open transaction, the longest for 3 min',
  ]);
  const long = [
    8,
    'report',
    'r',
    'active',
    null,
    'client backend',
    ago(400),
    ago(10),
    ago(10),
    ago(900),
    null,
  ];
  assert.deepEqual(sentences(answerOf({ oldest: [long], prepared: [2, ago(61)] })), [
    'A transaction has been open for 6 min (a session of application "report" that runs a statement for 10 s)',
    '2 unfinished prepared transactions hold locks, the oldest for 61 s',
  ]);
});

test('clocks that differ by five seconds', () => {
  assert.equal(sightingsIn(answerOf(), OWN_MS + 4_900).length, 0);
  assert.equal(sightingsIn(answerOf(), OWN_MS + 5_100)[0]?.figures['offset_ms'], -5_100);
});

test('a name that cannot be shown is not', () => {
  const hostile = [
    7,
    '<!channel> a?b??',
    'w',
    'idle in transaction',
    'Client',
    'client backend',
    ago(99),
    ago(99),
    ago(99),
    ago(99),
    null,
  ];
  const [sentence] = sentences(
    answerOf({ waiting: [1, ago(2), true], links: [[1, ago(2), [7]]], involved: [hostile] }),
  );
  assert.match(sentence ?? '', /an application with a name that cannot be shown/);
});

test('null is that another asks; what is no answer, too long or of other kinds says nothing', () => {
  assert.equal(readActivity(null), null);
  const wrong = [
    undefined,
    7,
    '',
    '{}',
    'null',
    '[]',
    '[1',
    `["${'x'.repeat(70_000)}"]`,
    answerOf({ max: -1 }),
    answerOf({ now: 'x' }),
  ];
  for (const text of wrong) assert.equal(readActivity(text), undefined, String(text).slice(0, 40));
});

test('lists of any length and of anything are bounded and read as far as they can be', () => {
  const junk = Array.from({ length: 1_000 }, (_, index) => [index, null, [index + 1, 'x', -1, 1.5, null]]);
  const answer = readActivity(
    answerOf({
      links: junk,
      groups: [null, 1, 'x', [], [1, 2, 3, 4]],
      involved: [[], [null], {}],
      oldest: 'x',
    }),
  );
  assert.equal(answer?.links.length, 128);
  assert.deepEqual(answer.groups, [{ application: '', role: null, state: null, sessions: 4 }]);
  assert.deepEqual([answer.involved, answer.oldest], [[], []]);
  assert.ok(answer.links.every(({ blockers }) => blockers.length === 1));
});

test('a transaction of our own that is left open is told by its pool, and not twice', () => {
  const answer = readActivity(answerOf({ oldest: [IDLE] }));
  assert.ok(answer);
  const codes = (ownPids: readonly number[]): readonly string[] =>
    sightActivity(answer, { component: 'database', ownMs: OWN_MS, ownPids }).map(({ code }) => code);
  assert.deepEqual(codes([8]), ['TRANSACTION_LEFT_OPEN']);
  assert.deepEqual(codes([7]), []);
});
