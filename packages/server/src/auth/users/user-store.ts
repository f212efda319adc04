/**
 * The record of all users, in PostgreSQL.
 */
import { isPermission, OWNER, PERMISSION_NAMES, type Permission } from '../permission.js';
import { errorCode } from 'portal-shared/error-code';
import type { Queryable } from '../../infra/postgres.js';

/** Somebody with a name and a permission. */
export interface User {
  readonly id: number;
  readonly name: string;
  readonly permission: Permission;
  readonly createdAt: Date;
  /** Since when the user cannot sign in; `undefined`: not disabled. */
  readonly disabledAt: Date | undefined;
}

/** What adds a user: the command line, or the first start of the service. */
export type UserOrigin = 'command' | 'start';

export interface UserStore {
  /** `undefined` when there is one of that name already. */
  add(name: string, permission: Permission, by: UserOrigin): Promise<User | undefined>;
  /** Everybody, by name. */
  list(): Promise<User[]>;
  /** Case of the name does not matter. */
  findByName(name: string): Promise<User | undefined>;
  setPermission(id: number, permission: Permission): Promise<void>;
  /**
   * Ends all sessions, codes and tokens of a user, who gets none from then on. Gives the token hashes of the sessions that ended;
   * `undefined` when this would leave no Owner who gets in.
   */
  disable(id: number): Promise<readonly string[] | undefined>;
  /** What has ended stays so. */
  enable(id: number): Promise<void>;
  /** Takes a user away, with all sessions and codes; the same is given. */
  remove(id: number): Promise<readonly string[] | undefined>;
  isEmpty(): Promise<boolean>;
}

const COLUMNS = 'id, name, permission, created_at, disabled_at';
const UNIQUE_VIOLATION = '23505';

/**
 * `gone`: the user `$1`, locked, unless no Owner would be left. All Owners are locked, in one order,
 * so that two who take one away each do not take away the last two.
 */
const UNLESS_LAST = `owners AS (
    SELECT id FROM users WHERE permission = ${OWNER} AND disabled_at IS NULL ORDER BY id FOR UPDATE
  ), gone AS (
    SELECT id, name, permission, disabled_at FROM users
    WHERE id = $1 AND (permission < ${OWNER} OR EXISTS (SELECT FROM owners WHERE owners.id <> $1))
    FOR UPDATE
  )`;
/** Ends what lets the users in `which` in, and says so. */
function endsAllOf(which: string): string {
  return `codes_ended AS (
    DELETE FROM login_codes USING ${which} WHERE login_codes.user_id = ${which}.id
  ), ended AS (
    UPDATE sessions SET revoked_at = now() FROM ${which}
    WHERE sessions.user_id = ${which}.id AND sessions.revoked_at IS NULL AND now() < sessions.expires_at
    RETURNING ${which}.name, sessions.token_suffix, encode(sessions.token_hash, 'hex') AS hash
  ), told_of_sessions AS (
    INSERT INTO audit (action, subject, token_suffix, details)
    SELECT 'session_revoked', name, token_suffix, '{"by": "command"}'::jsonb FROM ended
  ), tokens_ended AS (
    UPDATE machine_tokens SET revoked_at = now() FROM ${which}
    WHERE machine_tokens.user_id = ${which}.id AND machine_tokens.revoked_at IS NULL
    RETURNING ${which}.name AS user_name, machine_tokens.name, machine_tokens.token_suffix
  ), told_of_tokens AS (
    INSERT INTO audit (action, subject, token_suffix, details)
    SELECT 'token_revoked', user_name, token_suffix, jsonb_build_object('by', 'command', 'name', name) FROM tokens_ended
  )`;
}

/** The users of `database`; every change leaves its entry in the audit, in the same statement. */
export function createUserStore(database: Queryable): UserStore {
  return {
    async add(name, permission, by) {
      try {
        const rows = await database.rows<UserRow>(
          `WITH u AS (
             INSERT INTO users (name, permission) VALUES ($1, $2) RETURNING ${COLUMNS}
           ), told AS (
             INSERT INTO audit (action, subject, details)
             SELECT 'user_added', name, jsonb_build_object('by', $3::text, 'permission', $4::text) FROM u
           )
           SELECT ${COLUMNS} FROM u`,
          [name, permission, by, PERMISSION_NAMES[permission]],
        );
        return rows.map(user)[0];
      } catch (error) {
        if (errorCode(error) === UNIQUE_VIOLATION) return undefined;
        throw error;
      }
    },
    async list() {
      return (await database.rows<UserRow>(`SELECT ${COLUMNS} FROM users ORDER BY lower(name)`)).map(user);
    },
    async findByName(name) {
      const rows = await database.rows<UserRow>(
        `SELECT ${COLUMNS} FROM users WHERE lower(name) = lower($1)`,
        [name],
      );
      return rows.map(user)[0];
    },
    async setPermission(id, permission) {
      await database.rows(
        `WITH was AS (
           SELECT id, name, permission FROM users WHERE id = $1 FOR UPDATE
         ), changed AS (
           UPDATE users SET permission = $2 FROM was WHERE users.id = was.id AND was.permission <> $2
           RETURNING was.name, was.permission AS before
         )
         INSERT INTO audit (action, subject, details)
         SELECT 'permission_changed', name,
           jsonb_build_object('by', 'command', 'from', ($3::text[])[before + 1], 'to', ($3::text[])[$2 + 1])
         FROM changed`,
        [id, permission, PERMISSION_NAMES],
      );
    },
    async disable(id) {
      const [row] = await database.rows<TakenAway>(
        `WITH ${UNLESS_LAST}, changed AS (
           UPDATE users SET disabled_at = now() FROM gone WHERE users.id = gone.id AND gone.disabled_at IS NULL
           RETURNING gone.id, gone.name
         ), told AS (
           INSERT INTO audit (action, subject, details) SELECT 'user_disabled', name, '{"by": "command"}'::jsonb FROM changed
         ), ${endsAllOf('changed')}
         SELECT EXISTS (SELECT FROM gone) AS allowed, ARRAY(SELECT hash FROM ended) AS hashes`,
        [id],
      );
      return row?.allowed ? row.hashes : undefined;
    },
    async enable(id) {
      await database.rows(
        `WITH was AS (
           SELECT id, name FROM users WHERE id = $1 AND disabled_at IS NOT NULL FOR UPDATE
         ), changed AS (
           UPDATE users SET disabled_at = NULL FROM was WHERE users.id = was.id
         ), ${endsAllOf('was')}
         INSERT INTO audit (action, subject, details) SELECT 'user_enabled', name, '{"by": "command"}'::jsonb FROM was`,
        [id],
      );
    },
    async remove(id) {
      // The sessions go with their user: a foreign key sees to it.
      const [row] = await database.rows<TakenAway>(
        `WITH ${UNLESS_LAST}, removed AS (
           DELETE FROM users USING gone WHERE users.id = gone.id RETURNING gone.id, gone.name, gone.permission
         ), codes_ended AS (
           DELETE FROM login_codes USING removed WHERE login_codes.user_id = removed.id
         ), told AS (
           INSERT INTO audit (action, subject, details)
           SELECT 'user_removed', name,
             jsonb_build_object('by', 'command', 'permission', ($2::text[])[permission + 1])
           FROM removed
         )
         SELECT EXISTS (SELECT FROM gone) AS allowed, ARRAY(
           SELECT encode(token_hash, 'hex') FROM sessions WHERE user_id = (SELECT id FROM removed)
         ) AS hashes`,
        [id, PERMISSION_NAMES],
      );
      return row?.allowed ? row.hashes : undefined;
    },
    async isEmpty() {
      const [row] = await database.rows<{ empty: boolean }>('SELECT NOT EXISTS (SELECT FROM users) AS empty');
      return row?.empty === true;
    },
  };
}

interface TakenAway {
  readonly allowed: boolean;
  readonly hashes: readonly string[];
}

interface UserRow {
  readonly id: number;
  readonly name: string;
  readonly permission: number;
  readonly created_at: Date;
  readonly disabled_at: Date | null;
}

function user({ id, name, permission, created_at, disabled_at }: UserRow): User {
  return {
    id,
    name,
    permission: isPermission(permission) ? permission : 0,
    createdAt: created_at,
    disabledAt: disabled_at ?? undefined,
  };
}
