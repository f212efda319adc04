/**
 * Something that is watched, before anything samples it: a database, a cache, or a check of the application.
 */
import type { SamplingOptions } from './health-options.js';
import type { FollowUps } from './probes/postgres/follow-ups.js';
import type { RedisFollow } from './probes/redis/redis-follow.js';
import type { ComponentType } from './report.js';
import type { CacheFigures } from './statistics/cache-figures.js';
import type { PoolMonitor } from './statistics/pool-monitor.js';
import type { Probe } from './types.js';

/** What a probe may have read besides. */
export type AnyFigures = CacheFigures | undefined;

/** Something that is watched. */
export interface Watched {
  readonly name: string;
  readonly kind: ComponentType;
  readonly critical: boolean;
  readonly sampling: SamplingOptions;
  readonly probe: Probe<AnyFigures>;
  /** The application's own pool, of a database. */
  readonly pool?: PoolMonitor;
  /** Of a database that is to be explained: what is asked over connections of its probe. */
  readonly followUps?: FollowUps;
  /** Of a cache that is to be explained: who follows what its probe reads. */
  readonly follow?: RedisFollow;
}
