/**
 * `GET /v1/admin/audit`: who came in, who was refused and who changed what, the newest first, page by page.
 */
import type { FastifyPluginCallback, onRequestAsyncHookHandler } from 'fastify';
import { PortalError } from '../../errors.js';
import { addAdminReading } from '../../platform/admin-reading.js';
import { whileReachable } from '../../infra/postgres.js';
import type { Audit } from '../../auth/audit/audit.js';
import type { AuditStore, StoredEntry } from '../../auth/audit/store.js';

/** What the route needs of others. */
export interface AuditRoutesOptions {
  readonly audit: Audit;
  readonly store: AuditStore;
  readonly requireAdmin: onRequestAsyncHookHandler;
}

const MOST = 200;
const USUAL = 50;

export const auditRoutes: FastifyPluginCallback<AuditRoutesOptions> = (
  app,
  { audit, store, requireAdmin },
  done,
) => {
  addAdminReading(app, {
    url: '/v1/admin/audit',
    requireAdmin,
    async read({ query }) {
      const { before, limit } = query as Readonly<Record<string, unknown>>;
      const beforeId = before === undefined ? undefined : numberIn('before', before, Number.MAX_SAFE_INTEGER);
      const atMost = limit === undefined ? USUAL : numberIn('limit', limit, MOST);
      // So that who has just come in sees it.
      await audit.flush();
      const found = await whileReachable(store.list({ before: beforeId, limit: atMost + 1 }));
      const entries = found.slice(0, atMost);
      return {
        entries: entries.map(publishedEntry),
        next: found.length > atMost ? (entries.at(-1)?.id ?? null) : null,
      };
    },
  });
  done();
};

/** @throws PortalError when a parameter is no whole number from 1 to `most` */
function numberIn(name: string, text: unknown, most: number): number {
  const value = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most) {
    throw new PortalError('badRequest', `Expected \`${name}\` to be a whole number from 1 to ${most}.`);
  }
  return value;
}

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
}: StoredEntry): object {
  return { id, at: at.toISOString(), action, actor, subject, address, token_suffix: tokenSuffix, details };
}
