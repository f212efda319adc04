import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, type LogLevel } from '../../src/infra/log.js';

function write(
  level: LogLevel,
  work: (log: ReturnType<typeof createLog>) => void,
): Record<string, unknown>[] {
  const lines: string[] = [];
  work(createLog({ level, destination: { write: (line) => lines.push(line) } }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const driverError = Object.assign(new Error('getaddrinfo ENOTFOUND ss'), {
  code: 'ENOTFOUND',
  hostname: 'ss',
});

test('of an error the log holds the code, not the words', () => {
  const [line, ...more] = write('info', (log) => log.failure('it failed', driverError, { part: 'database' }));
  assert.deepEqual(more, []);
  assert.equal(line?.['cause'], 'ENOTFOUND');
  assert.equal(line?.['msg'], 'it failed');
  assert.match(String(line?.['reference']), /^[0-9a-f-]{36}$/);
  assert.doesNotMatch(JSON.stringify(line), /getaddrinfo|"ss"/);
});

test('the words are there at debug, under the same reference', () => {
  const [line, inFull] = write('debug', (log) => log.failure('it failed', driverError));
  assert.equal(inFull?.['words'], 'getaddrinfo ENOTFOUND ss');
  assert.equal(inFull?.['reference'], line?.['reference']);
});

test('of a bug also where it is, without the words', () => {
  const [line] = write('info', (log) => log.bug('a bug', new TypeError('secret words\n    at secret place')));
  assert.equal(line?.['cause'], 'TypeError');
  assert.equal(line?.['level'], 'error');
  assert.match(String(line?.['stack']), /log\.test/);
  assert.doesNotMatch(JSON.stringify(line?.['stack']), /secret words/);
});

test('what is thrown need not be an error, nor its code be one', () => {
  const strange = [
    undefined,
    'p@ss',
    7,
    { code: 'X' },
    Object.assign(new Error('x'), { code: 'not a code: p@ss' }),
  ];
  for (const thrown of strange) {
    const [line] = write('info', (log) => log.failure('it failed', thrown));
    assert.match(String(line?.['cause']), /^(UNKNOWN|Error)$/);
  }
});
