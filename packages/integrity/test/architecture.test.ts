import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { findCycle, readImports } from 'portal-test-kit';

const imports = readImports(fileURLToPath(new URL('../../src', import.meta.url)));

test('no file imports itself by a detour, types included', () => {
  assert.equal(findCycle(imports), undefined);
});
