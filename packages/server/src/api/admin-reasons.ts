/** `GET /v1/admin/reasons`: why something is unwell, and who causes it. */
import { reasonsDocument } from 'portal-health';
import { reasonSchema } from './reason-schema.js';
import { defineRoute } from './route.js';
import { exactly, listOf, named } from './schema.js';

export const reasonsSchema = named(
  'Reasons',
  exactly('Why something is unwell.', {
    reasons: listOf(reasonSchema, 'The most telling first; empty while nothing is seen.'),
  }),
);

export const adminReasonsRoute = defineRoute({
  path: '/v1/admin/reasons',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  contentType: 'application/json',
  docs: {
    id: 'adminReasons',
    tag: 'Health',
    summary: 'Why, and who causes it',
    description:
      'What holds the pool, who blocks whom and what is running out: seen in the background at two looks in a row, and kept ' +
      'with its age while the store is away. From memory. Never the text of a statement, a key or an argument. ' +
      'Empty as well where `PORTAL_EXPLAIN` is `off`.',
  },
  answers: {
    200: {
      description: 'As it was seen last.',
      schema: reasonsSchema,
      example: {
        reasons: [
          {
            code: 'LOCK_QUEUE',
            explains: 'DATABASE_POOL_SATURATED',
            sentence:
              '14 sessions wait for a lock, the longest for 12 s; at the head is a session of application "worker" that has ' +
              'done nothing in an open transaction for 31 s',
            figures: { sessions: 14, longest_ms: 12_400, head_ms: 31_020, application: 'worker' },
            checked_at: '2026-03-01T02:41:07.318Z',
            age_ms: 2_104,
            next: 'End the session at the head, not those in the queue. Set lock_timeout for migrations.',
          },
        ],
      },
    },
  },
  handler: ({ services: { health } }) => reasonsDocument(health.reasons('admin')),
});
