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
  oneDecimal,
  publishedTime,
  UNMEASURED_CACHE,
  UNMEASURED_DATABASE,
  type Finding,
} from './report.js';
import { createSampler, type Sampler } from './sampler.js';
import { createSource } from './source/source.js';
import { cacheStatistics, type CacheFigures } from './statistics/cache.js';
import { createPoolWatch, type PoolFigures } from './statistics/pool.js';
import type { CacheStatistics, Probe, Report, State, Status, Viewer } from './types.js';

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
  /** Every part as it stands now, database and cache first. */
  findings(): readonly Finding[];
  /** One part as it stands now; `stale` before its first outcome. `undefined` for a name that is not watched. */
  state(name: string): State | undefined;
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
  const missing: readonly Finding[] =
    cache?.client === null
      ? [
          {
            name: 'cache',
            critical: cache.critical ?? false,
            state: 'down',
            problems: ['CACHE_NOT_CONFIGURED'],
          },
        ]
      : [];
  const parts = [databasePart, cachePart, ...checkParts].filter((part) => part !== undefined);

  const pool = database && createPoolWatch(database);
  const eventLoop = createEventLoopWatch({
    delayedAfterMs: options.eventLoopDelayedAfterMs ?? DEFAULTS.eventLoopDelayedAfterMs,
  });
  const source = options.source && createSource(options.source);

  /** Counts outcomes; a moment is as good as new while it has not moved. */
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
    const poolFigures = pool?.read();
    const poolFindings = pool?.findings() ?? [];
    const others = [...eventLoop.findings(), ...(source?.problems() ?? [])];
    const sourceHash = source?.hash ?? null;
    if (
      moment &&
      moment.outcomes === outcomes &&
      nowMs < moment.changesAtMs &&
      samePool(moment.poolFigures, poolFigures) &&
      sameCodes(moment.poolFindings, poolFindings) &&
      sameCodes(moment.others, others) &&
      moment.sourceHash === sourceHash
    ) {
      return moment;
    }
    const stalesAtMs = parts.map((part) => part.sampler.staleAtMs()).filter((staleAtMs) => staleAtMs > nowMs);
    moment = {
      outcomes,
      changesAtMs: Math.min(Number.POSITIVE_INFINITY, ...stalesAtMs),
      findings: [...missing, ...parts.map((part) => findingOf(part, nowMs))],
      poolFigures,
      poolFindings,
      others,
      sourceHash,
      reports: new Map(),
    };
    return moment;
  }

  function report(viewer: Viewer): Report {
    const at = now();
    let made = at.reports.get(viewer);
    if (!made) {
      const byName = new Map(at.findings.map((finding) => [finding.name, finding]));
      const databaseFinding = byName.get('database');
      made = buildReport(
        {
          startedAt,
          database: databaseFinding,
          cache: byName.get('cache'),
          checks: at.findings.filter(({ name }) => name !== 'database' && name !== 'cache'),
          // Callers of a pool also wait when the server is gone; that is the server's finding, not the pool's.
          others: isUp(databaseFinding?.state) ? [...at.poolFindings, ...at.others] : at.others,
          databaseStatistics: {
            ...(at.poolFigures ?? UNMEASURED_DATABASE),
            latency_ms: latencyOf(databasePart, databaseFinding),
          },
          cacheStatistics: statisticsOf(cachePart, byName.get('cache')),
          sourceHash: at.sourceHash,
        },
        viewer,
      );
      at.reports.set(viewer, made);
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
    findings: () => now().findings,
    state: (name) => now().findings.find((finding) => finding.name === name)?.state,
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

/** A part at a moment: what its last outcome says, unless that is too old to say anything. */
function findingOf({ name, critical, sampler }: Part<unknown>, nowMs: number): Finding {
  const outcome = sampler.latest();
  if (outcome === undefined || sampler.staleAtMs() <= nowMs) {
    return { name, critical, state: 'stale', problems: ['CHECK_STALE'] };
  }
  return { name, critical, state: outcome.state, problems: outcome.problems };
}

function isUp(state: State | undefined): boolean {
  return state === 'up' || state === 'slow';
}

/** The last latency, while what it belongs to still answers. */
function latencyOf(part: Part<unknown> | undefined, finding: Finding | undefined): number | null {
  return isUp(finding?.state) ? oneDecimal(part?.sampler.latest()?.latencyMs ?? null) : null;
}

function statisticsOf(part: Part<CacheFigures> | undefined, finding: Finding | undefined): CacheStatistics {
  const figures = isUp(finding?.state) ? part?.sampler.latest()?.figures : undefined;
  if (figures === undefined) return UNMEASURED_CACHE;
  return { ...cacheStatistics(figures), latency_ms: latencyOf(part, finding) };
}

function samePool(a: PoolFigures | undefined, b: PoolFigures | undefined): boolean {
  return a?.total === b?.total && a?.checked_in === b?.checked_in && a?.size === b?.size;
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

/** Everything read at one moment, and what was made of it. Valid until something it was read from changes. */
interface Moment {
  readonly outcomes: number;
  /** The monotonic time at which the next part goes stale. */
  readonly changesAtMs: number;
  readonly findings: readonly Finding[];
  readonly poolFigures: PoolFigures | undefined;
  readonly poolFindings: readonly ProblemCode[];
  readonly others: readonly ProblemCode[];
  readonly sourceHash: string | null;
  readonly reports: Map<Viewer, Report>;
}
