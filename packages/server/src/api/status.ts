/** `GET /v1/status`: how things stand, for anyone. */
import { heldCauseSchema } from './event-schema.js';
import { statusSchema } from './report-schema.js';
import { defineRoute } from './route.js';
import {
  dateTimeMs,
  exactly,
  type FromSchema,
  listOf,
  MOMENT,
  named,
  text,
  textOrNull,
  yesOrNo,
} from './schema.js';
import type { ApiServices } from './services.js';

export const publicStatusSchema = named(
  'PublicStatus',
  exactly('How things stand, for anybody.', {
    status: statusSchema,
    sentence: text('The worst cause in words, or that everything answers.'),
    since: dateTimeMs('Since when the status is what it is, also from before a start of this process.'),
    database: yesOrNo('Whether the database answers.'),
    cache: yesOrNo('Whether the cache answers.'),
    causes: listOf(heldCauseSchema, 'What is wrong, the worst first: the codes that `GET /health` names.'),
    checked_at: textOrNull('When either was last looked at.', MOMENT),
    codes_delivered: yesOrNo(
      'Whether who asks for a one-time code is sent one; else only whoever runs the service makes codes.',
    ),
  }),
);

export const statusRoute = defineRoute({
  path: '/v1/status',
  method: 'GET',
  guard: 'anyone',
  cache: 'noStorePublic',
  docs: {
    id: 'status',
    tag: 'Health',
    summary: 'The status and since when',
    description: 'For anyone: what the page shows before signing in. Always 200, from memory.',
  },
  answers: {
    200: {
      description: 'As it is known now.',
      schema: publicStatusSchema,
      example: {
        status: 'degraded',
        sentence: 'the cache does not answer in time',
        since: '2026-03-01T02:41:07.318Z',
        database: true,
        cache: false,
        causes: [{ component: 'cache', code: 'CACHE_TIMEOUT', since: '2026-03-01T02:41:07.318Z' }],
        checked_at: '2026-03-01T02:47:11.402Z',
        codes_delivered: true,
      },
    },
  },
  handler: ({ services }) => publicStatusDocument(services),
});

export function publicStatusDocument({
  statusTracker,
  signIn,
}: Pick<ApiServices, 'statusTracker' | 'signIn'>): FromSchema<typeof publicStatusSchema> {
  const known = statusTracker.publicStatus();
  return {
    ...known,
    // `null` only where nothing of the kind is watched; the service watches both.
    database: known.database === true,
    cache: known.cache === true,
    codes_delivered: signIn.isDeliverable,
  };
}
