import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findCycle, readImports } from 'portal-test-kit';

const imports = readImports(fileURLToPath(new URL('../../src', import.meta.url)));

/** The rooms from the bottom up: a file imports from rooms below its own, or from its own. */
const FLOORS = [
  ['error-code', 'errors', 'permission', 'setting-rules', 'embedded'],
  ['settings', 'platform'],
  ['config', 'features'],
  ['records'],
  ['app', 'whereabouts'],
  ['serve'],
  ['cli'],
  ['main'],
];

function roomOf(file: string): string {
  return file.replace(/[/.].*$/, '');
}

function floorOf(file: string): number {
  const floor = FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));
  assert.notEqual(floor, -1, `${file} stands in no room of the map: add it to FLOORS and to ARCHITECTURE.md`);
  return floor;
}

function inside(): [file: string, targets: readonly string[]][] {
  return [...imports].map(([file, targets]) => [
    file,
    [...targets].filter((target) => target.endsWith('.ts')),
  ]);
}

test('imports point down', () => {
  for (const [file, targets] of inside()) {
    for (const target of targets) {
      assert.ok(floorOf(target) <= floorOf(file), `${file} imports ${target}, which stands above it`);
    }
  }
});

test('no file imports itself by a detour, types included', () => {
  assert.equal(findCycle(imports), undefined);
});

test('features never import each other', () => {
  const featureOf = (file: string) => /^features\/([^/]+)\//.exec(file)?.[1];
  for (const [file, targets] of inside()) {
    const feature = featureOf(file);
    if (feature === undefined) continue;
    for (const target of targets) {
      assert.ok([feature, undefined].includes(featureOf(target)), `${file} imports ${target}`);
    }
  }
});

test('the embedded servers stand alone', () => {
  for (const [file, targets] of inside()) {
    if (roomOf(file) !== 'embedded') continue;
    for (const target of targets) {
      assert.ok(['embedded', 'error-code'].includes(roomOf(target)), `${file} imports ${target}`);
    }
  }
});

test('each package of others has its room', () => {
  const rooms: Readonly<Record<string, RegExp>> = {
    pg: /^(platform|embedded)\/postgres\.ts$/,
    ioredis: /^platform\/redis\.ts$/,
    pino: /^platform\/log\.ts$/,
    commander: /^cli\//,
    cookie: /^features\/sessions\/cookie\.ts$/,
  };
  for (const [file, targets] of imports) {
    for (const target of targets) {
      const room = rooms[target];
      if (room) assert.match(file, room, `${file} imports ${target}`);
    }
  }
});
