/**
 * Tokens of machines, in PostgreSQL: made and revoked at the command line, read by the look-up of sessions. They open what
 * administrators read and nothing else.
 */
import type { Queryable } from '../../infra/postgres.js';
import { tokenHash, newMachineToken, suffixOf } from './token.js';

/** A token as an operator sees it in a list. */
export interface ListedMachine {
  readonly id: number;
  readonly name: string;
  /** With whom it ends, if with anybody. */
  readonly userName: string | null;
  /** Last six characters of the token. */
  readonly tokenSuffix: string;
  readonly createdAt: Date;
  /** `null`: never. */
  readonly expiresAt: Date | null;
}

export interface NewMachine {
  readonly name: string;
  /** Milliseconds that it is good for; `undefined`: for ever. */
  readonly lifeMs: number | undefined;
  /** With whom it ends. */
  readonly userId: number | undefined;
}

export interface Machines {
  /** The token is known here and now, and never again; `undefined`: the name is taken. */
  make(machine: NewMachine): Promise<(ListedMachine & { readonly token: string }) | undefined>;
  /** Every one that still opens something, the newest first. */
  list(): Promise<ListedMachine[]>;
  /** Ends those of this name or number; gives how many it ended. */
  revoke(nameOrId: string): Promise<number>;
}

/** What a name of one has to be. */
export const MACHINE_NAME = /^[A-Za-z0-9._-]{1,40}$/;

const LIVES = 'm.revoked_at IS NULL AND (m.expires_at IS NULL OR now() < m.expires_at)';
const COLUMNS = 'm.id, m.name, m.token_suffix, m.created_at, m.expires_at';

/**
 * The tokens of `database`; each that is made or ends leaves its entry in the audit, in the same statement.
 *
 * @param onEnded - called when some have ended, before that is reported as done
 */
export function createMachines(database: Queryable, onEnded: () => Promise<void>): Machines {
  return {
    async make({ name, lifeMs, userId }) {
      const token = newMachineToken();
      // A name is free again once its token has ended by itself.
      await database.rows(
        `UPDATE machine_tokens SET revoked_at = expires_at
         WHERE lower(name) = lower($1) AND revoked_at IS NULL AND expires_at <= now()`,
        [name],
      );
      const [row] = await database.rows<Row>(
        `WITH m AS (
           INSERT INTO machine_tokens (name, user_id, token_hash, token_suffix, expires_at)
           VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5::float8))
           ON CONFLICT DO NOTHING
           RETURNING *
         ), told AS (
           INSERT INTO audit (action, subject, token_suffix, details)
           SELECT 'token_created', u.name, m.token_suffix, jsonb_build_object('by', 'command', 'name', m.name)
           FROM m LEFT JOIN users u ON u.id = m.user_id
         )
         SELECT ${COLUMNS}, u.name AS user_name FROM m LEFT JOIN users u ON u.id = m.user_id`,
        [
          name,
          userId ?? null,
          Buffer.from(tokenHash(token), 'hex'),
          suffixOf(token),
          lifeMs === undefined ? null : lifeMs / 1_000,
        ],
      );
      return row && { ...listedMachine(row), token };
    },
    async list() {
      const rows = await database.rows<Row>(
        `SELECT ${COLUMNS}, u.name AS user_name FROM machine_tokens m LEFT JOIN users u ON u.id = m.user_id
         WHERE ${LIVES} ORDER BY m.id DESC`,
      );
      return rows.map(listedMachine);
    },
    async revoke(nameOrId) {
      const rows = await database.rows(
        `WITH m AS (
           UPDATE machine_tokens m SET revoked_at = now()
           WHERE ${LIVES} AND (lower(name) = lower($1) OR id::text = $1)
           RETURNING *
         ), told AS (
           INSERT INTO audit (action, subject, token_suffix, details)
           SELECT 'token_revoked', u.name, m.token_suffix, jsonb_build_object('by', 'command', 'name', m.name)
           FROM m LEFT JOIN users u ON u.id = m.user_id
         )
         SELECT id FROM m`,
        [nameOrId],
      );
      if (rows.length > 0) await onEnded();
      return rows.length;
    },
  };
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly user_name: string | null;
  readonly token_suffix: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
}

function listedMachine({ id, name, user_name, token_suffix, created_at, expires_at }: Row): ListedMachine {
  return {
    id,
    name,
    userName: user_name,
    tokenSuffix: token_suffix,
    createdAt: created_at,
    expiresAt: expires_at,
  };
}
