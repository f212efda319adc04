import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

test('only config/env.ts reads the environment, so that every setting is in the one schema', () => {
  const sources = new URL('../../src/', import.meta.url);
  const readers = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && readFileSync(new URL(file, sources), 'utf8').includes('process.env'),
  );
  assert.deepEqual(readers, ['config/env.ts']);
});
