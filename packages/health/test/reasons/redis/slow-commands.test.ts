import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSlowCommands } from '../../../src/reasons/redis/slow-commands.js';

const FIRST = { lastId: undefined, sinceSeconds: 1_000 };

const entry = (id: number, seconds: number, micros: number, ...words: readonly unknown[]): unknown => [
  id,
  seconds,
  micros,
  words,
  '127.0.0.1:5',
  'name',
];

test('the longest by its name, and how many: of a first look the recent ones, later those that are new', () => {
  const log = [
    entry(9, 1_010, 150_000, 'KEYS', '*secret*'),
    entry(8, 1_005, 900_000, 'eval', 'secret script'),
    entry(7, 999, 2_000_000, 'SORT', 'secret'),
    entry(6, 1_001, 99_000, 'GET', 'short'),
  ];
  assert.deepEqual(readSlowCommands(log, FIRST), {
    commands: 2,
    longestMs: 900,
    lastSeconds: 1_010,
    name: 'eval',
    lastId: 9,
  });
  assert.deepEqual(readSlowCommands(log, { ...FIRST, lastId: 8 }), {
    commands: 1,
    longestMs: 150,
    lastSeconds: 1_010,
    name: 'KEYS',
    lastId: 9,
  });
  assert.equal(readSlowCommands(log, { ...FIRST, lastId: 9 })?.commands, 0);
  assert.ok(!JSON.stringify(readSlowCommands(log, FIRST)).includes('secret'));
});

test('a log that begins anew is read from its beginning', () => {
  assert.equal(readSlowCommands([entry(0, 1_010, 200_000, 'KEYS')], { ...FIRST, lastId: 40 })?.commands, 1);
});

test('a name that is none is not told, whatever the server says', () => {
  for (const name of ['<!channel> KEYS', 'K'.repeat(40), '', 7, null, ['KEYS'], 'GÉT']) {
    const found = readSlowCommands([entry(1, 1_010, 200_000, name)], FIRST);
    assert.deepEqual([found?.commands, found?.name], [1, undefined], String(name));
  }
});

test('what is no log, or too long a one, is bounded', () => {
  for (const wrong of [undefined, null, 'OK', 7, {}]) assert.equal(readSlowCommands(wrong, FIRST), undefined);
  assert.equal(readSlowCommands([], FIRST)?.commands, 0);
  const junk = [
    null,
    1,
    [],
    [1],
    ['x', 'y', 'z', 'w'],
    [-1, 1, 1, []],
    [1.5, 2, 3, []],
    entry(2, 1_010, -5, 'KEYS'),
  ];
  assert.equal(readSlowCommands(junk, FIRST)?.commands, 0);
  const long = Array.from({ length: 100_000 }, (_, id) => entry(id, 1_010, 200_000, 'KEYS'));
  assert.equal(readSlowCommands(long, FIRST)?.commands, 16);
});
