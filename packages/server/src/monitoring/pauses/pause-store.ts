/** Pauses in PostgreSQL, each change with its entry in the audit in the same statement. */
import { PortalError } from '../../errors.js';
import type { AuditedActor } from '../actor.js';
import type { Pause, PauseScope } from './pause.js';

/** What runs a statement. */
interface Queryable {
  rows<Row extends object>(text: string, values: readonly unknown[], deadlineMs: number): Promise<Row[]>;
}

export interface NewPause extends PauseScope {
  /** Milliseconds since 1970, as `until`. */
  readonly from: number;
  readonly until: number;
  readonly isPlanned: boolean;
  readonly reason: string;
}

export interface PauseStore {
  /** Rejects with a PortalError (badRequest) where there are too many already. */
  begin(fleet: string, pause: NewPause, actor: AuditedActor): Promise<Pause>;
  /** @returns how many ended: none, where there is no such one any more */
  end(fleet: string, id: number, actor: AuditedActor): Promise<number>;
  /** Those that last at the moment, of the service alone. */
  endOf(fleet: string, service: string, actor: AuditedActor): Promise<number>;
  /** Those that last or are planned, the next first. */
  list(fleet: string): Promise<readonly Pause[]>;
}

interface PauseRow {
  /** A number of 64 bits comes as text. */
  readonly id: string;
  readonly service: string | null;
  readonly label: string | null;
  readonly from_at: Date;
  readonly until_at: Date;
  readonly planned: boolean;
  readonly reason: string;
  readonly author: string;
}

const DEADLINE_MS = 2_000;
/** Of a fleet, those that last and those that are planned: nobody reads through more. */
const MOST_PAUSES = 200;
const COLUMNS = 'id, service, label, from_at, until_at, planned, reason, author';

/** Whoever ends it, and what is told of it. `$1` to `$4`: fleet, name, address, suffix of the token. */
function endWhere(condition: string): string {
  return `WITH ended AS (
      UPDATE pauses SET ended_at = now() WHERE fleet = $1 AND ended_at IS NULL AND until_at > now() AND ${condition}
      RETURNING ${COLUMNS}
    ), told AS (
      INSERT INTO audit (action, actor, address, token_suffix, details)
      SELECT 'pause_ended', $2, $3, $4, ${DETAILS} FROM ended
    ) SELECT id FROM ended`;
}

const DETAILS = `jsonb_strip_nulls(jsonb_build_object('service', service, 'label', label, 'from', from_at, 'until', until_at,
  'reason', reason))`;

export function createPauseStore(database: Queryable): PauseStore {
  const rows = <Row extends object>(text: string, ...values: readonly unknown[]): Promise<Row[]> =>
    database.rows<Row>(text, values, DEADLINE_MS);

  return {
    async begin(fleet, { service, label, from, until, isPlanned, reason }, { name, address, tokenSuffix }) {
      const [row] = await rows<PauseRow>(
        `WITH begun AS (
           INSERT INTO pauses (fleet, service, label, from_at, until_at, planned, reason, author)
           SELECT $1::text, $5::text, $6::text, $7::timestamptz, $8::timestamptz, $10::boolean, $9::text, $2::text
           WHERE (
             SELECT count(*) FROM pauses WHERE fleet = $1 AND ended_at IS NULL AND until_at > now()
           ) < ${MOST_PAUSES} RETURNING ${COLUMNS}
         ), told AS (
           INSERT INTO audit (action, actor, address, token_suffix, details)
           SELECT 'pause_begun', $2, $3, $4, ${DETAILS} FROM begun
         ) SELECT ${COLUMNS} FROM begun`,
        fleet,
        name,
        address,
        tokenSuffix,
        service,
        label,
        new Date(from),
        new Date(until),
        reason,
        isPlanned,
      );
      if (!row)
        throw new PortalError('badRequest', `There are ${MOST_PAUSES} pauses already; end one first.`);
      return pauseOf(row);
    },
    async end(fleet, id, { name, address, tokenSuffix }) {
      return (await rows(endWhere('id = $5'), fleet, name, address, tokenSuffix, id)).length;
    },
    async endOf(fleet, service, { name, address, tokenSuffix }) {
      const condition = 'service = $5 AND from_at <= now()';
      return (await rows(endWhere(condition), fleet, name, address, tokenSuffix, service)).length;
    },
    async list(fleet) {
      const found = await rows<PauseRow>(
        `SELECT ${COLUMNS} FROM pauses WHERE fleet = $1 AND ended_at IS NULL AND until_at > now() ORDER BY from_at, id`,
        fleet,
      );
      return found.map(pauseOf);
    },
  };
}

function pauseOf({ id, from_at: from, until_at: until, planned: isPlanned, ...said }: PauseRow): Pause {
  return { id: Number(id), ...said, isPlanned, from: from.getTime(), until: until.getTime() };
}
