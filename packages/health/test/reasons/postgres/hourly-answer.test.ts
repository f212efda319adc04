import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../../../src/reasons/catalogue.js';
import { readHourly, sightHourly } from '../../../src/reasons/postgres/hourly-answer.js';

const NOW = '2026-11-28T23:00:00+00:00';
const ago = (minutes: number): string => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();
const GB = 1e9;

function answerOf(parts: Readonly<Record<string, unknown>> = {}): string {
  const quiet = {
    now: NOW,
    ages: [2_000, 5],
    statistics: [0, 3],
    slots: null,
    senders: [null, 0.2],
    ownLag: null,
    archiver: [null, ago(300)],
    indexes: [0, 0],
    sequence: 12.5,
  };
  return JSON.stringify(Object.values({ ...quiet, ...parts }));
}

function sentences(text: string, before?: string): readonly string[] {
  const [answer, earlier] = [readHourly(text), before === undefined ? undefined : readHourly(before)];
  assert.ok(answer, text);
  return sightHourly(answer, 'database', earlier ?? undefined).map((sighting) => explain(sighting).sentence);
}

test('a quiet server has nothing to say', () => {
  assert.deepEqual(sentences(answerOf()), []);
});

test('slots without a reader: after ten minutes and a gigabyte, or when the log is about to be lost', () => {
  const slot = (
    active: boolean,
    status: string,
    safe: number | null,
    retained: number,
    since: string | null,
  ): string => answerOf({ slots: [[active, status, safe, retained, since]] });
  assert.deepEqual(sentences(slot(false, 'extended', null, 5.4 * GB, ago(11))), [
    'A replication slot without a reader holds back 5.4 GB of log',
  ]);
  assert.equal(sentences(slot(false, 'reserved', null, 5 * GB, null)).length, 1);
  assert.equal(sentences(slot(false, 'reserved', 0.5 * GB, 0.1 * GB, ago(1))).length, 1);
  assert.equal(sentences(slot(false, 'unreserved', -1, 0.1 * GB, ago(1))).length, 1);
  for (const quiet of [
    slot(true, 'reserved', null, 5 * GB, null),
    slot(false, 'reserved', null, 5 * GB, ago(9)),
    slot(false, 'reserved', null, 0.5 * GB, ago(99)),
    slot(false, 'lost', null, 5 * GB, ago(99)),
  ]) {
    assert.deepEqual(sentences(quiet), [], quiet);
  }
});

test('the archive: since the last success, if an attempt after it failed', () => {
  assert.deepEqual(sentences(answerOf({ archiver: [ago(1), ago(12)] })), [
    'The log cannot be archived since 12 min',
  ]);
  assert.deepEqual(sentences(answerOf({ archiver: [ago(1), ago(9)] })), []);
  assert.deepEqual(sentences(answerOf({ archiver: [ago(60), ago(30)] })), []);
});

test('numbers of transactions: what is left, and how bad that is', () => {
  assert.deepEqual(sentences(answerOf({ ages: [1_600_000_000, 1_000_000_000] })), [
    '544 million transactions are left before the database stops writing',
    '1,144 million shared row locks (multixacts) are left before the database stops writing',
  ]);
});

test('damage, lag, sequences, indexes', () => {
  assert.deepEqual(
    sentences(answerOf({ statistics: [2, 3], senders: [null, 31], indexes: [3, 0], sequence: 91.2 })),
    [
      'Pages of the database are damaged (2 failures of their checksum)',
      'A replica is 31 s behind the primary',
      'A sequence has used 91 % of its numbers',
      '3 indexes are invalid',
    ],
  );
  assert.deepEqual(sentences(answerOf({ ownLag: 90, indexes: [3, 1] })), [
    'A replica is 90 s behind the primary',
  ]);
});

test('deadlocks a minute, of two answers', () => {
  const before = answerOf({ now: ago(60) });
  assert.deepEqual(sentences(answerOf({ statistics: [0, 303] }), before), [
    '5 deadlocks a minute in the database',
  ]);
  assert.deepEqual(sentences(answerOf({ statistics: [0, 302] }), before), []);
  assert.deepEqual(sentences(answerOf({ statistics: [0, 1] }), before), []);
});

test('temporary files, by how many were written since the answer before', () => {
  const before = answerOf({ now: ago(60), statistics: [0, 3, 5 * GB] });
  assert.deepEqual(sentences(answerOf({ statistics: [0, 3, 17.5 * GB] }), before), [
    'Statements have written 12 GB of temporary files in 60 min',
  ]);
  // A spill of a minute counts by what it would be in an hour.
  const justNow = answerOf({ now: ago(1), statistics: [0, 3, 5 * GB] });
  assert.equal(sentences(answerOf({ statistics: [0, 3, 5.2 * GB] }), justNow).length, 1);
  assert.deepEqual(sentences(answerOf({ statistics: [0, 3, 14.9 * GB] }), before), []);
  // Without an answer before, after a reset, and where nobody tells.
  assert.deepEqual(sentences(answerOf({ statistics: [0, 3, 90 * GB] })), []);
  assert.deepEqual(sentences(answerOf({ statistics: [0, 3, 1 * GB] }), before), []);
  assert.deepEqual(sentences(answerOf({ statistics: [0, 3] }), before), []);
});

test('what is hidden or of another kind says nothing', () => {
  assert.deepEqual(sentences(JSON.stringify([NOW])), []);
  assert.deepEqual(
    sentences(JSON.stringify([NOW, 'x', [null, null], 'x', [null, 'x', {}], 'x', 7, [], 'NaN'])),
    [],
  );
  assert.equal(readHourly('[]'), undefined);
  assert.equal(readHourly(null), null);
});
