/**
 * One-time codes in PostgreSQL. Each operation is one statement for all requests of this moment. It does the same work for
 * every name, and no other statement can come between its parts.
 */
import type { Queryable } from '../../infra/postgres.js';

const LIFE_MINUTES = 10;
/** Codes that one address can have open for one name: the newest. */
export const MOST_OPEN_OF_ADDRESS = 5;
/** A person waits at the other end. */
const DEADLINE_MS = 2_000;

/** What made a code: a request, the command line, or the start of the service. */
export type LoginCodeOrigin = 'request' | 'command' | 'start';

export interface OpenCode {
  /** `undefined`: it signs nobody in. */
  readonly userName: string | undefined;
  readonly expiresAt: Date;
}

export interface Redeemed {
  readonly userId: number;
  readonly userName: string;
  readonly createdBy: LoginCodeOrigin;
}

export interface CodeStore {
  /**
   * Opens a code for the user of each name, for use by its address alone; for a name of no user, one that signs nobody in.
   * No two of them are for the same name and address.
   */
  request(codes: readonly RequestedCode[]): Promise<readonly OpenCode[]>;
  /** Opens a code for use by any address; `undefined` when the user is not there, or is disabled. */
  add(userId: number, hash: Buffer, madeBy: LoginCodeOrigin): Promise<OpenCode | undefined>;
  /** Uses codes up, and says whose each was; `undefined` for one that is none which its address may use. */
  redeem(tries: readonly Try[]): Promise<readonly (Redeemed | undefined)[]>;
}

/** What a code by request is made of. */
export interface RequestedCode {
  readonly name: string;
  readonly nameDigest: Buffer;
  readonly hash: Buffer;
  readonly address: string;
}

export interface Try {
  readonly hash: Buffer;
  readonly address: string;
}

export function createCodeStore(database: Queryable): CodeStore {
  return {
    async request(codes) {
      const rows = await database.rows<OpenRow>(
        `WITH swept AS (
           DELETE FROM login_codes WHERE expires_at <= now()
         ), asked AS (
           SELECT a.code_hash, a.address, a.asked_for, a.place, u.id, u.name
           FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[])
             WITH ORDINALITY AS a (wanted, asked_for, code_hash, address, place)
           LEFT JOIN users u ON lower(u.name) = lower(a.wanted) AND u.disabled_at IS NULL
         ), displaced AS (
           DELETE FROM login_codes WHERE id IN (
             SELECT id FROM (
               SELECT c.id, row_number() OVER (PARTITION BY c.address, c.asked_for ORDER BY c.id DESC) AS nth
               FROM login_codes c JOIN asked a ON c.address = a.address AND c.asked_for = a.asked_for
               WHERE c.expires_at > now()
             ) c WHERE nth >= ${MOST_OPEN_OF_ADDRESS}
           )
         ), made AS (
           INSERT INTO login_codes (user_id, code_hash, address, asked_for, made_by, expires_at)
           SELECT id, code_hash, address, asked_for, 'request', now() + interval '${LIFE_MINUTES} minutes'
           FROM asked ORDER BY place
           RETURNING code_hash, expires_at
         )
         SELECT asked.name, made.expires_at
         FROM asked JOIN made ON made.code_hash = asked.code_hash ORDER BY asked.place`,
        [
          codes.map(({ name }) => name),
          codes.map(({ nameDigest }) => nameDigest),
          codes.map(({ hash }) => hash),
          codes.map(({ address }) => address),
        ],
        DEADLINE_MS,
      );
      return rows.map(openCode);
    },
    async add(userId, hash, madeBy) {
      const [row] = await database.rows<OpenRow>(
        `WITH swept AS (
           DELETE FROM login_codes WHERE expires_at <= now()
         ), made AS (
           INSERT INTO login_codes (user_id, code_hash, made_by, expires_at)
           SELECT id, $2, $3, now() + interval '${LIFE_MINUTES} minutes'
           FROM users WHERE id = $1 AND disabled_at IS NULL
           RETURNING user_id, expires_at
         )
         SELECT u.name, made.expires_at FROM made JOIN users u ON u.id = made.user_id`,
        [userId, hash, madeBy],
      );
      return row && openCode(row);
    },
    async redeem(tries) {
      const rows = await database.rows<RedeemedRow>(
        `WITH used AS (
           UPDATE login_codes c SET used_at = now()
           FROM unnest($1::bytea[], $2::text[]) WITH ORDINALITY AS t (code_hash, address, place)
           WHERE c.code_hash = t.code_hash AND (c.address IS NULL OR c.address = t.address)
             AND c.user_id IS NOT NULL AND c.used_at IS NULL AND c.expires_at > now()
           RETURNING t.place, c.user_id, c.made_by
         )
         SELECT used.place::integer, u.id, u.name, used.made_by
         FROM used JOIN users u ON u.id = used.user_id WHERE u.disabled_at IS NULL`,
        [tries.map(({ hash }) => hash), tries.map(({ address }) => address)],
        DEADLINE_MS,
      );
      const byPlace = new Map(rows.map((row) => [row.place, redeemed(row)]));
      return tries.map((_, index) => byPlace.get(index + 1));
    },
  };
}

interface OpenRow {
  readonly name: string | null;
  readonly expires_at: Date;
}

interface RedeemedRow {
  readonly place: number;
  readonly id: number;
  readonly name: string;
  readonly made_by: LoginCodeOrigin;
}

function openCode({ name, expires_at }: OpenRow): OpenCode {
  return { userName: name ?? undefined, expiresAt: expires_at };
}

function redeemed({ id, name, made_by }: RedeemedRow): Redeemed {
  return { userId: id, userName: name, createdBy: made_by };
}
