/** `GET /v1/users/me`: who is signed in. Also from memory, so that the page about an outage knows in the outage. */
import { ADMIN, PERMISSION_NAMES } from '../auth/permission.js';
import { type CurrentUser, currentUser } from '../auth/current-user.js';
import { defineRoute } from './route.js';
import { choice, dateTimeMs, exactly, type FromSchema, integer, named, text, textOrNull } from './schema.js';
import type { ApiServices } from './services.js';
import { tokenSuffixSchema } from './session-schema.js';

export const meSchema = named(
  'Me',
  exactly('Who is signed in, and by which session.', {
    id: integer('Number of the user.'),
    username: text('As it is written.'),
    permission: integer('As it stands now: 0 User, 1 Moderator, 2 Admin, 3 Owner.', {
      minimum: 0,
      maximum: 3,
    }),
    permission_name: choice(['User', 'Moderator', 'Admin', 'Owner'], 'The same in a word.'),
    runbook_url: textOrNull(
      'Of the operator’s own words on a code, which takes the place of `{code}`. `null` where none is set, and below Admin.',
    ),
    session: named(
      'SessionInUse',
      exactly('The session of the cookie.', {
        token_suffix: tokenSuffixSchema,
        expires_at: dateTimeMs('When it ends by itself.'),
      }),
    ),
  }),
);

export const ME_EXAMPLE = {
  id: 1,
  username: 'ada',
  permission: 3,
  permission_name: 'Owner',
  runbook_url: 'https://wiki.example.org/runbooks/{code}',
  session: { token_suffix: 'x7Kf_2', expires_at: '2026-03-02T08:15:00.000Z' },
};

export const meRoute = defineRoute({
  path: '/v1/users/me',
  method: 'GET',
  guard: { level: 'user', allowFallback: true },
  cache: 'noStore',
  docs: {
    id: 'me',
    tag: 'Sign-in',
    summary: 'Who is signed in',
    description: 'For everybody who is; administrators get it also while the database is away.',
  },
  answers: { 200: { description: 'This one.', schema: meSchema, example: ME_EXAMPLE } },
  handler: ({ request, services }) => meDocument(currentUser(request), services),
});

/** Who somebody is, for themselves. */
export function meDocument(
  { userId, userName, permission, tokenSuffix: suffix, expiresAtMs }: CurrentUser,
  { runbookUrl }: Pick<ApiServices, 'runbookUrl'>,
): FromSchema<typeof meSchema> {
  return {
    id: userId,
    username: userName,
    permission,
    permission_name: PERMISSION_NAMES[permission],
    // It names a host of the operator's.
    runbook_url: permission >= ADMIN ? (runbookUrl ?? null) : null,
    session: { token_suffix: suffix, expires_at: new Date(expiresAtMs).toISOString() },
  };
}
