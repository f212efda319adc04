import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCircuit } from '../../../src/features/sessions/circuit.js';

test('a store is asked until it is silent, then spared, then tried by one', () => {
  let nowMs = 0;
  const circuit = createCircuit(
    () => false,
    () => nowMs,
  );
  assert.equal(circuit.advice(), 'ask');
  assert.equal(circuit.silent(), true);
  assert.equal(circuit.silent(), false, 'it is news only once');
  assert.equal(circuit.advice(), 'spare');
  nowMs += 1_000;
  assert.equal(circuit.advice(), 'ask');
  assert.equal(circuit.advice(), 'spare', 'the others wait for the one that tries');
  circuit.answered();
  assert.equal(circuit.advice(), 'ask');
  assert.equal(circuit.silent(), true);
});

test('what its probe calls down is not asked', () => {
  let down = true;
  const circuit = createCircuit(() => down);
  assert.equal(circuit.advice(), 'down');
  down = false;
  assert.equal(circuit.advice(), 'ask');
});
