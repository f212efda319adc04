/**
 * Each service by minutes and hours in the file. A step is written again and again while it lasts, and each time only
 * becomes worse: a kill costs seconds, and what is written twice counts once.
 */
import type { Database } from 'libsql';
import { inTransaction } from '../../infra/sqlite/transaction.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../history/history-limits.js';
import { SERVICE_HOURS_FOR_MS, SERVICE_MINUTES_FOR_MS } from './fleet-limits.js';
import type { ServiceStatus } from '../../fleet/service-verdict.js';

/** From the best on: the file keeps the place of a status among them, and the worst of a step is the last. */
export const STEP_STATUSES = [
  'healthy',
  'unknown',
  'degraded',
  'unhealthy',
] as const satisfies readonly ServiceStatus[];

/** A part of a minute. */
export interface ServiceStep {
  readonly service: string;
  /** Begin of the minute, milliseconds since 1970. */
  readonly at: number;
  /** The fewest. */
  readonly usable: number;
  /** The most. */
  readonly listed: number;
  readonly worst: ServiceStatus;
  /** Milliseconds that 95 of 100 answered polls took at most; `null`: none was answered. */
  readonly p95: number | null;
}

/** `fromMs` and `toMs` are multiples of `stepMs`. */
export interface StepQuery {
  readonly service: string;
  readonly table: 'minutes' | 'hours';
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** Place by place one step; `null` where nothing was watched. */
export interface StepColumns {
  readonly from: string;
  readonly to: string;
  readonly step_seconds: number;
  /** Begin of each step, seconds since 1970. */
  readonly times: number[];
  readonly status: (ServiceStatus | null)[];
  readonly usable: (number | null)[];
  readonly listed: (number | null)[];
  readonly poll_p95_ms: (number | null)[];
}

export interface ServiceStepStore {
  addSteps(steps: readonly ServiceStep[], nowMs: number): void;
  /** `null`: nothing is kept of a service of this name. */
  readSteps(query: StepQuery): StepColumns | null;
}

const COLUMNS = `service INTEGER NOT NULL, at INTEGER NOT NULL, usable INTEGER NOT NULL, listed INTEGER NOT NULL,
  worst INTEGER NOT NULL, p95 REAL, PRIMARY KEY (service, at)`;

/** `worst`: the place in `STEP_STATUSES`. */
export const STEPS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS services (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS service_minutes (${COLUMNS}) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS service_hours (${COLUMNS}) WITHOUT ROWID;
`;

const TABLES = { minutes: 'service_minutes', hours: 'service_hours' } as const;
const PRUNED_EVERY_MS = HOUR_MS;

function prepareTable(database: Database, table: (typeof TABLES)[keyof typeof TABLES]) {
  return {
    put: database.prepare(
      `INSERT INTO ${table} VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (service, at) DO UPDATE SET
       usable = min(usable, excluded.usable), listed = max(listed, excluded.listed),
       worst = max(worst, excluded.worst), p95 = max(coalesce(p95, excluded.p95), coalesce(excluded.p95, p95))`,
    ),
    prune: database.prepare(`DELETE FROM ${table} WHERE service = ? AND (at < ? OR at > ?)`),
    steps: database
      .prepare(
        `SELECT (at - CAST(? AS INTEGER)) / CAST(? AS INTEGER) AS step, max(worst), min(usable), max(listed), max(p95)
         FROM ${table} WHERE service = ? AND at >= ? AND at < ? GROUP BY step`,
      )
      .raw(),
  };
}

/** Over a database whose tables exist. */
export function createServiceStepStore(database: Database): ServiceStepStore {
  const tables = {
    minutes: prepareTable(database, TABLES.minutes),
    hours: prepareTable(database, TABLES.hours),
  };
  const addService = database.prepare('INSERT INTO services (name) VALUES (?) ON CONFLICT DO NOTHING');
  const findService = database.prepare('SELECT id FROM services WHERE name = ?');
  const allServices = database.prepare('SELECT id FROM services');
  const dropServices = database.prepare(
    'DELETE FROM services WHERE id NOT IN (SELECT service FROM service_hours)',
  );
  let prunedMs = Number.NEGATIVE_INFINITY;

  function idOf(name: string): number | undefined {
    return (findService.get(name) as { readonly id: number } | undefined)?.id;
  }

  function prune(nowMs: number): void {
    if (Math.abs(nowMs - prunedMs) < PRUNED_EVERY_MS) return;
    prunedMs = nowMs;
    for (const { id } of allServices.all() as { readonly id: number }[]) {
      tables.minutes.prune.run(id, nowMs - SERVICE_MINUTES_FOR_MS, nowMs + DAY_MS);
      tables.hours.prune.run(id, nowMs - SERVICE_HOURS_FOR_MS, nowMs + DAY_MS);
    }
    dropServices.run();
  }

  return {
    addSteps: inTransaction(database, (steps: readonly ServiceStep[], nowMs: number) => {
      for (const { service, at, usable, listed, worst, p95 } of steps) {
        addService.run(service);
        const id = idOf(service);
        const values = [usable, listed, STEP_STATUSES.indexOf(worst), p95] as const;
        tables.minutes.put.run(id, at, ...values);
        tables.hours.put.run(id, Math.floor(at / HOUR_MS) * HOUR_MS, ...values);
      }
      prune(nowMs);
    }),
    readSteps({ service, table, fromMs, toMs, stepMs }) {
      const id = idOf(service);
      if (id === undefined) return null;
      const count = Math.round((toMs - fromMs) / stepMs);
      const columns = emptyColumns(fromMs, toMs, stepMs, count);
      const rows = tables[table].steps.all(fromMs, stepMs, id, fromMs, toMs) as unknown as Row[];
      for (const [step, worst, usable, listed, p95] of rows) {
        columns.status[step] = STEP_STATUSES[worst] ?? null;
        columns.usable[step] = usable;
        columns.listed[step] = listed;
        columns.poll_p95_ms[step] = p95;
      }
      return columns;
    },
  };
}

type Row = readonly [step: number, worst: number, usable: number, listed: number, p95: number | null];

function emptyColumns(fromMs: number, toMs: number, stepMs: number, count: number): StepColumns {
  const nothing = <Value>(): (Value | null)[] => Array.from({ length: count }, () => null);
  return {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    step_seconds: stepMs / 1_000,
    times: Array.from({ length: count }, (_, step) => Math.round((fromMs + step * stepMs) / 1_000)),
    status: nothing<ServiceStatus>(),
    usable: nothing<number>(),
    listed: nothing<number>(),
    poll_p95_ms: nothing<number>(),
  };
}

/** A step is a multiple of this, depending on how old it is. */
export const STEP_MS = { minutes: MINUTE_MS, hours: HOUR_MS } as const;
