import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, count, milliseconds, orNotMeasured, percent } from '../../src/copy/numbers.js';
import { createMoments, duration, utc } from '../../src/copy/time.js';

test('figures as people read them; what was not measured is never 0', () => {
  const sizes = [0, 999, 1_814_192, 2e9].map((value) => bytes(value, 'en-GB'));
  assert.deepEqual(sizes, ['0 B', '999 B', '1.8 MB', '2 GB']);
  const counts = [200, 75_000, 1.25, 123.4].map((value) => count(value, 'en-GB'));
  assert.deepEqual(counts, ['200', '75,000', '1.3', '123']);
  assert.deepEqual([milliseconds(1.25, 'en-GB'), percent(96.2, 'en-GB')], ['1.3 ms', '96.2 %']);
  assert.equal(orNotMeasured(null, percent), 'not measured');
  assert.equal(orNotMeasured(0, percent), '0 %');
});

test('figures as the language of the reader writes them', () => {
  assert.deepEqual([count(75_000, 'de-DE'), milliseconds(1.25, 'de-DE')], ['75.000', '1,3 ms']);
  assert.deepEqual([bytes(1_814_192, 'fr-FR'), count(75_000, 'fr-FR')], ['1,8 MB', '75\u202F000']);
});

test('durations in two units at most, and never before their beginning', () => {
  const seconds = [-3, 8, 75, 600, 12_000, 86_400, 1_051_200].map((second) => duration(second * 1_000));
  assert.deepEqual(seconds, ['0 s', '8 s', '1 min 15 s', '10 min', '3 h 20 min', '1 d', '12 d 4 h']);
  assert.equal(utc(Date.UTC(2026, 2, 1, 2, 41, 7)), '2026-03-01 02:41:07 UTC');
});

test('moments in the language of the reader: today the time, then the day, then the year; UTC says that it is', () => {
  const at = Date.UTC(2026, 2, 1, 2, 41, 7);
  const { moment, clock, day } = createMoments('utc', 'en-GB');
  assert.equal(moment(at, Date.UTC(2026, 2, 1, 23)), '02:41:07 UTC');
  // Versions of the tables differ by the comma.
  assert.match(moment(at, Date.UTC(2026, 2, 2, 0)), /^Sun,? 1 Mar, 02:41:07 UTC$/);
  assert.equal(moment(at, Date.UTC(2027, 2, 1)), '1 Mar 2026, 02:41:07 UTC');
  assert.deepEqual([clock(at), day(at)], ['02:41', '1 Mar']);
  assert.equal(createMoments('utc', 'de-DE').moment(at, Date.UTC(2027, 2, 1)), '1. März 2026, 02:41:07 UTC');
  assert.match(createMoments('utc', 'en-US').moment(at, at), /^02:41:07.AM UTC$/);
});

test('a day ends where the reader is, and in UTC with UTC', () => {
  const before = Date.UTC(2026, 2, 1, 23, 59, 59);
  assert.match(createMoments('utc', 'en-GB').moment(before, before + 2_000), /^Sun,? 1 Mar/);
  const local = new Date(2026, 2, 1, 23, 59, 59).getTime();
  assert.match(createMoments('local', 'en-GB').moment(local, local + 2_000), /^Sun,? 1 Mar, 23:59:59$/);
});
