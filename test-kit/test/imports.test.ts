/** No room imports itself by a detour; the two packages hold their whole maps in tests of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findCycle, readImports } from '../src/imports.js';

for (const room of ['test-kit/src', 'bench/src', 'e2e/src']) {
  test(`${room} has no circle of imports`, () => {
    const imports = readImports(fileURLToPath(new URL(`../../../${room}`, import.meta.url)));
    assert.ok(imports.size > 10);
    assert.equal(findCycle(imports), undefined);
  });
}
