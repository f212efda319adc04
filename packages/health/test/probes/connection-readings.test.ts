import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConnectionReadings } from '../../src/probes/connection-readings.js';

const UP = { state: 'up', latencyMs: 1, problems: [] } as const;
const DOWN = { state: 'down', latencyMs: null, problems: ['NAME_LOOKUP'] } as const;

test('the last of each connection; a certificate is known also while its server is away', () => {
  const readings = createConnectionReadings();
  assert.deepEqual(readings.all(), []);
  readings.note('database', 'database', { ...UP, connection: { certificateEndsAtMs: 7, lookUpMs: 600 } });
  readings.note('database', 'database', { ...DOWN, cause: { code: 'ENOTFOUND', message: 'getaddrinfo' } });
  readings.note('cache', 'sessions', DOWN);
  readings.note('cache', 'cache', UP);
  assert.deepEqual(readings.all(), [
    {
      type: 'database',
      component: 'database',
      certificateEndsAtMs: 7,
      lookUpMs: null,
      lookUpError: 'ENOTFOUND',
    },
    {
      type: 'cache',
      component: 'cache.sessions',
      certificateEndsAtMs: null,
      lookUpMs: null,
      lookUpError: 'NO_ANSWER',
    },
    { type: 'cache', component: 'cache', certificateEndsAtMs: null, lookUpMs: null, lookUpError: null },
  ]);
});
