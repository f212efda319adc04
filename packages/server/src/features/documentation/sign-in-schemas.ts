/**
 * The shape of what is said about who is signed in.
 */
import { AUDIT_ACTIONS } from '../../auth/audit/audit-entry.js';
import { exactly, listOf, MOMENT, schemaRef, textOrNull, type Schema } from './schema.js';

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
  Audit: exactly('One page of the audit.', {
    entries: listOf(schemaRef('AuditEntry'), 'The newest first.'),
    next: { type: ['integer', 'null'], description: '`before` of the next page; `null` on the last.' },
  }),
  AuditEntry: exactly('Something that was done.', {
    id: { type: 'integer', description: 'Grows with time, with gaps.' },
    at: moment('When.'),
    action: { type: 'string', enum: AUDIT_ACTIONS, description: 'What.' },
    actor: textOrNull('The user who did it; `null`: whoever sits at the machine, or nobody that we know.'),
    subject: textOrNull('The user whom it was done to.'),
    address: textOrNull('From where; of IPv6, the network.'),
    token_suffix: textOrNull('Of the session that it is about.', SUFFIX.pattern),
    details: {
      type: 'object',
      description:
        '`by`: `command`, `start` or `user`. Of refusals `reason` (`session`, `permission` or `code`), `count` and ' +
        '`last_at`; of changes `from` and `to`; of settings their names.',
    },
  }),
  CodeRequest: exactly('Who wants to sign in.', {
    username: { type: 'string', pattern: '^[A-Za-z0-9._-]{3,32}$', description: 'In any case of letters.' },
  }),
  CodeRequested: exactly('The same for every name.', {
    message: { type: 'string', description: 'A sentence for a person.' },
  }),
  CodeToVerify: exactly('A code.', {
    code: {
      type: 'string',
      description: 'As it was delivered: twelve characters, or sixteen from whoever runs the service.',
    },
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
