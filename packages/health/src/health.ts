/**
 * The heart: samples everything in the background, and says at any moment, from snapshots, how things stand.
 */
import { guardSource } from './guarded-source.js';
import { createListeners } from './listeners.js';
import { createPaceControl } from './pace-control.js';
import { DEFAULTS } from './defaults.js';
import { checkHealthOptions } from './check-health-options.js';
import { paceOf, type HealthOptions } from './health-options.js';
import type { Health } from './health-type.js';
import { identityOf } from './identity.js';
import { createHealthServers } from './listen.js';
import { isWell, missingCache, type Component } from './components.js';
import { createExplanation } from './explanation.js';
import { createConnectionReadings } from './probes/connection-readings.js';
import { createEventLoopWatch } from './probes/event-loop.js';
import { createReadiness } from './readiness.js';
import { publishedTime } from './report.js';
import { createRunCounter } from './run-counts.js';
import { createSampler } from './sampler.js';
import { createSnapshotCache } from './snapshot-cache.js';
import type { Outcome } from './types.js';
import { missingCaches, watchedOf } from './watched.js';
import type { AnyFigures, Watched } from './watched-type.js';

export type { Health } from './health-type.js';

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
  const source = options.source && guardSource(options.source);
  const startedAt = publishedTime(options.startedAt ?? new Date());
  const identity = identityOf(options);
  const pace = createPaceControl(() => {
    for (const { sampler } of components) sampler.speedUp();
  });
  const components = watchedOf(options, probeNow).map(sampled);
  const readiness = createReadiness(options.ready ?? 'own');
  const eventLoop = createEventLoopWatch({
    delayedAfterMs: options.eventLoopDelayedAfterMs ?? DEFAULTS.eventLoopDelayedAfterMs,
    keepsBlocks: options.process?.explain ?? false,
    onSuspended() {
      for (const { sampler } of components) sampler.markStale();
      snapshots.invalidate();
    },
  });
  const connections = createConnectionReadings();
  const missing = missingCaches(options).map(([name, critical]) => missingCache(name, critical));
  const snapshots = createSnapshotCache({ startedAt, identity, missing, components, eventLoop, source });
  const listeners = createListeners(options, snapshots);
  const explanation = createExplanation(options, components, {
    snapshot: snapshots.current,
    blocks: () => eventLoop.blocks(),
    connections: () => connections.all(),
  });
  const servers = createHealthServers();
  source?.onChange(() => {
    snapshots.invalidate();
    listeners.sourceChanged(source.problems());
    if (sourceStarted && started()) listeners.noteStatus();
  });
  let starting: Promise<unknown> | undefined;
  let draining = false;
  let sourceStarted = false;

  function sampled({ probe, sampling, ...watched }: Watched): Component {
    const runs = createRunCounter(watched.name);
    function onOutcome(outcome: Outcome<AnyFigures>, durationMs: number): void {
      const run = runs.note(outcome, durationMs);
      snapshots.invalidate();
      if (watched.kind !== 'check') connections.note(watched.kind, watched.name, outcome);
      readiness.noteRun(watched.name, snapshots.current());
      pace.isWell(components.every(isWell));
      listeners.ran(run);
      listeners.failed(watched.name, outcome);
      // Also what comes with time alone, of which no source tells.
      if (source) listeners.sourceChanged(source.problems());
      if (started()) listeners.reported();
    }
    return { ...watched, runs, sampler: createSampler(probe, paceOf(sampling), onOutcome, pace.isInUse) };
  }

  function probeNow(name?: string): void {
    for (const component of components) {
      if (name === undefined || component.name === name) component.sampler.probeNow();
    }
  }

  function started(): boolean {
    return components.every(({ sampler }) => sampler.started());
  }

  const health: Health = {
    startedAt,
    identity,
    async start() {
      eventLoop.start();
      starting ??= Promise.all([
        ...components.map(({ sampler }) => sampler.start()),
        source?.start(),
        explanation.start(),
      ]);
      await starting;
      if (!source || sourceStarted) return;
      sourceStarted = true;
      listeners.noteStatus();
    },
    onRun: listeners.onRun,
    report: snapshots.report,
    snapshot: snapshots.current,
    reasons: explanation.reasons,
    isExplaining: explanation.isOn,
    state: (name) => snapshots.current().components.find((component) => component.name === name)?.state,
    noteRequest: () => pace.noteRequest(),
    isInUse: pace.isInUse,
    probeNow,
    caughtUp() {
      const nowMs = performance.now();
      if (snapshots.isFresh(nowMs)) return undefined;
      const runs = components.flatMap(({ sampler }) => sampler.catchUp(nowMs) ?? []);
      return runs.length > 0 ? Promise.all(runs) : undefined;
    },
    reportAgain() {
      const nowMs = performance.now();
      const report = snapshots.freshReport(nowMs);
      if (report) pace.noteRequest(nowMs);
      return report;
    },
    started,
    ready: () => !draining && started() && readiness.isReady(snapshots.current()),
    drain() {
      draining = true;
    },
    async listen(where) {
      const server = await servers.open(health, where);
      void health.start();
      return server;
    },
    async close() {
      draining = true;
      eventLoop.close();
      for (const { pool } of components) pool?.close();
      await Promise.all([
        ...components.map(({ sampler }) => sampler.close()),
        source?.close(),
        explanation.close(),
        servers.close(),
      ]);
    },
  };
  return health;
}
