/**
 * What the service watches of itself: its stores, its tables, its source. One line in the log for every change.
 */
import { join } from 'node:path';
import {
  createHealth,
  type Failure,
  type Health,
  type HealthOptions,
  type ReportEvent,
  type StatusChange,
} from 'portal-health';
import type { FollowedScripts } from 'portal-integrity/follow';
import { watchSource, type Source, type SourceEvent, type SourceOptions } from 'portal-integrity';
import type { Config } from './config/env.js';
import { SERVICE, VERSION } from './config/installation.js';
import type { Log } from './infra/log.js';
import type { Migrator } from './infra/migrator.js';
import type { StoreClients } from './stores.js';

/** While a problem holds. */
const EXPLAIN_TROUBLED_MS = 5_000;

export interface ServiceHealthOptions {
  readonly config: Config;
  readonly clients: StoreClients;
  readonly schema: Migrator;
  readonly startedAt: Date;
  readonly log: Log;
  readonly scripts: FollowedScripts | undefined;
}

export interface ServiceHealth {
  readonly health: Health;
  readonly source: Source;
  /** Whether the probe of a store says that it is down, or has not run for too long. False before its first run. */
  isAway(store: 'database' | 'cache'): boolean;
  /** Calls `listener` for every new report. */
  onReport(listener: (event: ReportEvent) => void): void;
  /** Calls `listener` for every change of the source. */
  onSourceChange(listener: (event: SourceEvent) => void): void;
}

export function createServiceHealth(options: ServiceHealthOptions): ServiceHealth {
  const { log } = options;
  const reportListeners: ((event: ReportEvent) => void)[] = [];
  const sourceListeners: ((event: SourceEvent) => void)[] = [];
  const source = watchSource(
    sourceOptions(options, (event) => {
      for (const notify of sourceListeners) notify(event);
    }),
  );
  const health = createHealth({
    ...watchedOptions(options),
    source,
    onFailure: logFailures(log),
    onStatusChange: (change) => logStatus(log, change),
    onReport(event) {
      for (const notify of reportListeners) notify(event);
    },
  });
  return {
    health,
    source,
    isAway: (store) => ['down', 'stale'].includes(health.state(store) ?? 'up'),
    onReport: (listener) => reportListeners.push(listener),
    onSourceChange: (listener) => sourceListeners.push(listener),
  };
}

function watchedOptions({
  config,
  clients: { database, cache },
  schema,
  startedAt,
}: ServiceHealthOptions): HealthOptions {
  const sampling = { intervalMs: config.intervalMs, deadlineMs: config.deadlineMs, slowMs: config.slowMs };
  return {
    database: {
      ...sampling,
      pool: database.pool,
      writes: config.writeIntervalMs > 0 && {
        intervalMs: config.writeIntervalMs,
        deadlineMs: config.writeDeadlineMs,
        table: 'portal_writes',
        // A migration makes it.
        create: false,
      },
      poolSaturatedAfterMs: config.poolSaturatedMs,
      poolStalledAfterMs: config.poolStalledMs,
      explain: config.explain && {
        everyMs: config.explainIntervalMs,
        whileTroubledMs: Math.min(config.explainIntervalMs, EXPLAIN_TROUBLED_MS),
        connection: config.explainDatabaseUrl
          ? { connectionString: config.explainDatabaseUrl }
          : config.explainConnection,
        hourly: true,
      },
    },
    cache: { ...sampling, client: cache?.client ?? null, explain: config.explain },
    process: { explain: config.explain },
    checks: { schema: { ...sampling, check: () => schema.isUsable(), critical: true } },
    ready: config.ready,
    startedAt,
    service: SERVICE,
    version: VERSION,
  };
}

function sourceOptions(
  { config, log, scripts }: ServiceHealthOptions,
  onChange: (event: SourceEvent) => void,
): SourceOptions {
  const { sourceRoot, sourceExclude, sourceHash, sourceStatement, sourceKeys, sourceMinimumSequence } =
    config;
  return {
    root: sourceRoot,
    exclude: sourceExclude,
    ...(sourceHash === undefined ? {} : { expectedHash: sourceHash }),
    ...(sourceStatement === undefined
      ? {}
      : {
          statement: {
            file: sourceStatement,
            keys: sourceKeys ?? [],
            signatures: config.sourceSignatures,
            minimumSequence: sourceMinimumSequence,
            ...(config.sourceAcceptSequence === undefined
              ? {}
              : { acceptSequence: config.sourceAcceptSequence }),
          },
        }),
    ...(config.sourceLockFile === undefined
      ? {}
      : {
          dependencies: {
            lockFile: config.sourceLockFile,
            ...(config.sourceDependencies === undefined ? {} : { list: config.sourceDependencies }),
          },
        }),
    lastRunFile: join(config.dataDir, 'source.sha256'),
    ...(config.sourceMemoryMs === 0
      ? {}
      : { memoryIntervalMs: config.sourceMemoryMs, followMemory: scripts ?? true }),
    onEvent(event) {
      const { kind, began_at, hash_before, hash_after, added, removed, modified, put_back } = event;
      onChange(event);
      if (kind === 'touched') {
        log.info('time stamps of the source moved, and its content did not', {
          began_at,
          entries: event.touched.length,
        });
        return;
      }
      if (kind === 'restarted') {
        log.warn('the source changed between two runs', {
          hash_before,
          hash_after,
          added,
          removed,
          modified,
        });
        return;
      }
      if (kind === 'dependencies') {
        log.warn('the dependencies are not as listed', { began_at, added, removed, modified, put_back });
        return;
      }
      if (kind === 'loaded') {
        log.warn('a script in memory is not in the source', { began_at, scripts: event.loaded.length });
        return;
      }
      log.warn('the source changed on disk', { began_at, hash_after, added, removed, modified, put_back });
    },
  };
}

/** One line when a component begins to fail, or fails for another cause: not one every interval. */
function logFailures(log: Log): (failure: Failure) => void {
  const logged = new Map<string, string>();
  return ({ name, problems, remarks, cause }) => {
    const causes = [...problems, ...remarks, cause?.code ?? ''].join(' ');
    if (logged.get(name) === causes) return;
    logged.set(name, causes);
    const what = { part: name, problems, remarks, cause: cause?.code ?? null };
    if (problems.length > 0) log.warn('a part of the service fails', what);
    else log.info('a part of the service works, with a remark', what);
    if (cause) log.debug('a part of the service fails, in full', { part: name, words: cause.message });
  };
}

function logStatus(log: Log, { from, to, report }: StatusChange): void {
  log[to === 'healthy' ? 'info' : 'warn']('the status changed', { from, to, errors: report.errors });
}
