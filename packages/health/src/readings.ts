/**
 * What is read anew all the time, because it costs next to nothing to read; and the facts that it makes together
 * with what the probes last found.
 */
import type { ProblemCode } from './problems.js';
import {
  isUp,
  oneDecimal,
  UNMEASURED_CACHE,
  UNMEASURED_DATABASE,
  type Facts,
  type Finding,
} from './report.js';
import { cacheStatistics, type CacheFigures } from './statistics/cache.js';
import type { PoolFigures } from './statistics/pool.js';

/** Readings of one moment. */
export interface Readings {
  /** How often the probes and the source have said something: while it has not moved, there is nothing new. */
  readonly news: number;
  readonly pool: PoolFigures | undefined;
  readonly poolWaiting: number | null;
  readonly poolFindings: readonly ProblemCode[];
  readonly eventLoop: readonly ProblemCode[];
  readonly source: readonly ProblemCode[];
  readonly sourceHash: string | null;
}

/** True when nothing that was read has changed: the same figures, the same codes in the same order. */
export function sameReadings(a: Readings, b: Readings): boolean {
  return (
    a.news === b.news &&
    a.pool?.total === b.pool?.total &&
    a.pool?.checked_in === b.pool?.checked_in &&
    a.pool?.size === b.pool?.size &&
    a.poolWaiting === b.poolWaiting &&
    sameCodes(a.poolFindings, b.poolFindings) &&
    sameCodes(a.eventLoop, b.eventLoop) &&
    sameCodes(a.source, b.source) &&
    a.sourceHash === b.sourceHash
  );
}

function sameCodes(a: readonly ProblemCode[], b: readonly ProblemCode[]): boolean {
  return a.length === b.length && a.every((code, index) => code === b[index]);
}

/**
 * The facts of a moment, frozen.
 *
 * @param findings - every part as it stands now
 * @param figures - what the cache said last; they count only while it answers
 */
export function factsOf(
  startedAt: string,
  readings: Readings,
  findings: readonly Finding[],
  figures: CacheFigures | undefined,
): Facts {
  const database = findings.find(({ name }) => name === 'database');
  const cache = findings.find(({ name }) => name === 'cache');
  return Object.freeze({
    startedAt,
    findings: Object.freeze(findings),
    others: [
      // Callers of a pool also wait when the server is gone; that is the server's finding, not the pool's.
      ...(isUp(database?.state) ? readings.poolFindings : []),
      ...readings.eventLoop,
      ...readings.source,
    ],
    databaseStatistics: {
      ...(readings.pool ?? UNMEASURED_DATABASE),
      latency_ms: oneDecimal(database?.latencyMs ?? null),
    },
    poolWaiting: readings.poolWaiting,
    cacheStatistics:
      figures && isUp(cache?.state)
        ? { ...cacheStatistics(figures), latency_ms: oneDecimal(cache?.latencyMs ?? null) }
        : UNMEASURED_CACHE,
    sourceHash: readings.sourceHash,
  });
}
