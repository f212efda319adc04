/**
 * What is read anew all the time, because it costs next to nothing to read; and the facts that it makes together
 * with what the probes last found.
 */
import type { Identity } from './identity.js';
import type { ProblemCode } from './problems.js';
import {
  oneDecimal,
  UNMEASURED_CACHE,
  UNMEASURED_DATABASE,
  type HealthSnapshot,
  type ComponentStatus,
  type NamedCache,
  type NamedDatabase,
} from './report.js';
import type { RunCounts } from './run-counts.js';
import { cacheStatistics, type CacheFigures } from './statistics/cache-figures.js';
import type { PoolStatus } from './statistics/pool-monitor.js';
import { isUp } from './verdict.js';

/** Readings of one moment. */
export interface SnapshotInput {
  /** How often the probes and the source have said something: while it has not moved, there is nothing new. */
  readonly revision: number;
  /** Every part as it stands, with its pool or the figures that its server told last. */
  readonly components: readonly ComponentInput[];
  readonly eventLoop: readonly ProblemCode[];
  readonly source: readonly ProblemCode[];
  readonly sourceHash: string | null;
  readonly sourceState: string | null;
  /** Of every part that is sampled. */
  readonly runs: () => readonly RunCounts[];
}

/** What never changes. */
export interface SnapshotConstants {
  readonly startedAt: string;
  readonly identity: Identity;
}

/** One part at one moment. */
export interface ComponentInput {
  readonly status: ComponentStatus;
  readonly pool?: PoolStatus | undefined;
  readonly figures?: CacheFigures | undefined;
}

/** True when nothing that was read has changed: the same states, figures and codes in the same order. */
export function sameInput(a: SnapshotInput, b: SnapshotInput): boolean {
  return (
    a.revision === b.revision &&
    a.components.every((part, index) => sameComponent(part, b.components[index])) &&
    sameCodes(a.eventLoop, b.eventLoop) &&
    sameCodes(a.source, b.source) &&
    a.sourceHash === b.sourceHash &&
    a.sourceState === b.sourceState
  );
}

function sameComponent(a: ComponentInput, b: ComponentInput | undefined): boolean {
  if (a.status.state !== b?.status.state) return false;
  return (
    a.pool === b.pool || (a.pool !== undefined && b.pool !== undefined && samePoolStatus(a.pool, b.pool))
  );
}

function sameCodes(a: readonly ProblemCode[], b: readonly ProblemCode[]): boolean {
  return a.length === b.length && a.every((code, index) => code === b[index]);
}

/** The facts of a moment, frozen. */
export function snapshotOf(constants: SnapshotConstants, readings: SnapshotInput): HealthSnapshot {
  const { components: parts } = readings;
  const databases = parts.filter(({ status: finding }) => finding.type === 'database').map(databaseOf);
  const caches = parts.filter(({ status: finding }) => finding.type === 'cache').map(cacheOf);
  const database = databases.find(({ name }) => name === 'database');
  const cache = caches.find(({ name }) => name === 'cache');
  return Object.freeze({
    startedAt: constants.startedAt,
    components: Object.freeze(parts.map(({ status: finding }) => finding)),
    otherProblems: [...(database?.problems ?? []), ...readings.eventLoop, ...readings.source],
    databaseStatistics: database?.statistics ?? UNMEASURED_DATABASE,
    poolWaiting: database?.waiting ?? null,
    cacheStatistics: cache?.statistics ?? UNMEASURED_CACHE,
    databases: databases.filter((one) => one !== database),
    caches: caches.filter((one) => one !== cache),
    sourceHash: readings.sourceHash,
    sourceState: readings.sourceState,
    identity: constants.identity,
    runs: readings.runs(),
  });
}

function databaseOf({ status: finding, pool }: ComponentInput): NamedDatabase {
  return {
    name: finding.name,
    statistics: {
      ...(pool?.figures ?? UNMEASURED_DATABASE),
      latency_ms: oneDecimal(finding.latencyMs),
    },
    waiting: pool?.waiting ?? null,
    // Callers of a pool also wait when the server is gone; that is the server's finding, not the pool's.
    problems: isUp(finding.state) ? (pool?.problems ?? []) : [],
  };
}

function cacheOf({ status: finding, figures }: ComponentInput): NamedCache {
  const { name, state, latencyMs } = finding;
  const statistics =
    figures && isUp(state)
      ? { ...cacheStatistics(figures), latency_ms: oneDecimal(latencyMs) }
      : UNMEASURED_CACHE;
  return { name, statistics };
}

/** True when nothing that was read has changed. */
function samePoolStatus(a: PoolStatus, b: PoolStatus): boolean {
  return (
    a.figures?.total === b.figures?.total &&
    a.figures?.checked_in === b.figures?.checked_in &&
    a.figures?.size === b.figures?.size &&
    a.waiting === b.waiting &&
    a.problems === b.problems
  );
}
