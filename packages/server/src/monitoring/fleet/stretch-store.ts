/**
 * For how long each service had which status, in the file: a stretch is one row, however long it lasts, and what is deleted
 * is kept by the quarter of an hour. Between two stretches nothing was measured.
 */
import type { Database } from 'libsql';
import { inTransaction } from '../../infra/sqlite/transaction.js';
import { quarterOf, QUARTER_MS, stretchesOfSums, sumsByQuarter } from '../healthy-time/carried.js';
import type { HealthyTime, HealthyTimeQuery } from '../healthy-time/healthy-time-query.js';
import { MEASURED, segmentsOf, sumsOf, type Measured, type Stretch } from '../healthy-time/healthy-time.js';
import { DAY_MS, HOUR_MS } from '../history/history-limits.js';
import { MOST_STRETCHES, STRETCHES_FOR_MS } from './fleet-limits.js';

export interface ServiceStretch extends Stretch {
  readonly service: string;
}

export interface StretchStore {
  /** Replaces the stretch of the service that begins at the same time. */
  putStretches(stretches: readonly ServiceStretch[], nowMs: number): void;
  /** `null`: nothing is kept of a service of this name. */
  readHealthyTime(query: HealthyTimeQuery): HealthyTime | null;
  /** The stretches of a range, in the order of time. */
  readStretches(query: Pick<HealthyTimeQuery, 'service'> & { readonly fromMs: number }): readonly Stretch[];
}

/** `status`: the place in `MEASURED`. */
export const STRETCHES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS stretches (
    service TEXT NOT NULL, began_at INTEGER NOT NULL, ended_at INTEGER NOT NULL, status INTEGER NOT NULL,
    PRIMARY KEY (service, began_at)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS carried_stretches (
    service TEXT NOT NULL, at INTEGER NOT NULL, healthy INTEGER NOT NULL, degraded INTEGER NOT NULL, unhealthy INTEGER NOT NULL,
    PRIMARY KEY (service, at)) WITHOUT ROWID;
`;

type StretchRow = readonly [fromMs: number, toMs: number, status: number];
type CarriedRow = readonly [at: number, ...sums: number[]];

const PRUNED_EVERY_MS = HOUR_MS;

/** Over a database whose tables exist. */
export function createStretchStore(database: Database): StretchStore {
  const put = database.prepare(
    `INSERT INTO stretches VALUES (?, ?, ?, ?)
     ON CONFLICT (service, began_at) DO UPDATE SET ended_at = excluded.ended_at, status = excluded.status`,
  );
  const services = database.prepare('SELECT DISTINCT service FROM stretches').raw();
  // Of each service its latest ones, for a year; those of a clock that was far ahead are no time that was.
  const prune = database.prepare(
    `DELETE FROM stretches WHERE service = ?1 AND (ended_at < ?2 OR began_at > ?3 OR began_at <= (
       SELECT began_at FROM stretches WHERE service = ?1 ORDER BY began_at DESC LIMIT 1 OFFSET ${MOST_STRETCHES}))
     RETURNING began_at, ended_at, status`,
  );
  const carry = database.prepare(
    `INSERT INTO carried_stretches VALUES (?, ?, ?, ?, ?) ON CONFLICT (service, at) DO UPDATE SET
     healthy = healthy + excluded.healthy, degraded = degraded + excluded.degraded, unhealthy = unhealthy + excluded.unhealthy`,
  );
  const pruneCarried = database.prepare('DELETE FROM carried_stretches WHERE at < ?');
  const stretches = database
    .prepare(
      `SELECT began_at, ended_at, status FROM stretches WHERE service = ? AND ended_at > ? AND began_at < ? ORDER BY began_at`,
    )
    .raw();
  const carried = database
    .prepare(
      `SELECT at, healthy, degraded, unhealthy FROM carried_stretches WHERE service = ? AND at >= ? AND at < ? ORDER BY at`,
    )
    .raw();
  const first = database.prepare(
    `SELECT min(coalesce((SELECT min(at) FROM carried_stretches WHERE service = ?1), began_at), began_at) AS at
     FROM stretches WHERE service = ?1 ORDER BY began_at LIMIT 1`,
  );
  let prunedMs = Number.NEGATIVE_INFINITY;

  function pruneAll(nowMs: number): void {
    if (Math.abs(nowMs - prunedMs) < PRUNED_EVERY_MS) return;
    prunedMs = nowMs;
    for (const [service] of services.all() as unknown as [string][]) {
      const rows = prune.all(service, nowMs - STRETCHES_FOR_MS, nowMs + DAY_MS) as {
        readonly began_at: number;
        readonly ended_at: number;
        readonly status: number;
      }[];
      const kept = rows.filter(({ began_at }) => began_at <= nowMs);
      const deleted = kept.map(({ began_at, ended_at, status }) => stretchOf([began_at, ended_at, status]));
      for (const [at, sums] of sumsByQuarter(deleted)) carry.run(service, at, ...sums);
    }
    pruneCarried.run(nowMs - STRETCHES_FOR_MS);
  }

  function between(service: string, fromMs: number, toMs: number): readonly Stretch[] {
    const kept = carried.all(service, quarterOf(fromMs), toMs) as unknown as CarriedRow[];
    return [
      ...kept.flatMap(([at, ...sums]) => stretchesOfSums(at, QUARTER_MS, sums)),
      ...(stretches.all(service, fromMs, toMs) as unknown as StretchRow[]).map(stretchOf),
    ];
  }

  return {
    putStretches: inTransaction(database, (given: readonly ServiceStretch[], nowMs: number) => {
      for (const { service, fromMs, toMs, status } of given) {
        put.run(service, fromMs, toMs, MEASURED.indexOf(status));
      }
      pruneAll(nowMs);
    }),
    readHealthyTime({ service, ranges, maintenance }) {
      const { at: completeFromMs = null } = (first.get(service) ?? {}) as { readonly at?: number | null };
      if (completeFromMs === null) return null;
      const fromMs = Math.min(...ranges.map((range) => range.fromMs));
      const toMs = Math.max(...ranges.map((range) => range.toMs));
      const segments = segmentsOf(between(service, fromMs, toMs), maintenance);
      return { completeFromMs, sums: ranges.map((range) => sumsOf(segments, range)), parts: [] };
    },
    readStretches: ({ service, fromMs }) => between(service, fromMs, Number.MAX_SAFE_INTEGER),
  };
}

function stretchOf([fromMs, toMs, status]: StretchRow): Stretch {
  return { fromMs, toMs, status: (MEASURED[status] satisfies Measured | undefined) ?? 'unhealthy' };
}
