import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSourceAstray, sourceText, type ServiceSource } from '../../src/copy/fleet-source.js';

function source(part: Partial<ServiceSource>): ServiceSource {
  return {
    state: 'verified',
    since: '2026-03-01T02:41:00Z',
    release: '1.4.0',
    matching: 12,
    reported: 12,
    not_reported: 0,
    groups: 1,
    ...part,
  };
}

test('the source of a service is one line, with a shape for each state', () => {
  for (const [part, text, isAstray] of [
    [{}, '✓ verified 1.4.0, 12 of 12', false],
    [{ matching: 11, reported: 11, not_reported: 1 }, '✓ verified 1.4.0, 11 of 11, 1 not reported', false],
    [{ state: 'agreed', release: null }, '= agreed, 12 of 12', false],
    [{ state: 'rolling', matching: 7, groups: 2 }, '↻ rolling 1.4.0, 7 of 12', true],
    [{ state: 'split', matching: 7, groups: 2 }, '≠ split 1.4.0, 7 of 12', true],
    [{ state: 'mismatched', matching: 11, groups: 2 }, '✗ mismatched 1.4.0, 11 of 12', true],
    [{ state: 'not_reported', reported: 0, not_reported: 3 }, '– not reported', false],
  ] as const) {
    assert.equal(sourceText(source(part)), text);
    assert.equal(isSourceAstray(source(part)), isAstray, text);
  }
});
