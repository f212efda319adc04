/** `GET /v1/admin/audit`: who came in, who was refused and who changed what, the newest first, page by page. */
import { AUDIT_ACTIONS } from '../auth/audit/audit-entry.js';
import type { StoredEntry } from '../auth/audit/audit-store.js';
import { whileReachable } from '../infra/postgres.js';
import { wholeNumberParameter } from './parameters.js';
import { defineRoute } from './route.js';
import { choice, dateTimeMs, exactly, integer, integerOrNull, listOf, named, textOrNull } from './schema.js';
import { TOKEN_SUFFIX } from './session-schema.js';

const DEFAULT_ENTRIES = 50;
const MOST_ENTRIES = 200;

const auditEntry = named(
  'AuditEntry',
  exactly('Something that was done.', {
    id: integer('Grows with time, with gaps.'),
    at: dateTimeMs('When.'),
    action: choice(AUDIT_ACTIONS, 'What.'),
    actor: textOrNull('The user who did it; `null`: whoever sits at the machine, or nobody that we know.'),
    subject: textOrNull('The user whom it was done to.'),
    address: textOrNull('From where; of IPv6, the network.'),
    token_suffix: textOrNull('Of the session that it is about.', TOKEN_SUFFIX),
    details: {
      type: 'object',
      description:
        '`by`: `command`, `start` or `user`. Of rejections `reason` (`session`, `permission` or `code`), `count` and ' +
        '`last_at`; of changes `from` and `to`; of settings their names.',
    },
  }),
);

export const auditPageSchema = named(
  'Audit',
  exactly('One page of the audit.', {
    entries: listOf(auditEntry, 'The newest first.'),
    next: integerOrNull('`before` of the next page; `null` on the last.'),
  }),
);

export const adminAuditRoute = defineRoute({
  path: '/v1/admin/audit',
  method: 'GET',
  guard: { level: 'admin', allowFallback: false },
  cache: 'noStore',
  docs: {
    id: 'adminAudit',
    tag: 'Sign-in',
    summary: 'Who came in, who was refused, who changed what',
    description:
      'The newest first. Rejections of one kind from one address in one hour are one entry, whose `details` count them, ' +
      'and are thrown away after 30 days; everything else after `PORTAL_AUDIT_DAYS`.',
  },
  query: {
    before: wholeNumberParameter('Only entries before this one: `next` of the page before.', { minimum: 1 }),
    limit: wholeNumberParameter(`Most entries of a page; ${DEFAULT_ENTRIES} when it is left out.`, {
      minimum: 1,
      maximum: MOST_ENTRIES,
    }),
  },
  answers: {
    200: {
      description: 'One page of it.',
      schema: auditPageSchema,
      example: {
        entries: [
          {
            id: 7,
            at: '2026-03-01T08:15:00.000Z',
            action: 'signed_in',
            actor: 'ada',
            subject: 'ada',
            address: '192.0.2.7',
            token_suffix: 'x7Kf_2',
            details: { code_made_by: 'request' },
          },
        ],
        next: null,
      },
    },
  },
  async handler({ query: { before, limit = DEFAULT_ENTRIES }, services: { audit, auditStore } }) {
    // So that who has just come in sees it.
    await audit.flush();
    const found = await whileReachable(auditStore.list({ before, limit: limit + 1 }));
    const entries = found.slice(0, limit);
    return {
      entries: entries.map(publishedEntry),
      next: found.length > limit ? (entries.at(-1)?.id ?? null) : null,
    };
  },
});

/** An entry as clients read it. */
export function publishedEntry({
  id,
  at,
  action,
  actor,
  subject,
  address,
  tokenSuffix,
  details,
}: StoredEntry) {
  return { id, at: at.toISOString(), action, actor, subject, address, token_suffix: tokenSuffix, details };
}
