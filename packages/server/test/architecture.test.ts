import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { findCycle, readImports } from 'portal-test-kit';

const imports = readImports(fileURLToPath(new URL('../../src', import.meta.url)));

/** The rooms from the bottom up: a file imports from rooms below its own, or from its own. */
const FLOORS = [
  ['errors'],
  ['config'],
  ['infra', 'platform'],
  ['auth', 'monitoring', 'features', 'stores'],
  ['app', 'embedded-servers'],
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

test('sign-in and monitoring never import each other: what one needs of another is an argument', () => {
  for (const [file, targets] of imports) {
    if (!/^(auth|monitoring)\//.test(file)) continue;
    const other = file.startsWith('auth/') ? 'monitoring/' : 'auth/';
    for (const target of targets) assert.ok(!target.startsWith(other), `${file} imports ${target}`);
  }
});

test('only config/env.ts reads the environment, so that every setting is in the one schema', () => {
  const readers = [...imports.keys()].filter((file) =>
    readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8').includes('process.env'),
  );
  assert.deepEqual(readers, ['config/env.ts']);
});
