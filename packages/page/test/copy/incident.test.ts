/** What an incident is called, and what of it goes into a post-mortem. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IncidentDetailDocument, IncidentDocument } from 'portal-server/api';
import { frameAround, incidentsIn, incidentTitle } from '../../src/copy/incident.js';
import { incidentMarkdown } from '../../src/copy/incident-markdown.js';

const INCIDENT: IncidentDocument = {
  id: '5f0c2a9e7b1d4c83a6e0f2917d3b8c45',
  key: 'portal/prod/orders/health',
  generation: 3,
  kind: 'health',
  fleet: 'prod',
  service: 'orders',
  shared: null,
  status: 'healthy',
  worst: 'unhealthy',
  began_at: '2026-03-01T02:41:07.000Z',
  ended_at: '2026-03-01T03:59:43.000Z',
  causes: [
    {
      code: 'DATABASE_TIMEOUT',
      service: 'orders',
      instance: '10.0.3.7:8080',
      began_at: '2026-03-01T02:41:07.000Z',
      ended_at: null,
    },
  ],
  services: ['orders'],
  instances: [{ service: 'orders', instance: '10.0.3.7:8080' }],
};

test('each kind has a title', () => {
  const title = (change: Partial<IncidentDocument>): string => incidentTitle({ ...INCIDENT, ...change });
  assert.equal(title({}), 'orders: not well');
  assert.equal(title({ kind: 'instances' }), 'orders: too few instances');
  assert.equal(title({ kind: 'blind', service: null }), 'The fleet: the watcher cannot see');
  assert.equal(
    title({ kind: 'cause', service: null, shared: 'database/pg-1', services: ['billing', 'mail'] }),
    'billing, mail: a common cause, database/pg-1',
  );
});

test('as Markdown: times in UTC, causes in order, who was told, notes; and no heading without lines', () => {
  const detail: IncidentDetailDocument = {
    incident: INCIDENT,
    alerts: [],
    notes: [{ at: '2026-03-01T02:55:00.000Z', author: 'anna', text: 'report-worker\nheld the lock' }],
  };
  const text = incidentMarkdown(detail, (code) => `Sentence of ${code}`, Date.parse('2026-03-02T00:00:00Z'));
  assert.equal(
    text,
    `# orders: not well

- Began: 2026-03-01 02:41:07 UTC
- Ended: 2026-03-01 03:59:43 UTC
- Lasted: 1 h 18 min 36 s
- At worst: unhealthy
- Services: orders
- Instances: orders 10.0.3.7:8080
- Id: 5f0c2a9e7b1d4c83a6e0f2917d3b8c45

## Causes

- 2026-03-01 02:41:07 UTC to now: Sentence of DATABASE_TIMEOUT (DATABASE_TIMEOUT), orders 10.0.3.7:8080

## Notes

- 2026-03-01 02:55:00 UTC, anna: report-worker
  held the lock
`,
  );
});

test('a frame shows what was before and after, and nothing that has not been yet', () => {
  const [began, ended] = ['2026-03-01T02:41:07Z', '2026-03-01T03:59:43Z'].map(Date.parse) as [number, number];
  const half = (ended - began) / 2;
  const later = Date.parse('2026-03-02T00:00:00Z');
  assert.deepEqual(frameAround(INCIDENT, later), { fromMs: began - half, toMs: ended + half });
  assert.deepEqual(frameAround(INCIDENT, ended + 1_000), { fromMs: began - half, toMs: ended + 1_000 });
  const open = { ...INCIDENT, ended_at: null };
  assert.deepEqual(
    frameAround(open, began + 1_000),
    { fromMs: began - 300_000, toMs: began + 1_000 },
    'five minutes',
  );
  const long = { ...INCIDENT, began_at: '2026-02-01T00:00:00.000Z' };
  const before = Date.parse(long.began_at) - frameAround(long, later).fromMs;
  assert.equal(before, 6 * 3_600_000, 'and at most six hours');
});

test('a moment is of the incidents that were open then, the end included', () => {
  const open = { ...INCIDENT, id: 'a', began_at: '2026-03-01T05:00:00.000Z', ended_at: null };
  const nowMs = Date.parse('2026-03-01T06:00:00Z');
  const at = (from: string, to = from): readonly string[] =>
    incidentsIn(
      [open, INCIDENT],
      { fromMs: Date.parse(`2026-03-01T${from}Z`), toMs: Date.parse(`2026-03-01T${to}Z`) },
      nowMs,
    ).map(({ id }) => id);
  assert.deepEqual(at('02:41:06'), []);
  assert.deepEqual(at('02:41:07'), [INCIDENT.id]);
  assert.deepEqual(at('03:59:43'), [INCIDENT.id]);
  assert.deepEqual(at('04:30:00'), []);
  assert.deepEqual(at('03:00:00', '05:30:00'), ['a', INCIDENT.id]);
  assert.deepEqual(at('06:00:00'), ['a'], 'it goes on');
  assert.deepEqual(at('06:00:01'), [], 'of what is to come nothing is known');
});
