import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { findCycle, readImports } from 'portal-test-kit';

const imports = readImports(fileURLToPath(new URL('../../src', import.meta.url)));

/** The rooms from the bottom up: a file imports from rooms below its own, or from its own. */
const FLOORS = [
  [
    'permission',
    'audit-entry',
    'error-code',
    'errors',
    'private-files',
    'setting-rules',
    'address-rules',
    'embedded',
  ],
  ['settings', 'setting-texts', 'whereabouts'],
  ['config'],
  ['platform'],
  ['features'],
  ['records', 'recording', 'retention'],
  ['entrance'],
  ['app', 'addresses', 'own-servers'],
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

test('imports point down', () => {
  for (const [file, targets] of imports) {
    for (const target of targets.filter((one) => one.endsWith('.ts'))) {
      assert.ok(floorOf(target) <= floorOf(file), `${file} imports ${target}, which stands above it`);
    }
  }
});

test('no file imports itself by a detour, types included', () => {
  assert.equal(findCycle(imports), undefined);
});

test('features never import each other: what one needs of another is an argument', () => {
  const feature = (file: string): string | undefined => /^features\/([^/]+)\//.exec(file)?.[1];
  for (const [file, targets] of imports) {
    for (const target of targets) {
      if (feature(file) === undefined || feature(target) === undefined) continue;
      assert.equal(feature(target), feature(file), `${file} imports ${target}`);
    }
  }
});

test('the embedded servers stand alone: they know nothing of the service', () => {
  for (const [file, targets] of imports) {
    if (roomOf(file) !== 'embedded') continue;
    for (const target of targets.filter((one) => one.endsWith('.ts'))) {
      assert.ok(
        ['embedded', 'error-code', 'private-files'].includes(roomOf(target)),
        `${file} imports ${target}`,
      );
    }
  }
});

test('only config.ts reads the environment, so that every setting is in the one schema', () => {
  const readers = [...imports.keys()].filter((file) =>
    readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8').includes('process.env'),
  );
  assert.deepEqual(readers, ['config.ts']);
});
