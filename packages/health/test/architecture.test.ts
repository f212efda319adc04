import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import * as portalHealth from '../src/index.js';
import { findCycle, readImports } from 'portal-test-kit';

const imports = readImports(fileURLToPath(new URL('../../src', import.meta.url)));

/** The rooms from the bottom up: a file imports from rooms below its own, or from its own. */
const FLOORS = [
  ['types', 'defaults', 'expected', 'problems'],
  ['probes', 'statistics', 'source', 'verdict'],
  ['report', 'sampler', 'attention', 'checks'],
  ['readings', 'readiness'],
  ['formats', 'options'],
  ['watched'],
  ['parts'],
  ['health'],
  ['respond'],
  ['doors'],
  ['adapters', 'index'],
];

function floorOf(file: string): number {
  const room = file.replace(/[/.].*$/, '');
  const floor = FLOORS.findIndex((rooms) => rooms.includes(room));
  assert.notEqual(floor, -1, `${file} stands in no room of the map: add it to FLOORS and to ARCHITECTURE.md`);
  return floor;
}

test('imports point down', () => {
  for (const [file, targets] of imports) {
    for (const target of targets) {
      if (!target.endsWith('.ts')) continue;
      // The vocabulary names codes of the catalogue, which names nothing.
      assert.ok(floorOf(target) <= floorOf(file), `${file} imports ${target}, which stands above it`);
    }
  }
});

test('no file imports itself by a detour, types included', () => {
  assert.equal(findCycle(imports), undefined);
});

test('the library imports nothing but Node and itself: no driver, no dependency', () => {
  for (const [file, targets] of imports) {
    for (const target of targets) {
      assert.ok(target.endsWith('.ts') || target.startsWith('node:'), `${file} imports ${target}`);
    }
  }
});

test('the public names are these; a change here is a change for everybody who embeds us', () => {
  assert.deepEqual(Object.keys(portalHealth).toSorted(), [
    'PROBLEMS',
    'createHealth',
    'isUp',
    'respond',
    'verdict',
  ]);
});
