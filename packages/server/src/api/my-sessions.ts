/** `GET /v1/users/me/sessions`: where a user is signed in. */
import type { ListedSession } from '../auth/sessions/session.js';
import { whileReachable } from '../infra/postgres.js';
import { currentUser } from '../auth/current-user.js';
import { defineRoute } from './route.js';
import { choice, dateTimeMs, exactly, type FromSchema, listOf, named, yesOrNo } from './schema.js';
import { tokenSuffixSchema } from './session-schema.js';

const mySession = named(
  'MySession',
  exactly('One session.', {
    token_suffix: tokenSuffixSchema,
    created_by: choice(
      ['command', 'start', 'code'],
      'By the command line, by a start of the service, or by a one-time code.',
    ),
    created_at: dateTimeMs('When it began.'),
    expires_at: dateTimeMs('When it ends by itself.'),
    current: yesOrNo('Whether it is the one that asks.'),
  }),
);

export const mySessionsSchema = named(
  'MySessions',
  exactly('Where somebody is signed in.', { sessions: listOf(mySession, 'The newest first.') }),
);

export const mySessionsRoute = defineRoute({
  path: '/v1/users/me/sessions',
  method: 'GET',
  guard: { level: 'user', allowFallback: false },
  cache: 'noStore',
  docs: {
    id: 'mySessions',
    tag: 'Sign-in',
    summary: 'Own sessions',
    description: 'Where one is signed in, the newest first.',
  },
  answers: {
    200: {
      description: 'Those that are open.',
      schema: mySessionsSchema,
      example: {
        sessions: [
          {
            token_suffix: 'x7Kf_2',
            created_by: 'code',
            created_at: '2026-03-01T08:15:00.000Z',
            expires_at: '2026-03-02T08:15:00.000Z',
            current: true,
          },
        ],
      },
    },
  },
  async handler({ request, services: { sessions } }) {
    const { userId, sessionId } = currentUser(request);
    const own = await whileReachable(sessions.list(userId));
    return { sessions: own.map((session) => listed(session, sessionId)) };
  },
});

function listed(
  { id, tokenSuffix: suffix, createdBy: madeBy, createdAt, expiresAt }: ListedSession,
  current: number,
): FromSchema<typeof mySession> {
  return {
    token_suffix: suffix,
    created_by: madeBy,
    created_at: createdAt.toISOString(),
    expires_at: expiresAt.toISOString(),
    current: id === current,
  };
}
