/**
 * The audit in PostgreSQL: what waits is added, what stands there is read.
 */
import type { AuditAction, AuditDetails, AuditEntry } from './audit-entry.js';
import type { Queryable } from '../../infra/postgres.js';

/** An entry on its way into the record. */
export interface WaitingEntry extends AuditEntry {
  /** Seconds since it happened: the clock of the database alone says when that was. */
  readonly ageS: number;
  /** What is to stand there once; `null` where it may stand there as often as it happens. */
  readonly countedAs: string | null;
}

export interface StoredEntry extends AuditEntry {
  readonly id: number;
  readonly at: Date;
}

/** The statements about the audit. */
export interface AuditStore {
  /** Refusals that stand there already, this hour, are counted on; first readings that do are left out. */
  append(entries: readonly WaitingEntry[]): Promise<void>;
  /** The newest first; only those before `before`, if given. */
  list(options: { readonly before: number | undefined; readonly limit: number }): Promise<StoredEntry[]>;
  /** The oldest first, in pages of a bounded size; an empty one is the end. */
  page(options: AuditRange): Promise<StoredEntry[]>;
  /** Throws away refusals of long ago. */
  deleteOldRejections(): Promise<void>;
}

/** A part of the audit, from an entry on. */
export interface AuditRange {
  readonly from: Date | undefined;
  /** Not included. */
  readonly to: Date | undefined;
  /** Id of the entry before the first. */
  readonly after: number | undefined;
}

const PAGE = 1_000;
/** Rejections are caused by unauthenticated clients, who can cause many. */
const REJECTIONS_KEPT_DAYS = 30;
/** A page waits for it; and what waits to be added is tried again. */
const DEADLINE_MS = 2_000;

export function createAuditStore(database: Queryable): AuditStore {
  return {
    async append(entries) {
      const rows = entries.map(
        ({ action, actor, subject, address, tokenSuffix, details, ageS, countedAs }) => ({
          action,
          actor,
          subject,
          address,
          token_suffix: tokenSuffix,
          details,
          age_s: ageS,
          counted_as: countedAs,
        }),
      );
      await database.rows(
        `INSERT INTO audit AS a (at, action, actor, subject, address, token_suffix, details, counted_as)
         SELECT now() - make_interval(secs => age_s), action, actor, subject, address, token_suffix, details,
           counted_as || CASE WHEN action = 'refused' THEN to_char(now() AT TIME ZONE 'UTC', ' YYYY-MM-DD HH24') ELSE '' END
         FROM jsonb_to_recordset($1::jsonb) AS r (action text, actor text, subject text, address text,
           token_suffix text, details jsonb, age_s float8, counted_as text)
         ON CONFLICT (counted_as) DO UPDATE
           SET details = a.details || jsonb_build_object(
             'count', (a.details->>'count')::int + (excluded.details->>'count')::int,
             'last_at', to_char(excluded.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
           WHERE a.action = 'refused'`,
        [JSON.stringify([...new Map(rows.map((row) => [row.counted_as ?? row, row])).values()])],
        DEADLINE_MS,
      );
    },
    async list({ before, limit }) {
      const rows = await database.rows<Row>(
        `SELECT id, at, action, actor, subject, address, token_suffix, details FROM audit
         WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`,
        [before ?? null, limit],
        DEADLINE_MS,
      );
      return rows.map(storedEntry);
    },
    async page({ from, to, after }) {
      const rows = await database.rows<Row>(
        `SELECT id, at, action, actor, subject, address, token_suffix, details FROM audit
         WHERE ($1::timestamptz IS NULL OR at >= $1) AND ($2::timestamptz IS NULL OR at < $2) AND id > $3
         ORDER BY id LIMIT ${PAGE}`,
        [from ?? null, to ?? null, after ?? 0],
      );
      return rows.map(storedEntry);
    },
    async deleteOldRejections() {
      await database.rows(
        `DELETE FROM audit WHERE action = 'refused' AND at < now() - interval '${REJECTIONS_KEPT_DAYS} days'`,
      );
    },
  };
}

interface Row {
  /** A number of 64 bits comes as text. */
  readonly id: string;
  readonly at: Date;
  readonly action: AuditAction;
  readonly actor: string | null;
  readonly subject: string | null;
  readonly address: string | null;
  readonly token_suffix: string | null;
  readonly details: AuditDetails;
}

function storedEntry({ id, at, action, actor, subject, address, token_suffix, details }: Row): StoredEntry {
  return { id: Number(id), at, action, actor, subject, address, tokenSuffix: token_suffix, details };
}
