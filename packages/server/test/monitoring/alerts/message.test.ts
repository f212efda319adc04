/** Reasons in an alert: for machines as they are, for chats without anything that becomes a link or a mention. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyFor, type Alert } from '../../../src/monitoring/alerts/message.js';

const SENTENCE =
  '14 sessions wait for a lock, the longest for 2.5 s; at the head is a session of application "http://evil.example/login"';

const ALERT: Alert = {
  type: 'incident.began',
  incident: 'id',
  key: 'portal/default/portal/health',
  kind: 'health',
  fleet: 'default',
  service: 'portal',
  shared: null,
  services: ['portal'],
  instances: [{ service: 'portal', instance: 'host' }],
  status: 'degraded',
  since: '2026-03-01T02:41:07.000Z',
  until: null,
  codes: ['DATABASE_POOL_SATURATED'],
  errors: ['All connections are in use (DATABASE_POOL_SATURATED)'],
  runbooks: [],
  reasons: [
    {
      code: 'LOCK_QUEUE',
      explains: 'DATABASE_POOL_SATURATED',
      sentence: SENTENCE,
      next: 'End the session at the head.',
    },
  ],
  instance: 'host',
  link: null,
  files: null,
};

test('a machine gets the reasons as they are', () => {
  const { data } = JSON.parse(bodyFor('generic', ALERT)) as { data: { reasons: unknown; text: string } };
  assert.deepEqual(data.reasons, ALERT.reasons);
  assert.ok(data.text.endsWith(`Why: ${SENTENCE}. Next: End the session at the head`));
});

for (const type of ['slack', 'discord', 'telegram'] as const) {
  test(`${type} gets the sentence, of which nothing is a link`, () => {
    const body = bodyFor(type, ALERT);
    assert.match(body, /Why: 14 sessions wait for a lock, the longest for 2\.5 s/);
    assert.ok(!/https?:\/\/|evil\.example/.test(body));
    assert.ok(body.replaceAll('\u200C', '').includes('evil.example/login'));
  });
}

test('what is known only later has a message of its own', () => {
  const body = bodyFor('slack', { ...ALERT, type: 'incident.explained' });
  assert.match(body, /▲ why degraded: host, since 2026-03-01 02:41:07 UTC\. Why: 14 sessions/);
});

test('a fleet has services by their names, and a link where there is one', () => {
  const link = 'https://status.example.org/incidents/id';
  const of = { ...ALERT, reasons: [], link, instances: [{ service: 'orders', instance: '10.0.0.7:80' }] };
  const text = (alert: Partial<Alert>): string =>
    (JSON.parse(bodyFor('slack', { ...of, ...alert })) as { text: string }).text;
  assert.equal(
    text({ service: 'orders', fleet: 'prod' }),
    `▲ degraded: orders of prod, since 2026-03-01 02:41:07 UTC. All connections are in use (DATABASE_POOL_SATURATED)\n${link}`,
  );
  assert.match(
    text({ kind: 'cause', service: null, shared: 'database/pg-1', services: ['billing', 'mail'] }),
    /^▲ degraded: billing, mail by database\/pg-1, since /,
  );
  assert.match(text({ kind: 'flapping', service: 'orders', errors: [] }), /It changes to and fro/);
});

test('an end says of what: one that no longer flaps may well be unwell', () => {
  const text = (kind: Alert['kind']): string => {
    const body = bodyFor('slack', {
      ...ALERT,
      kind,
      type: 'incident.ended',
      status: 'healthy',
      until: ALERT.since,
    });
    return (JSON.parse(body) as { text: string }).text;
  };
  assert.match(text('health'), /^● healthy again: /);
  for (const kind of ['flapping', 'instances', 'discovery', 'blind'] as const) {
    assert.match(text(kind), /^● [a-z ]+: .+, since /);
    assert.doesNotMatch(text(kind), /healthy/);
  }
});

test('PagerDuty gets one key for all watchers, and its end by the same', () => {
  const began = JSON.parse(bodyFor('pagerduty', ALERT, 'R'.repeat(32))) as Record<string, unknown>;
  assert.deepEqual(
    [began['event_action'], began['dedup_key'], began['routing_key']],
    ['trigger', ALERT.key, 'R'.repeat(32)],
  );
  const { summary, severity, source } = began['payload'] as Record<string, unknown>;
  assert.deepEqual([severity, source], ['warning', 'portal']);
  assert.match(String(summary), /^▲ degraded: host/);
  const ended = { ...ALERT, type: 'incident.ended', until: ALERT.since } as const;
  assert.deepEqual(JSON.parse(bodyFor('pagerduty', ended, 'R')), {
    routing_key: 'R',
    dedup_key: ALERT.key,
    event_action: 'resolve',
  });
});

test('a runbook of each code: for machines all, for chats that of the first, on a line of its own', () => {
  const runbooks = ['DATABASE_POOL_SATURATED', 'CACHE_TIMEOUT'].map((code) => ({
    code,
    url: `https://wiki.example.org/runbooks?of=${code}&from=alert`,
  }));
  const alert = { ...ALERT, reasons: [], runbooks, link: 'https://status.example.org/incidents/id' };
  const { data } = JSON.parse(bodyFor('generic', alert)) as { data: { runbooks: unknown } };
  assert.deepEqual(data.runbooks, runbooks);
  const { content } = JSON.parse(bodyFor('discord', alert)) as { content: string };
  assert.deepEqual(content.split('\n').slice(1), [alert.link, `Runbook: ${runbooks[0]?.url}`]);
  const { links } = JSON.parse(bodyFor('pagerduty', alert, 'R')) as { links: readonly { href: string }[] };
  assert.deepEqual(
    links.map(({ href }) => href),
    [alert.link, ...runbooks.map(({ url }) => url)],
  );
});
