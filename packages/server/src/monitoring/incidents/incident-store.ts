/**
 * Incidents in the fleet file.
 */
import type { Database } from 'libsql';
import { inTransaction } from '../../infra/sqlite/transaction.js';
import { DAY_MS } from '../history/history-limits.js';
import type { Pause } from '../pauses/pause.js';
import type { Incident } from './incident.js';

/** Of those that ended. */
const INCIDENTS_FOR_MS = 366 * DAY_MS;
const MOST_INCIDENTS = 10_000;
/** For those who flap. */
const LATELY_MS = 15 * 60_000;

export interface IncidentQuery {
  readonly state: 'open' | 'ended' | undefined;
  readonly service: string | undefined;
  readonly kind?: string | undefined;
  /** Of any of its causes. */
  readonly code?: string | undefined;
  /** Only those before the one with this number. */
  readonly before: number | undefined;
  readonly limit: number;
}

export interface StoredIncident {
  /** Grows with time. */
  readonly number: number;
  readonly incident: Incident;
}

/** The latest first. `next` is the `before` of the following page; `null` if there is none. */
export interface IncidentPage {
  readonly incidents: readonly StoredIncident[];
  readonly next: number | null;
}

/** What a run of the watcher begins with. */
export interface IncidentsBefore {
  readonly open: readonly Incident[];
  /** The highest of each key. */
  readonly generations: ReadonlyMap<string, number>;
  /** When services became unwell and well again lately, milliseconds since 1970. */
  readonly changes: ReadonlyMap<string, readonly number[]>;
  /** Those of all watchers when PostgreSQL was asked last; `null`: it never was. */
  readonly learnt: ReadonlyMap<string, number> | null;
}

export interface IncidentStore {
  putIncidents(incidents: readonly Incident[], nowMs: number): void;
  /** PostgreSQL was asked which generations there are. @param ofAll - the highest of each key */
  noteLearnt(ofAll: readonly (readonly [key: string, generation: number])[]): void;
  incidentsBefore(nowMs: number): IncidentsBefore;
  /** What is paused, as last known. */
  keepPauses(pauses: readonly Pause[]): void;
  readPauses(): readonly Pause[];
  readIncidents(query: IncidentQuery): IncidentPage;
  readIncident(id: string): Incident | null;
}

/** `services`: with a slash before and after each. AUTOINCREMENT: a number is never used twice. */
export const INCIDENTS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS incidents (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL, generation INTEGER NOT NULL,
    services TEXT NOT NULL, began_at INTEGER NOT NULL, ended_at INTEGER, document TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS incidents_of ON incidents (key, generation);
  CREATE TABLE IF NOT EXISTS incident_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;

interface Row {
  readonly number: number;
  readonly document: string;
}

const LEARNT = 'generations learnt';
const PAUSES = 'pauses';

/** Over a database whose tables exist. */
export function createIncidentStore(database: Database): IncidentStore {
  const put = database.prepare(
    `INSERT INTO incidents (id, key, generation, services, began_at, ended_at, document) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET services = excluded.services, ended_at = excluded.ended_at, document = excluded.document`,
  );
  const prune = database.prepare(
    `DELETE FROM incidents WHERE ended_at IS NOT NULL
     AND (ended_at < ? OR number <= (SELECT max(number) FROM incidents) - ${MOST_INCIDENTS})
     AND number NOT IN (SELECT max(number) FROM incidents GROUP BY key)`,
  );
  const open = database.prepare(
    'SELECT number, document FROM incidents WHERE ended_at IS NULL ORDER BY number',
  );
  const highest = database.prepare('SELECT key, max(generation) AS generation FROM incidents GROUP BY key');
  const lately = database.prepare(
    'SELECT number, document FROM incidents WHERE began_at > ?1 OR ended_at > ?1 ORDER BY number',
  );
  const one = database.prepare('SELECT number, document FROM incidents WHERE id = ?');
  const page = database.prepare(
    `SELECT number, document FROM incidents WHERE number < ?1 AND (?2 IS NULL OR (ended_at IS NULL) = ?2)
     AND (?3 IS NULL OR instr(services, ?3) > 0) AND (?4 IS NULL OR json_extract(document, '$.kind') = ?4)
     AND (?5 IS NULL OR EXISTS (
       SELECT 1 FROM json_each(document, '$.causes') WHERE json_extract(value, '$.code') = ?5))
     ORDER BY number DESC LIMIT ?6`,
  );
  const readFact = database.prepare('SELECT value FROM incident_facts WHERE name = ?');
  const writeFact = database.prepare('INSERT OR REPLACE INTO incident_facts VALUES (?, ?)');

  return {
    putIncidents: inTransaction(database, (incidents: readonly Incident[], nowMs: number) => {
      for (const incident of incidents) {
        const { id, key, generation, services, beganAt, endedAt } = incident;
        const names = `/${services.join('/')}/`;
        put.run(id, key, generation, names, beganAt, endedAt, JSON.stringify(incident));
      }
      if (incidents.some(({ endedAt }) => endedAt !== null)) prune.run(nowMs - INCIDENTS_FOR_MS);
    }),
    noteLearnt: (ofAll) => void writeFact.run(LEARNT, JSON.stringify(ofAll)),
    keepPauses: (pauses) => void writeFact.run(PAUSES, JSON.stringify(pauses)),
    readPauses() {
      const fact = readFact.get(PAUSES) as { readonly value: string } | undefined;
      return fact ? (JSON.parse(fact.value) as readonly Pause[]) : [];
    },
    incidentsBefore(nowMs) {
      const generations = highest.all() as { readonly key: string; readonly generation: number }[];
      return {
        open: (open.all() as Row[]).map((row) => storedIncident(row).incident),
        generations: new Map(generations.map(({ key, generation }) => [key, generation])),
        changes: changesOf(
          (lately.all(nowMs - LATELY_MS) as Row[]).map((row) => storedIncident(row).incident),
        ),
        learnt: learntGenerations(readFact.get(LEARNT) as { readonly value: string } | undefined),
      };
    },
    readIncidents({ state, service, kind, code, before, limit }) {
      const isOpen = state === undefined ? null : Number(state === 'open');
      const rows = page.all(
        before ?? Number.MAX_SAFE_INTEGER,
        isOpen,
        service === undefined ? null : `/${service}/`,
        kind ?? null,
        code ?? null,
        limit + 1,
      ) as Row[];
      const incidents = rows.slice(0, limit).map(storedIncident);
      return { incidents, next: rows.length > limit ? (incidents.at(-1)?.number ?? null) : null };
    },
    readIncident(id) {
      const row = one.get(id) as Row | undefined;
      return row ? storedIncident(row).incident : null;
    },
  };
}

/** An earlier version noted only that PostgreSQL was asked, and that by one key. */
function learntGenerations(fact: { readonly value: string } | undefined): ReadonlyMap<string, number> | null {
  return fact?.value.startsWith('[') ? new Map(JSON.parse(fact.value) as [string, number][]) : null;
}

function storedIncident({ number, document }: Row): StoredIncident {
  return { number, incident: JSON.parse(document) as Incident };
}

function changesOf(incidents: readonly Incident[]): ReadonlyMap<string, readonly number[]> {
  const changes = new Map<string, number[]>();
  for (const { kind, service, beganAt, endedAt } of incidents) {
    if (kind !== 'health' || service === null) continue;
    changes.set(service, [...(changes.get(service) ?? []), beganAt, ...(endedAt === null ? [] : [endedAt])]);
  }
  return changes;
}
