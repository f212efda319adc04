/**
 * The record of all users, in PostgreSQL.
 */
import { isPermission, PERMISSION_NAMES, type Permission } from '../../permission.js';
import { codeOf } from '../../error-code.js';
import type { Queryable } from '../../platform/postgres.js';

/** Somebody with a name and a permission. */
export interface User {
  readonly id: number;
  readonly name: string;
  readonly permission: Permission;
  readonly createdAt: Date;
}

/** Who adds a user: somebody at the command line, or the first start of the service. */
export type MadeBy = 'command' | 'start';

/** The statements about users. */
export interface UserStore {
  /** `undefined` when there is one of that name already. */
  add(name: string, permission: Permission, by: MadeBy): Promise<User | undefined>;
  /** Everybody, by name. */
  list(): Promise<User[]>;
  /** Case of the name does not matter. */
  findByName(name: string): Promise<User | undefined>;
  setPermission(id: number, permission: Permission): Promise<void>;
  isEmpty(): Promise<boolean>;
}

const COLUMNS = 'id, name, permission, created_at';
const UNIQUE_VIOLATION = '23505';

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
        if (codeOf(error) === UNIQUE_VIOLATION) return undefined;
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
    async isEmpty() {
      const [row] = await database.rows<{ empty: boolean }>('SELECT NOT EXISTS (SELECT FROM users) AS empty');
      return row?.empty === true;
    },
  };
}

interface UserRow {
  readonly id: number;
  readonly name: string;
  readonly permission: number;
  readonly created_at: Date;
}

function user({ id, name, permission, created_at }: UserRow): User {
  return { id, name, permission: isPermission(permission) ? permission : 0, createdAt: created_at };
}
