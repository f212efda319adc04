/** Reasons in an alert: for machines as they are, for chats without anything that becomes a link or a mention. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyFor, type Alert } from '../../../src/monitoring/alerts/message.js';

const SENTENCE =
  '14 sessions wait for a lock, the longest for 2.5 s; at the head is a session of application "http://evil.example/login"';

const ALERT: Alert = {
  type: 'incident.began',
  incident: 'id',
  status: 'degraded',
  since: '2026-03-01T02:41:07.000Z',
  until: null,
  codes: ['DATABASE_POOL_SATURATED'],
  reasons: [
    {
      code: 'LOCK_QUEUE',
      explains: 'DATABASE_POOL_SATURATED',
      sentence: SENTENCE,
      next: 'End the session at the head.',
    },
  ],
  instance: 'host',
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
