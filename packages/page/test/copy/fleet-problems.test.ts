import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FLEET_ADVICE } from '../../src/copy/fleet-problems.js';

const guide = readFileSync(new URL('../../../../../../docs/fleet.md', import.meta.url), 'utf8');

test('the guide to the fleet says the same, word by word', () => {
  const rows = [...guide.matchAll(/^\| `((?:INSTANCE|FLEET)_[A-Z_]+)` \| (.*) \| (.*) \|$/gm)];
  const said = rows.map(([, code, means, next]) => [code, { means, next }]);
  assert.ok(said.length > 0);
  assert.deepEqual(Object.fromEntries(said), FLEET_ADVICE);
});
