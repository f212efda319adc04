/**
 * The record of one-time codes, in PostgreSQL: each question is one statement, which does the same work whoever is asked
 * about, and whose parts no other statement can come between.
 */
import type { Queryable } from '../../platform/postgres.js';

const LIFE_MINUTES = 10;
/** Codes that one address can have open, of whatever names. */
export const MOST_OPEN_OF_ADDRESS = 5;
/** Codes that one user can have open by request, from whatever addresses: nobody is flooded with them. */
export const MOST_OPEN_OF_USER = 20;
/** Wrong tries, of all addresses together, after which a code is worth nothing. */
export const MOST_WRONG_TRIES = 1_000;
/** A person waits at the other end. */
const DEADLINE_MS = 2_000;

const OPEN = `used_at IS NULL AND expires_at > now() AND wrong_tries < ${MOST_WRONG_TRIES}`;

/** Where a code came from: a request at the door, the command line, or the start of the service. */
export type CodeMadeBy = 'request' | 'command' | 'start';

/** A code that is open. */
export interface OpenCode {
  /** `undefined`: it signs nobody in. */
  readonly userName: string | undefined;
  readonly expiresAt: Date;
}

/** Whom a code signed in. */
export interface Redeemed {
  readonly userId: number;
  readonly userName: string;
  readonly madeBy: CodeMadeBy;
}

/** The statements about codes. */
export interface CodeStore {
  /**
   * Opens a code for whoever has this name, for use by this address; one for nobody where nobody has it, where they have
   * too many already, or where it cannot be delivered. `undefined` when the address has too many.
   */
  request(code: RequestedCode): Promise<OpenCode | undefined>;
  /** Opens a code for use by any address. */
  add(userId: number, hash: Buffer, madeBy: CodeMadeBy): Promise<OpenCode>;
  /** Uses a code up. When it is none that this address may use, all that it might have meant come nearer to their end. */
  redeem(hash: Buffer, address: string): Promise<Redeemed | undefined>;
}

/** What a code by request is made of. */
export interface RequestedCode {
  readonly name: string;
  readonly hash: Buffer;
  readonly address: string;
  readonly deliverable: boolean;
}

/** The codes in `database`. */
export function createCodeStore(database: Queryable): CodeStore {
  return {
    async request({ name, hash, address, deliverable }) {
      const [row] = await database.rows<OpenRow>(
        `WITH swept AS (
           DELETE FROM login_codes WHERE expires_at <= now()
         ), asked AS (
           SELECT id, name FROM users WHERE lower(name) = lower($1) AND $4
         ), open AS (
           SELECT count(*) FILTER (WHERE address = $3) AS of_address,
             count(*) FILTER (WHERE user_id = (SELECT id FROM asked)) AS of_user
           FROM login_codes WHERE made_by = 'request' AND ${OPEN}
         ), made AS (
           INSERT INTO login_codes (user_id, code_hash, address, made_by, expires_at)
           SELECT (SELECT id FROM asked WHERE of_user < ${MOST_OPEN_OF_USER}), $2, $3, 'request',
             now() + interval '${LIFE_MINUTES} minutes'
           FROM open WHERE of_address < ${MOST_OPEN_OF_ADDRESS}
           RETURNING user_id, expires_at
         )
         SELECT asked.name, made.expires_at FROM made LEFT JOIN asked ON asked.id = made.user_id`,
        [name, hash, address, deliverable],
        DEADLINE_MS,
      );
      return row && openCode(row);
    },
    async add(userId, hash, madeBy) {
      const [row] = await database.rows<OpenRow>(
        `WITH swept AS (
           DELETE FROM login_codes WHERE expires_at <= now()
         ), made AS (
           INSERT INTO login_codes (user_id, code_hash, made_by, expires_at)
           SELECT id, $2, $3, now() + interval '${LIFE_MINUTES} minutes' FROM users WHERE id = $1
           RETURNING user_id, expires_at
         )
         SELECT u.name, made.expires_at FROM made JOIN users u ON u.id = made.user_id`,
        [userId, hash, madeBy],
      );
      if (!row) throw new Error('A code was made for a user who is not there.');
      return openCode(row);
    },
    async redeem(hash, address) {
      const [row] = await database.rows<RedeemedRow>(
        `WITH used AS (
           UPDATE login_codes SET used_at = now()
           WHERE code_hash = $1 AND user_id IS NOT NULL AND ${OPEN} AND (address IS NULL OR address = $2)
           RETURNING user_id, made_by
         ), missed AS (
           UPDATE login_codes SET wrong_tries = wrong_tries + 1
           WHERE NOT EXISTS (SELECT FROM used) AND ${OPEN} AND (address IS NULL OR address = $2)
         )
         SELECT u.id, u.name, used.made_by FROM used JOIN users u ON u.id = used.user_id`,
        [hash, address],
        DEADLINE_MS,
      );
      return row && { userId: row.id, userName: row.name, madeBy: row.made_by };
    },
  };
}

interface OpenRow {
  readonly name: string | null;
  readonly expires_at: Date;
}

interface RedeemedRow {
  readonly id: number;
  readonly name: string;
  readonly made_by: CodeMadeBy;
}

function openCode({ name, expires_at }: OpenRow): OpenCode {
  return { userName: name ?? undefined, expiresAt: expires_at };
}
