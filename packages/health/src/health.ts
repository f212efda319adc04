/**
 * The heart: samples everything in the background, and says at any moment, from snapshots, how things stand.
 */
import { createListeners } from './listeners.js';
import { createPaceControl } from './pace-control.js';
import { DEFAULTS } from './defaults.js';
import { checkHealthOptions } from './check-health-options.js';
import { paceOf, type HealthOptions } from './health-options.js';
import { isWell, missingCache, type Component } from './components.js';
import { createExplanation } from './explanation.js';
import { createEventLoopWatch } from './probes/event-loop.js';
import { createReadiness } from './readiness.js';
import type { Reason } from './reasons/reasons.js';
import { publishedTime, type HealthSnapshot } from './report.js';
import { createSampler } from './sampler.js';
import { createSnapshotCache } from './snapshot-cache.js';
import type { Outcome, Report, State, Viewer } from './types.js';
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
  /** The published document, from snapshots: no I/O, never throws, frozen. */
  report(viewer: Viewer): Report;
  /** What the document is made of, for other formats of it: as `report`, from snapshots and frozen. */
  snapshot(): HealthSnapshot;
  /**
   * Why something is unwell and who causes it, the most telling first: from memory, frozen, never throws. Empty for anybody
   * but administrators, where no `explain` is on, and before `start()` is kept.
   */
  reasons(viewer: Viewer): readonly Reason[];
  /** Whether anything is to be explained, so that no reason means that there is none. */
  isExplaining(): boolean;
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
  const { source } = options;
  const startedAt = publishedTime(options.startedAt ?? new Date());
  const pace = createPaceControl(() => {
    for (const { sampler } of components) sampler.speedUp();
  });
  const components = watchedOf(options, probeNow).map(sampled);
  const readiness = createReadiness(options.ready ?? 'own');
  const eventLoop = createEventLoopWatch({
    delayedAfterMs: options.eventLoopDelayedAfterMs ?? DEFAULTS.eventLoopDelayedAfterMs,
    onSuspended() {
      for (const { sampler } of components) sampler.markStale();
      snapshots.invalidate();
    },
  });
  const missing = missingCaches(options).map(([name, critical]) => missingCache(name, critical));
  const snapshots = createSnapshotCache({ startedAt, missing, components, eventLoop, source });
  source?.onChange(snapshots.invalidate);
  const listeners = createListeners(options, snapshots);
  const explanation = createExplanation(options, components, snapshots.current);
  let draining = false;

  function sampled({ probe, sampling, ...watched }: Watched): Component {
    function onOutcome(outcome: Outcome<AnyFigures>): void {
      snapshots.invalidate();
      readiness.noteRun(watched.name, snapshots.current());
      pace.isWell(components.every(isWell));
      listeners.failed(watched.name, outcome);
      if (started()) listeners.reported();
    }
    return { ...watched, sampler: createSampler(probe, paceOf(sampling), onOutcome, pace.isInUse) };
  }

  function probeNow(name?: string): void {
    for (const component of components) {
      if (name === undefined || component.name === name) component.sampler.probeNow();
    }
  }

  function started(): boolean {
    return components.every(({ sampler }) => sampler.started());
  }

  return {
    startedAt,
    async start() {
      eventLoop.start();
      await Promise.all([
        ...components.map(({ sampler }) => sampler.start()),
        source?.start(),
        explanation.start(),
      ]);
    },
    report: snapshots.report,
    snapshot: snapshots.current,
    reasons: explanation.reasons,
    isExplaining: explanation.isOn,
    state: (name) => snapshots.current().components.find((component) => component.name === name)?.state,
    noteRequest: pace.noteRequest,
    isInUse: pace.isInUse,
    probeNow,
    caughtUp() {
      const nowMs = performance.now();
      if (snapshots.isFresh(nowMs)) return undefined;
      const runs = components.flatMap(({ sampler }) => sampler.catchUp(nowMs) ?? []);
      return runs.length > 0 ? Promise.all(runs) : undefined;
    },
    started,
    ready: () => !draining && started() && readiness.isReady(snapshots.current()),
    drain() {
      draining = true;
    },
    async close() {
      draining = true;
      eventLoop.close();
      for (const { pool } of components) pool?.close();
      await Promise.all([
        ...components.map(({ sampler }) => sampler.close()),
        source?.close(),
        explanation.close(),
      ]);
    },
  };
}
