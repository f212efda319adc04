/**
 * The heart: samples everything in the background, and says at any moment, from memory, how things stand.
 */
import { DEFAULTS } from './defaults.js';
import {
  checkHealthOptions,
  paceOf,
  type CheckOptions,
  type HealthOptions,
  type SamplingOptions,
} from './options.js';
import { createCheckProbe } from './probes/custom.js';
import { createEventLoopWatch } from './probes/event-loop.js';
import { createPostgresProbe } from './probes/postgres.js';
import { createRedisProbe } from './probes/redis.js';
import type { ProblemCode } from './problems.js';
import {
  buildReport,
  isUp,
  oneDecimal,
  publishedTime,
  UNMEASURED_CACHE,
  UNMEASURED_DATABASE,
  type Facts,
  type Finding,
} from './report.js';
import { createSampler, type Sampler } from './sampler.js';
import { createSource, type SourceView } from './source/source.js';
import { cacheStatistics } from './statistics/cache.js';
import { createPoolWatch, type PoolFigures } from './statistics/pool.js';
import type { Probe, Report, State, Status, Viewer } from './types.js';

/** The health of one application. */
export interface Health {
  /** Start of the service, ISO 8601 UTC in whole seconds. */
  readonly startedAt: string;
  /**
   * Begins to sample. Kept when everything has been looked at once, which takes one deadline at most, and the source
   * has been hashed. Never rejects: what is broken at the start is reported, and recovers, like everything else.
   */
  start(): Promise<void>;
  /** The published document, from memory: no I/O, never throws, frozen. */
  report(viewer: Viewer): Report;
  /** What the document is made of, for other formats of it: as `report`, from memory and frozen. */
  facts(): Facts;
  /** One part as it stands now; `stale` before its first outcome. `undefined` for a name that is not watched. */
  state(name: string): State | undefined;
  /** The source, for administrators: what it was, is and should be. `undefined` when none is watched. */
  readonly source: SourceView | undefined;
  /** True once every part has been looked at. */
  started(): boolean;
  /** True while traffic is welcome: started, not draining, not unhealthy. */
  ready(): boolean;
  /** Readiness says no from now on; everything else goes on. The first step of a shutdown. */
  drain(): void;
  /** Stops sampling and leaves no timer, socket or thread behind. Your pool and client stay yours. */
  close(): Promise<void>;
}

/**
 * Watches what `options` name. Nothing is opened before `start()`.
 *
 * @example
 * ```ts
 * const health = createHealth({ database: { pool }, cache: { client: redis } });
 * await health.start();
 * health.report('public').status; // 'healthy'
 * ```
 * @throws TypeError naming option, rule and value when an option cannot be used
 */
export function createHealth(options: HealthOptions): Health {
  checkHealthOptions(options);
  const startedAt = publishedTime(options.startedAt ?? new Date());
  const { database, cache } = options;

  const databasePart = database && watch(createPostgresProbe(database), database, database.critical ?? true);
  const cachePart = cache?.client
    ? watch(createRedisProbe({ ...cache, client: cache.client }), cache, cache.critical ?? false)
    : undefined;
  const checkParts = Object.entries(options.checks ?? {}).map(([name, entry]) => {
    const check: CheckOptions = typeof entry === 'function' ? { check: entry } : entry;
    return watch(createCheckProbe({ name, ...check }), check, check.critical ?? false);
  });
  /** A cache that should be there and is not needs no asking. */
  const missing: readonly Finding[] = cache?.client === null ? [missingCache(cache.critical ?? false)] : [];
  const parts = [databasePart, cachePart, ...checkParts].filter((part) => part !== undefined);

  const pool = database && createPoolWatch(database);
  const eventLoop = createEventLoopWatch({
    delayedAfterMs: options.eventLoopDelayedAfterMs ?? DEFAULTS.eventLoopDelayedAfterMs,
  });
  const source = options.source && createSource(options.source);

  let outcomes = 0;
  let moment: Moment | undefined;
  let status: Status | undefined;
  let draining = false;

  function watch<Figures>(
    probe: Probe<Figures>,
    sampling: SamplingOptions,
    critical: boolean,
  ): Part<Figures> {
    const sampler = createSampler(probe, paceOf(sampling), (outcome) => {
      outcomes += 1;
      if (outcome.state !== 'up' || outcome.problems.length > 0) {
        tell(options.onFailure, { name: probe.name, problems: outcome.problems, cause: outcome.cause });
      }
      if (started()) noteStatus();
    });
    return { name: probe.name, critical, sampler };
  }

  function started(): boolean {
    return parts.every((part) => part.sampler.latest() !== undefined);
  }

  /** How things stand now; the same object as last time unless something has changed since. */
  function now(): Moment {
    const nowMs = performance.now();
    const readings: Readings = {
      outcomes,
      pool: pool?.read(),
      poolWaiting: pool?.waiting() ?? null,
      poolFindings: pool?.findings() ?? [],
      eventLoop: eventLoop.findings(),
      source: source?.problems() ?? [],
      sourceHash: source?.hash ?? null,
    };
    if (!moment || nowMs >= moment.changesAtMs || !sameReadings(moment.readings, readings)) {
      const stalesAtMs = parts
        .map((part) => part.sampler.staleAtMs())
        .filter((staleAtMs) => staleAtMs > nowMs);
      moment = {
        readings,
        changesAtMs: Math.min(Number.POSITIVE_INFINITY, ...stalesAtMs),
        facts: factsOf(readings, [...missing, ...parts.map((part) => findingOf(part, nowMs))]),
        reports: new Map(),
      };
    }
    return moment;
  }

  function factsOf(readings: Readings, findings: readonly Finding[]): Facts {
    const databaseFinding = findings.find(({ name }) => name === 'database');
    const cacheFinding = findings.find(({ name }) => name === 'cache');
    const figures = isUp(cacheFinding?.state) ? cachePart?.sampler.latest()?.outcome.figures : undefined;
    return Object.freeze({
      startedAt,
      findings: Object.freeze(findings),
      others: [
        // Callers of a pool also wait when the server is gone; that is the server's finding, not the pool's.
        ...(isUp(databaseFinding?.state) ? readings.poolFindings : []),
        ...readings.eventLoop,
        ...readings.source,
      ],
      databaseStatistics: {
        ...(readings.pool ?? UNMEASURED_DATABASE),
        latency_ms: oneDecimal(databaseFinding?.latencyMs ?? null),
      },
      poolWaiting: readings.poolWaiting,
      cacheStatistics: figures
        ? { ...cacheStatistics(figures), latency_ms: oneDecimal(cacheFinding?.latencyMs ?? null) }
        : UNMEASURED_CACHE,
      sourceHash: readings.sourceHash,
    });
  }

  function report(viewer: Viewer): Report {
    const { facts, reports } = now();
    let made = reports.get(viewer);
    if (!made) {
      made = buildReport(facts, viewer);
      reports.set(viewer, made);
    }
    return made;
  }

  function noteStatus(): void {
    const current = report('public');
    if (current.status === status) return;
    const from = status ?? null;
    status = current.status;
    tell(options.onStatusChange, { from, to: status, report: current });
  }

  return {
    startedAt,
    async start() {
      eventLoop.start();
      await Promise.all([...parts.map((part) => part.sampler.start()), source?.start()]);
    },
    report,
    facts: () => now().facts,
    state: (name) => now().facts.findings.find((finding) => finding.name === name)?.state,
    source,
    started,
    ready: () => !draining && started() && report('public').status !== 'unhealthy',
    drain() {
      draining = true;
    },
    async close() {
      draining = true;
      eventLoop.close();
      pool?.close();
      await Promise.all([...parts.map((part) => part.sampler.close()), source?.close()]);
    },
  };
}

/** Something that is sampled, and whether the application can do without. */
interface Part<Figures> {
  readonly name: string;
  readonly critical: boolean;
  readonly sampler: Sampler<Figures>;
}

function missingCache(critical: boolean): Finding {
  return {
    name: 'cache',
    critical,
    state: 'down',
    problems: ['CACHE_NOT_CONFIGURED'],
    latencyMs: null,
    lookedAt: null,
  };
}

/** A part at a moment: what its last outcome says, unless that is too old to say anything. */
function findingOf({ name, critical, sampler }: Part<unknown>, nowMs: number): Finding {
  const sample = sampler.latest();
  const lookedAt = sample?.at ?? null;
  if (sample === undefined || sampler.staleAtMs() <= nowMs) {
    return { name, critical, state: 'stale', problems: ['CHECK_STALE'], latencyMs: null, lookedAt };
  }
  const { state, problems, latencyMs } = sample.outcome;
  return { name, critical, state, problems, latencyMs, lookedAt };
}

/** True when nothing that was read has changed: the same figures, the same codes in the same order. */
function sameReadings(a: Readings, b: Readings): boolean {
  return (
    a.outcomes === b.outcomes &&
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

/** Tells the application; what it does with it is not allowed to stop the sampling. */
function tell<Event>(listener: ((event: Event) => void) | undefined, event: Event): void {
  try {
    listener?.(event);
  } catch {
    // The listener is the application's own; its failure is not a finding about database or cache.
  }
}

/** Everything that is read anew for every question, and costs next to nothing to read. */
interface Readings {
  /** How many outcomes there have been: the probes have said nothing new while it has not moved. */
  readonly outcomes: number;
  readonly pool: PoolFigures | undefined;
  readonly poolWaiting: number | null;
  readonly poolFindings: readonly ProblemCode[];
  readonly eventLoop: readonly ProblemCode[];
  readonly source: readonly ProblemCode[];
  readonly sourceHash: string | null;
}

/** What was read at one moment, and what was made of it. Valid until something that was read changes. */
interface Moment {
  readonly readings: Readings;
  /** The monotonic time at which the next part goes stale. */
  readonly changesAtMs: number;
  readonly facts: Facts;
  readonly reports: Map<Viewer, Report>;
}
