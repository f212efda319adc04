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
import { findingOf, isWell, missingCache, type Part } from './parts.js';
import { createCheckProbe } from './probes/custom.js';
import { createEventLoopWatch } from './probes/event-loop.js';
import { createPostgresProbe } from './probes/postgres.js';
import { createRedisProbe } from './probes/redis.js';
import { factsOf, sameReadings, type Readings } from './readings.js';
import { buildReport, publishedTime, type Facts, type Finding } from './report.js';
import { createSampler } from './sampler.js';
import { createSource, type SourceView } from './source/source.js';
import { createPoolWatch } from './statistics/pool.js';
import type { Outcome, Probe, Report, State, Status, Viewer } from './types.js';

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
  /** Somebody looks: the probes run at the faster pace for the next five seconds, and at once after a quiet time. */
  asked(): void;
  /**
   * A sign that things have changed, such as a query that is late: the probe of that part, or of all, runs at once; of
   * early runs there is at most one an interval.
   */
  probeNow(name?: string): void;
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
 * import { Redis } from 'ioredis';
 * import pg from 'pg';
 * import { createHealth } from 'portal-health';
 *
 * const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
 * const health = createHealth({ database: { pool }, cache: { client: new Redis(process.env.REDIS_URL) } });
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
  const missing: readonly Finding[] = cache?.client === null ? [missingCache(cache.critical ?? false)] : [];
  const parts = [databasePart, cachePart, ...checkParts].filter((part) => part !== undefined);

  const pool = database && createPoolWatch(database);
  const eventLoop = createEventLoopWatch({
    delayedAfterMs: options.eventLoopDelayedAfterMs ?? DEFAULTS.eventLoopDelayedAfterMs,
  });
  /** How often a probe or the source has said something. */
  let news = 0;
  const source =
    options.source &&
    createSource(options.source, () => {
      news += 1;
    });

  let askedMs = Number.NEGATIVE_INFINITY;
  let unwell = false;
  let readAgainAtMs = 0;
  let moment: Moment | undefined;
  let status: Status | undefined;
  let draining = false;

  function watch<Figures>(
    probe: Probe<Figures>,
    sampling: SamplingOptions,
    critical: boolean,
  ): Part<Figures> {
    function hasFound(outcome: Outcome<Figures>): void {
      news += 1;
      changePace(() => {
        unwell = parts.some((part) => !isWell(part));
      });
      if (outcome.state !== 'up' || outcome.problems.length > 0) {
        tell(options.onFailure, { name: probe.name, problems: outcome.problems, cause: outcome.cause });
      }
      if (!started()) return;
      noteStatus();
      if (options.onReport) tell(options.onReport, report('admin'));
    }
    const sampler = createSampler(probe, paceOf(sampling), hasFound, isInUse);
    return { name: probe.name, critical, sampler };
  }

  function started(): boolean {
    return parts.every((part) => part.sampler.started());
  }

  function isInUse(): boolean {
    return unwell || performance.now() - askedMs < DEFAULTS.askedForMs;
  }

  function changePace(change: () => void): void {
    const wasInUse = isInUse();
    change();
    if (wasInUse || !isInUse()) return;
    for (const { sampler } of parts) sampler.hurry();
  }

  /** How things stand now; the same object as last time unless something has changed since. */
  function now(): Moment {
    const nowMs = performance.now();
    if (moment?.readings.news === news && nowMs < readAgainAtMs) return moment;
    readAgainAtMs = nowMs + READ_EVERY_MS;
    const readings: Readings = {
      news,
      pool: pool?.read(),
      poolWaiting: pool?.waiting() ?? null,
      poolFindings: pool?.findings() ?? [],
      eventLoop: eventLoop.findings(),
      source: source?.problems() ?? [],
      sourceHash: source?.hash ?? null,
    };
    if (!moment || nowMs >= moment.changesAtMs || !sameReadings(moment.readings, readings)) {
      const stalesAtMs = parts.map((part) => part.sampler.stalesAtMs(nowMs));
      moment = {
        readings,
        changesAtMs: Math.min(Number.POSITIVE_INFINITY, ...stalesAtMs),
        facts: factsOf(
          startedAt,
          readings,
          [...missing, ...parts.map((part) => findingOf(part, nowMs))],
          cachePart?.sampler.latest()?.outcome.figures,
        ),
        reports: new Map(),
      };
    }
    return moment;
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
    asked() {
      changePace(() => {
        askedMs = performance.now();
      });
    },
    probeNow(name) {
      for (const part of parts) {
        if (name === undefined || part.name === name) part.sampler.probeNow();
      }
    },
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

/** Tells the application; what it does with it is not allowed to stop the sampling. */
function tell<Event>(listener: ((event: Event) => void) | undefined, event: Event): void {
  try {
    listener?.(event);
  } catch {
    // The listener is the application's own; its failure is not a finding about database or cache.
  }
}

/**
 * What a probe or the source says counts at once. The rest, such as the pool's counts, is read once a millisecond, and
 * not for each of the thirty requests that a busy server answers in it: that took a tenth of their time.
 */
const READ_EVERY_MS = 1;

/** What was read at one moment, and what was made of it. Valid until something that was read changes. */
interface Moment {
  readonly readings: Readings;
  /** The monotonic time at which the next part goes stale. */
  readonly changesAtMs: number;
  readonly facts: Facts;
  readonly reports: Map<Viewer, Report>;
}
