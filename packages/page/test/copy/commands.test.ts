import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBLEM_ADVICE } from 'portal-health/advice';
import { isCommand } from '../../src/copy/commands.js';
import { FLEET_ADVICE } from '../../src/copy/fleet-problems.js';

test('what is typed somewhere can be copied: programs and statements, and no names, settings and figures', () => {
  const commands = ['redis-cli --latency', 'SLOWLOG GET', 'ulimit -n', 'portal doctor', 'SELECT 1 FROM t'];
  const names = ['maxmemory', 'DATABASE_URL', 'release()', 'KEYS', 'startup parameter', 'E_READ', 'path'];
  assert.deepEqual([...commands, ...names].filter(isCommand), commands);
});

test('in all that the page advises, whatever has a space in it is a command, or the name of a parameter', () => {
  const texts = [...Object.values(PROBLEM_ADVICE), ...Object.values(FLEET_ADVICE)].flatMap(
    ({ means, next }) => [means, next],
  );
  const codes = texts.flatMap((text) => text.split('`').filter((_, index) => index % 2 === 1));
  assert.ok(codes.some(isCommand));
  assert.deepEqual(
    codes.filter((code) => code.includes(' ') && !isCommand(code)),
    ['startup parameter'],
  );
});
