import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from '../../src/reasons/catalogue.js';
import type { SessionDetail } from '../../src/reasons/explain-options.js';
import { withDetails } from '../../src/reasons/session-details.js';
import type { Sighting } from '../../src/reasons/sighting.js';

const LEFT_OPEN: Sighting = {
  code: 'TRANSACTION_LEFT_OPEN',
  component: 'database',
  figures: { connections: 1, longest_ms: 61_000, pid: 4_711 },
  names: { application: 'worker', role: 'app', address: '10.1.2.3' },
};

function shown(...show: SessionDetail[]): ReturnType<typeof explain> {
  return explain(withDetails(LEFT_OPEN, show));
}

void test('address and pid only where they are asked for', () => {
  const { sentence, figures } = shown('application', 'role');
  equal(
    sentence,
    '1 session of application "worker" does nothing in an open transaction, the longest for 61 s',
  );
  deepEqual(figures, { connections: 1, longest_ms: 61_000, application: 'worker', role: 'app' });
  const all = shown('application', 'role', 'address', 'pid').figures;
  deepEqual([all['pid'], all['address']], [4_711, '10.1.2.3']);
});

void test('what is not to be shown is not, and is never taken for our own', () => {
  equal(
    shown('role').sentence,
    '1 session of role "app" does nothing in an open transaction, the longest for 61 s',
  );
  const { sentence, figures } = shown();
  equal(
    sentence,
    '1 session of application "not shown" does nothing in an open transaction, the longest for 61 s',
  );
  deepEqual(Object.keys(figures), ['connections', 'longest_ms', 'application']);
});
