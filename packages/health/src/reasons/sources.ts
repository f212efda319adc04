/**
 * Everything that looks for reasons, made of what is to be explained. Loaded only when something is.
 */
import type { ProblemCode } from '../problems.js';
import type { RedisFollow } from '../probes/redis/redis-follow.js';
import { EXPLAIN_DEFAULTS, type ExplainSettings } from './explain-options.js';
import { createHolders, lookEveryMs } from './holders/holders.js';
import { createRefusedWrites } from './postgres/refused-writes.js';
import { createServerSources, type ServerAccess } from './postgres/database-sources.js';
import { createProcessSource, type ProcessSourceOptions } from './process/process-source.js';
import { createCacheWatch } from './redis/cache-watch.js';
import type { ReasonSource } from './sighting.js';

/** A database that is to be explained. */
export interface ExplainedDatabase extends ServerAccess {
  /** `database`, or `database.reports` of several. */
  readonly component: string;
  readonly settings: ExplainSettings;
  /** The pool of the application as it is now; `undefined` while there is none. */
  readonly pool: () => object | undefined;
  /** Those of this database that hold now. */
  readonly problems: () => readonly ProblemCode[];
}

/** A cache that is to be explained. */
export interface ExplainedCache {
  readonly component: string;
  /** What its probe reads. */
  readonly follow: RedisFollow;
}

/** This process: what the rest of the library has found out about it. */
export type ExplainedProcess = Pick<ProcessSourceOptions, 'blocks' | 'connections'>;

/** What is to be explained. */
export interface Explained {
  readonly databases: readonly ExplainedDatabase[];
  readonly caches: readonly ExplainedCache[];
  readonly process: ExplainedProcess | undefined;
  /** Whether to look more often than usually. */
  readonly isTroubled: () => boolean;
}

/** The sources, each begun. */
export function sourcesOf({ databases, caches, process, isTroubled }: Explained): readonly ReasonSource[] {
  return [
    ...databases.flatMap((database) => databaseSources(database, isTroubled)),
    ...caches.map(cacheSource),
    ...(process ? [processSource(process, isTroubled)] : []),
  ];
}

function cacheSource({ component, follow }: ExplainedCache): ReasonSource {
  const watch = createCacheWatch({ component });
  follow.attach(watch);
  return watch;
}

function processSource(process: ExplainedProcess, isTroubled: () => boolean): ReasonSource {
  const { everyMs, whileTroubledMs } = EXPLAIN_DEFAULTS;
  const source = createProcessSource({ ...process, everyMs, whileTroubledMs, isTroubled });
  source.start();
  return source;
}

/** The server is asked for the sessions of those who hold a connection for long, and says what they wait for. */
function databaseSources(database: ExplainedDatabase, isTroubled: () => boolean): readonly ReasonSource[] {
  const server = createServerSources({ ...database, isTroubled, ownPids: () => holders.pids() });
  const holders = createHolders({ ...database, server: () => server.activity.sessions() });
  const writes = createRefusedWrites(database.component, database.problems);
  return [holders, ...server.sources, writes];
}

/** The time between two readings of the sources: that of the one that looks most often. */
export function observeEveryMs({ databases }: Explained): number {
  return Math.min(1_000, ...databases.map(({ settings }) => lookEveryMs(settings.holderAfterMs)));
}
