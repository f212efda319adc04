/**
 * The heart: samples everything in the background, and says at any moment, from snapshots, how things stand.
 */
import { guardSource } from './guarded-source.js';
import { createListeners } from './listeners.js';
import { createPaceControl } from './pace-control.js';
import { DEFAULTS } from './defaults.js';
import { checkHealthOptions } from './check-health-options.js';
import type { HealthOptions } from './health-options.js';
import type { Health } from './health-type.js';
import { identityOf } from './identity.js';
import { createHealthServers } from './listen.js';
import { isWell, missingCaches, type Component } from './components.js';
import { createExplanation } from './explanation.js';
import { createConnectionReadings } from './probes/connection-readings.js';
import { createEventLoopWatch } from './probes/event-loop.js';
import { createReadiness } from './readiness.js';
import { publishedTime } from './report.js';
import type { FinishedRun } from './run-counts.js';
import { createSampling } from './sampling.js';
import { createSnapshotCache } from './snapshot-cache.js';
import type { Outcome } from './types.js';
import type { AnyFigures } from './watched-type.js';

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
 * const health = createHealth({ database: { pool }, cache: { client: new Redis() } });
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
  const pace = createPaceControl(() => sampling.speedUp());
  const sampling = createSampling(options, { isInUse: pace.isInUse, onOutcome: noteOutcome });
  const { components } = sampling;
  const readiness = createReadiness(options.ready ?? 'own');
  const eventLoop = createEventLoopWatch({
    delayedAfterMs: options.eventLoopDelayedAfterMs ?? DEFAULTS.eventLoopDelayedAfterMs,
    keepsBlocks: options.process?.explain ?? false,
    onSuspended() {
      sampling.markStale();
      snapshots.invalidate();
    },
  });
  const connections = createConnectionReadings();
  const missing = missingCaches(options);
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
    if (hasStarted && sampling.started()) listeners.noteStatus();
  });
  let starting: Promise<unknown> | undefined;
  let draining = false;
  let hasStarted = false;

  function noteOutcome({ name, kind }: Component, outcome: Outcome<AnyFigures>, run: FinishedRun): void {
    snapshots.invalidate();
    if (kind !== 'check') connections.note(kind, name, outcome);
    readiness.noteRun(name, snapshots.current());
    pace.isWell(components.every(isWell));
    listeners.ran(run);
    listeners.failed(name, outcome);
    // Also what comes with time alone, of which no source tells.
    if (source) listeners.sourceChanged(source.problems());
    if (sampling.started()) listeners.reported(source !== undefined && !hasStarted);
  }

  const health: Health = {
    startedAt,
    identity,
    async start() {
      eventLoop.start();
      starting ??= Promise.all([sampling.start(), source?.start(), explanation.start()]).then(() => {
        hasStarted = true;
        // What a start computes keeps nobody waiting: readiness says no until now.
        eventLoop.forget();
        if (source) listeners.sourceKnown();
      });
      await starting;
    },
    onRun: listeners.onRun,
    report: snapshots.report,
    snapshot: snapshots.current,
    reasons: explanation.reasons,
    isExplaining: explanation.isOn,
    state: (name) => snapshots.current().components.find((component) => component.name === name)?.state,
    noteRequest: () => pace.noteRequest(),
    isInUse: pace.isInUse,
    probeNow: sampling.probeNow,
    caughtUp() {
      const nowMs = performance.now();
      return snapshots.isFresh(nowMs) ? undefined : sampling.catchUp(nowMs);
    },
    reportAgain() {
      const nowMs = performance.now();
      const report = snapshots.freshReport(nowMs);
      if (report) pace.noteRequest(nowMs);
      return report;
    },
    statement: () => source?.statement?.() ?? null,
    started: sampling.started,
    ready: () => !draining && sampling.started() && readiness.isReady(snapshots.current()),
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
      await Promise.all([sampling.close(), source?.close(), explanation.close(), servers.close()]);
    },
  };
  return health;
}
