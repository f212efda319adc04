/**
 * The shape of what is said about who is signed in.
 */
import { exactly, listOf, MOMENT, schemaRef, type Schema } from './schema.js';

function moment(description: string): Schema {
  return { type: 'string', format: 'date-time', pattern: MOMENT, description };
}
const SUFFIX: Schema = {
  type: 'string',
  pattern: '^[A-Za-z0-9_-]{6}$',
  description: 'Last six characters of the token, all that is ever shown of it.',
};

/** All of them, by name. */
export const SIGN_IN_SCHEMAS = {
  CodeRequest: exactly('Who wants to sign in.', {
    username: { type: 'string', pattern: '^[A-Za-z0-9._-]{3,32}$', description: 'In any case of letters.' },
  }),
  CodeRequested: exactly('The same for every name.', {
    message: { type: 'string', description: 'A sentence for a person.' },
  }),
  CodeToVerify: exactly('A code.', {
    code: { type: 'string', description: 'Eight characters, as they were delivered.' },
  }),
  Me: exactly('Who is signed in, and by which session.', {
    id: { type: 'integer', description: 'Number of the user.' },
    username: { type: 'string', description: 'As it is written.' },
    permission: {
      type: 'integer',
      minimum: 0,
      maximum: 3,
      description: 'As it stands now: 0 User, 1 Moderator, 2 Admin, 3 Owner.',
    },
    permission_name: {
      type: 'string',
      enum: ['User', 'Moderator', 'Admin', 'Owner'],
      description: 'The same in a word.',
    },
    session: schemaRef('SessionInUse'),
  }),
  SessionInUse: exactly('The session of the cookie.', {
    token_suffix: SUFFIX,
    expires_at: moment('When it ends by itself.'),
  }),
  MySessions: exactly('Where somebody is signed in.', {
    sessions: listOf(schemaRef('MySession'), 'The newest first.'),
  }),
  MySession: exactly('One session.', {
    token_suffix: SUFFIX,
    made_for: {
      type: 'string',
      enum: ['command', 'start', 'code'],
      description: 'By the command line, by a start of the service, or by a one-time code.',
    },
    created_at: moment('When it began.'),
    expires_at: moment('When it ends by itself.'),
    current: { type: 'boolean', description: 'Whether it is the one that asks.' },
  }),
} as const satisfies Record<string, Schema>;
