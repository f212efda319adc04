import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveryMark, momentOfField, receiverMark, scopeWords, toldWords } from '../../src/copy/alerts.js';

const AT = '2026-03-01T02:41:00.000Z';

test('a receiver is healthy only once it has accepted something, and not while it refuses', () => {
  const status = (acceptedAt: string | null, failingSince: string | null) =>
    receiverMark({ accepted_at: acceptedAt, failing_since: failingSince }).status;
  assert.deepEqual(
    [status(null, null), status(AT, null), status(AT, AT), status(null, AT)],
    ['unknown', 'healthy', 'unhealthy', 'unhealthy'],
  );
});

test('what waits is no success, and what was given up is none either', () => {
  const marks = (['accepted', 'waiting', 'given_up'] as const).map((state) => deliveryMark(state).status);
  assert.deepEqual(marks, ['healthy', 'degraded', 'unhealthy']);
});

test('chats are told of incidents, an Alertmanager of all that is open, a heartbeat of neither', () => {
  const words = (['slack', 'alertmanager', 'heartbeat'] as const).map((type) => toldWords({ type }));
  assert.match(words[0] ?? '', /begin.*end of incidents/);
  assert.match(words[1] ?? '', /every 30 s/);
  assert.match(words[2] ?? '', /watcher works/);
});

test('a time is of the zone that the reader has chosen, and an empty field is none', () => {
  assert.equal(momentOfField('', 'utc'), undefined);
  assert.equal(momentOfField('2026-03-01T02:41', 'utc'), AT);
  const local = momentOfField('2026-07-01T02:41', 'local');
  assert.equal(local, new Date(2026, 6, 1, 2, 41).toISOString());
});

test('a pause is of a service, or of all with a label', () => {
  assert.equal(scopeWords({ service: 'orders', label: null }), 'orders');
  assert.equal(scopeWords({ service: null, label: 'team:shop' }), 'all with team:shop');
});
