/**
 * The record of all sessions, in PostgreSQL. Its clock alone decides what has expired: that of this machine may be
 * wrong, or be set back.
 */
import type { AuditDetails, Author } from '../audit/audit-entry.js';
import { PortalError } from '../../errors.js';
import { ADMIN, isPermission, type Permission } from '../permission.js';
import type { DedicatedConnection } from '../../infra/postgres-dedicated.js';
import type { Queryable } from '../../infra/postgres.js';
import type { ListedSession, LiveSession, SessionOrigin } from './session.js';

/** The channel on which the database notifies that sessions or permissions changed; migration 0003 has the triggers. */
export const SESSIONS_CHANGED = 'portal_sessions_changed';

/** Life of a session in days. */
const LIFE_DAYS = 30;
/** Life of a session that opens the administrator's pages. */
const ADMIN_LIFE_DAYS = 1;

/**
 * When a session `s` of the user `u` ends. Somebody made an Admin later on is held to the short life from then on,
 * so this is computed when it is asked for and not only when the session is made.
 */
const LASTS_UNTIL = `CASE
    WHEN u.permission >= 2 THEN least(s.expires_at, s.created_at + interval '${ADMIN_LIFE_DAYS} day')
    ELSE s.expires_at
  END`;
/** What is written once a minute may be as old. */
const IDLE_SLACK = `interval '1 minute'`;

/** The same, where a session without use for so many minutes ends too. */
function endsWhenIdle(minutes: number): string {
  if (minutes === 0) return LASTS_UNTIL;
  const idle = `coalesce(s.last_used_at, s.created_at) + interval '${minutes} minutes' + ${IDLE_SLACK}`;
  return `least(${LASTS_UNTIL}, ${idle})`;
}

/** A machine's token `m`. One that belongs to a user ends when that user is no administrator any more. */
const MACHINE_LIVES = `m.revoked_at IS NULL AND (m.expires_at IS NULL OR now() < m.expires_at)
  AND (m.user_id IS NULL OR (u.permission >= ${ADMIN} AND u.disabled_at IS NULL))`;

/** The statements about sessions. */
export interface SessionStore {
  /** Every live session among those with these token hashes, by hash. Settles within a second or so. */
  find(hashes: readonly string[]): Promise<ReadonlyMap<string, LiveSession>>;
  add(session: NewSession): Promise<ListedSession>;
  /** Every live session, of one user or of all, the newest first. */
  list(userId?: number): Promise<ListedSession[]>;
  /** Ends live sessions and gives the hashes of those it ended. */
  revoke(ids: readonly number[], author: Author): Promise<string[]>;
  /** Ends all live sessions of a user; gives their hashes. */
  revokeAllOf(userId: number, author: Author): Promise<string[]>;
  /** Ends the live sessions with these token hashes; gives the hashes of those it ended. */
  revokeByHash(hashes: readonly string[], author: Author): Promise<string[]>;
  /** Hashes of the live sessions of a user. */
  hashesOf(userId: number): Promise<string[]>;
  /** Notes that these are in use. */
  used(ids: readonly number[]): Promise<void>;
  /** Ends all but the newest `keep` of the live sessions that the service made at its starts; gives their hashes. */
  revokeOldStarts(keep: number): Promise<string[]>;
}

const ALL_STARTS_BUT_NEWEST = `id IN (
  SELECT id FROM sessions WHERE made_by = 'start' AND revoked_at IS NULL ORDER BY id DESC OFFSET $1
)`;

export interface NewSession {
  readonly userId: number;
  readonly tokenHash: string;
  readonly tokenSuffix: string;
  readonly createdBy: SessionOrigin;
  /** Where from, if not from the machine itself. */
  readonly address: string | null;
  /** For the audit. */
  readonly details: AuditDetails;
}

/** A look-up that takes longer is of no use to anybody; its connection is given up. */
const FIND_MS = 1_000;
/** Somebody waits who signs out. */
const SIGN_OUT_MS = 1_500;

/**
 * The sessions of `database`; every one that begins or ends leaves its entry in the audit, in the same statement.
 *
 * @param line - for looking up, so that nothing else can make that late
 * @param idleMinutes - for how long a session may be without use; 0: for ever
 */
export function createSessionStore(
  database: Queryable,
  line: Pick<DedicatedConnection, 'rows'>,
  idleMinutes = 0,
): SessionStore {
  const ends = endsWhenIdle(idleMinutes);
  const lives = `s.revoked_at IS NULL AND u.disabled_at IS NULL AND now() < ${ends}`;
  const lookup = lookupStatement(ends, lives);
  const listed = `s.id, u.name, u.permission, s.token_suffix, s.made_by, s.created_at, ${ends} AS ends_at`;

  /** Ends the live sessions to which `condition` on `$1` applies. Only their own user ends them from an address. */
  async function end(
    condition: string,
    value: unknown,
    author: Author,
    deadlineMs?: number,
  ): Promise<string[]> {
    const rows = await database.rows<HashRow>(
      `WITH ended AS (
         UPDATE sessions SET revoked_at = now() WHERE ${condition} AND revoked_at IS NULL
         RETURNING user_id, token_hash, token_suffix
       ), told AS (
         INSERT INTO audit (action, actor, subject, address, token_suffix, details)
         SELECT 'session_revoked', CASE WHEN $2 = 'user' THEN u.name END, u.name, $3, ended.token_suffix,
           jsonb_build_object('by', $2::text)
         FROM ended JOIN users u ON u.id = ended.user_id
       )
       SELECT encode(token_hash, 'hex') AS hash FROM ended`,
      [value, author.by, 'address' in author ? author.address : null],
      deadlineMs,
    );
    return rows.map(({ hash }) => hash);
  }

  return {
    async find(hashes) {
      const rows = await line.rows<LiveRow>(
        lookup,
        [hashes.map((hash) => Buffer.from(hash, 'hex'))],
        FIND_MS,
      );
      return new Map(rows.map((row) => [row.hash, liveSession(row)]));
    },
    async add({ userId, tokenHash, tokenSuffix, createdBy: madeBy, address, details }) {
      const [row] = await database.rows<ListedRow>(
        `WITH s AS (
           INSERT INTO sessions (user_id, token_hash, token_suffix, made_by, expires_at)
           SELECT id, $2, $3, $4, now() + CASE
             WHEN permission >= 2 THEN interval '${ADMIN_LIFE_DAYS} day' ELSE interval '${LIFE_DAYS} days' END
           FROM users WHERE id = $1 AND disabled_at IS NULL
           RETURNING *
         ), told AS (
           INSERT INTO audit (action, actor, subject, address, token_suffix, details)
           SELECT CASE WHEN s.made_by = 'code' THEN 'signed_in' ELSE 'session_created' END,
             CASE WHEN s.made_by = 'code' THEN u.name END, u.name, $5, s.token_suffix, $6::jsonb
           FROM s JOIN users u ON u.id = s.user_id
         )
         SELECT ${listed} FROM s JOIN users u ON u.id = s.user_id`,
        [userId, Buffer.from(tokenHash, 'hex'), tokenSuffix, madeBy, address, JSON.stringify(details)],
      );
      if (!row) throw new PortalError('conflict', 'The user is disabled, or not there any more.');
      return listedSession(row);
    },
    async list(userId) {
      const rows = await database.rows<ListedRow>(
        `SELECT ${listed} FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE ${lives} AND ($1::integer IS NULL OR u.id = $1)
         ORDER BY s.id DESC`,
        [userId ?? null],
      );
      return rows.map(listedSession);
    },
    revoke: (ids, author) => end('id = ANY($1::integer[])', ids, author),
    revokeAllOf: (userId, author) => end('user_id = $1 AND now() < expires_at', userId, author),
    revokeByHash: (hashes, author) =>
      end(
        'token_hash = ANY($1::bytea[]) AND now() < expires_at',
        hashes.map((hash) => Buffer.from(hash, 'hex')),
        author,
        SIGN_OUT_MS,
      ),
    async hashesOf(userId) {
      return hashesIn(
        await database.rows<HashRow>(
          `SELECT encode(token_hash, 'hex') AS hash FROM sessions
           WHERE user_id = $1 AND revoked_at IS NULL AND now() < expires_at`,
          [userId],
        ),
      );
    },
    async used(ids) {
      await database.rows('UPDATE sessions SET last_used_at = now() WHERE id = ANY($1::integer[])', [ids]);
    },
    revokeOldStarts: (keep) => end(ALL_STARTS_BUT_NEWEST, keep, { by: 'start' }),
  };
}

/** The sessions and the machines' tokens behind hashes, in one question. */
function lookupStatement(ends: string, lives: string): string {
  return `SELECT encode(s.token_hash, 'hex') AS hash, s.id, s.user_id, u.name, u.permission, false AS is_machine,
      (extract(epoch FROM ${ends}) * 1000)::float8 AS ends_ms,
      (extract(epoch FROM ${ends} - now()) * 1000)::float8 AS remaining_ms
    FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.token_hash = ANY($1::bytea[]) AND ${lives}
    UNION ALL
    SELECT encode(m.token_hash, 'hex'), -m.id, coalesce(m.user_id, 0), m.name, ${ADMIN}, true,
      coalesce(extract(epoch FROM m.expires_at) * 1000, 'Infinity')::float8,
      coalesce(extract(epoch FROM m.expires_at - now()) * 1000, 'Infinity')::float8
    FROM machine_tokens m LEFT JOIN users u ON u.id = m.user_id
    WHERE m.token_hash = ANY($1::bytea[]) AND ${MACHINE_LIVES}`;
}

interface HashRow {
  readonly hash: string;
}

interface LiveRow extends HashRow {
  readonly id: number;
  readonly user_id: number;
  readonly name: string;
  readonly permission: number;
  readonly is_machine: boolean;
  readonly ends_ms: number;
  readonly remaining_ms: number;
}

interface ListedRow {
  readonly id: number;
  readonly name: string;
  readonly permission: number;
  readonly token_suffix: string;
  readonly made_by: SessionOrigin;
  readonly created_at: Date;
  readonly ends_at: Date;
}

function hashesIn(rows: readonly HashRow[]): string[] {
  return rows.map(({ hash }) => hash);
}

function liveSession({
  id,
  user_id,
  name,
  permission,
  is_machine,
  ends_ms,
  remaining_ms,
}: LiveRow): LiveSession {
  return {
    id,
    userId: user_id,
    userName: name,
    permission: level(permission),
    isMachine: is_machine,
    expiresAtMs: ends_ms,
    remainingMs: remaining_ms,
  };
}

function listedSession({
  id,
  name,
  permission,
  token_suffix,
  made_by,
  created_at,
  ends_at,
}: ListedRow): ListedSession {
  return {
    id,
    userName: name,
    permission: level(permission),
    tokenSuffix: token_suffix,
    createdBy: made_by,
    createdAt: created_at,
    expiresAt: ends_at,
  };
}

/** The database holds levels to 0 to 3. Any other value gives no permission. */
function level(value: number): Permission {
  return isPermission(value) ? value : 0;
}
