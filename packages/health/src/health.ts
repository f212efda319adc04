/**
 * The heart: samples everything in the background, and says at any moment, from memory, how things stand.
 */
import { createPaceControl } from './pace-control.js';
import { DEFAULTS } from './defaults.js';
import { checkHealthOptions, paceOf, type HealthOptions } from './health-options.js';
import { componentStatus, isWell, missingCache, type Component } from './components.js';
import { createEventLoopWatch } from './probes/event-loop.js';
import { createReadiness } from './readiness.js';
import { snapshotOf, sameInput, type ComponentInput, type SnapshotInput } from './snapshot.js';
import type { ProblemCode } from './problems.js';
import { allProblems, buildReport, publishedTime, type HealthSnapshot } from './report.js';
import { createSampler } from './sampler.js';
import { sourceProblems } from './source-option.js';
import type { Outcome, Report, State, Status, Viewer } from './types.js';
import { missingCaches, watchedOf, type AnyFigures, type Watched } from './watched.js';

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
  snapshot(): HealthSnapshot;
  /** One part as it stands now; `stale` before its first outcome. `undefined` for a name that is not watched. */
  state(name: string): State | undefined;
  /** Somebody looks: the probes run at the faster pace for the next five seconds, and at once after a quiet time. */
  noteRequest(): void;
  /** Whether the faster pace is in force: somebody looks, or something is not up. */
  isInUse(): boolean;
  /**
   * A sign that things have changed, such as a query that is late: the probe of that part, or of all, runs at once; of
   * early runs there is at most one an interval.
   */
  probeNow(name?: string): void;
  /** True once every part has been looked at. */
  started(): boolean;
  /**
   * True while traffic is welcome: started, not draining, and no trouble of this process's own. A store that is down does
   * not count, unless `ready` says `critical`.
   */
  ready(): boolean;
  /**
   * After a pause of this process, in which nobody was asked: kept when one run has had its chance, a deadline from now at
   * the latest. `undefined`, as nearly always, when there is nothing to wait for. The doors wait for it by themselves.
   */
  caughtUp(): Promise<unknown> | undefined;
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
  const missing = missingCaches(options).map(([name, critical]): ComponentInput => ({
    status: missingCache(name, critical),
  }));
  const paceControl = createPaceControl(() => {
    for (const { sampler } of parts) sampler.speedUp();
  });
  const parts = watchedOf(options, probeNow).map(sampled);
  const readiness = createReadiness(options.ready ?? 'own');
  const eventLoop = createEventLoopWatch({
    delayedAfterMs: options.eventLoopDelayedAfterMs ?? DEFAULTS.eventLoopDelayedAfterMs,
    onSuspended() {
      for (const { sampler } of parts) sampler.markStale();
    },
  });
  /** How often a probe or the source has said something. */
  let revision = 0;
  const { source } = options;
  source?.onChange(() => {
    revision += 1;
  });

  let readAgainAtMs = 0;
  let cached: CachedSnapshot | undefined;
  let status: Status | undefined;
  let draining = false;

  function sampled({ probe, sampling, ...watched }: Watched): Component {
    function hasFound(outcome: Outcome<AnyFigures>): void {
      revision += 1;
      readiness.noteRun(watched.name, currentSnapshot().snapshot);
      paceControl.isWell(parts.every(isWell));
      const { problems, remarks = [], cause } = outcome;
      if (outcome.state !== 'up' || problems.length + remarks.length > 0) {
        notify(options.onFailure, { name: watched.name, problems, remarks, cause });
      }
      if (!started()) return;
      noteStatus();
      if (options.onReport) notify(options.onReport, { report: report('admin'), codes: codes() });
    }
    return { ...watched, sampler: createSampler(probe, paceOf(sampling), hasFound, paceControl.isInUse) };
  }

  function probeNow(name?: string): void {
    for (const part of parts) {
      if (name === undefined || part.name === name) part.sampler.probeNow();
    }
  }

  function started(): boolean {
    return parts.every((part) => part.sampler.started());
  }

  /** How things stand now; the same object as last time unless something has changed since. */
  function currentSnapshot(): CachedSnapshot {
    const nowMs = performance.now();
    if (cached?.input.revision === revision && nowMs < readAgainAtMs) return cached;
    readAgainAtMs = nowMs + READ_EVERY_MS;
    const readings: SnapshotInput = {
      revision,
      components: [
        ...missing,
        ...parts.map((part) => ({
          status: componentStatus(part, nowMs),
          pool: part.pool?.read(),
          figures: part.sampler.latest()?.outcome.figures,
        })),
      ],
      eventLoop: eventLoop.problems(),
      source: sourceProblems(source),
      sourceHash: source?.hash ?? null,
    };
    if (!cached || !sameInput(cached.input, readings)) {
      cached = { input: readings, snapshot: snapshotOf(startedAt, readings), reports: new Map() };
    }
    return cached;
  }

  function report(viewer: Viewer): Report {
    const { snapshot: facts, reports } = currentSnapshot();
    let made = reports.get(viewer);
    if (!made) {
      made = buildReport(facts, viewer);
      reports.set(viewer, made);
    }
    return made;
  }

  function codes(): readonly ProblemCode[] {
    return allProblems(currentSnapshot().snapshot);
  }

  function noteStatus(): void {
    const current = report('public');
    if (current.status === status) return;
    const from = status ?? null;
    status = current.status;
    notify(options.onStatusChange, { from, to: status, report: current, codes: codes() });
  }

  return {
    startedAt,
    async start() {
      eventLoop.start();
      await Promise.all([...parts.map((part) => part.sampler.start()), source?.start()]);
    },
    report,
    snapshot: () => currentSnapshot().snapshot,
    state: (name) => currentSnapshot().snapshot.components.find((finding) => finding.name === name)?.state,
    noteRequest: paceControl.noteRequest,
    isInUse: paceControl.isInUse,
    probeNow,
    caughtUp() {
      const nowMs = performance.now();
      const runs = parts.flatMap(({ sampler }) => sampler.catchUp(nowMs) ?? []);
      return runs.length > 0 ? Promise.all(runs) : undefined;
    },
    started,
    ready: () => !draining && started() && readiness.isReady(currentSnapshot().snapshot),
    drain() {
      draining = true;
    },
    async close() {
      draining = true;
      eventLoop.close();
      for (const { pool } of parts) pool?.close();
      await Promise.all([...parts.map((part) => part.sampler.close()), source?.close()]);
    },
  };
}

/** Tells the application; what it does with it is not allowed to stop the sampling. */
function notify<Event>(listener: ((event: Event) => void) | undefined, event: Event): void {
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
interface CachedSnapshot {
  readonly input: SnapshotInput;
  readonly snapshot: HealthSnapshot;
  readonly reports: Map<Viewer, Report>;
}
