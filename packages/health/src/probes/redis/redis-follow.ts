/**
 * Who follows what a probe of Redis reads, and may ask a little more over its connections once a run has its answer.
 */
import type { ProblemCode } from '../../problems.js';
import type { CacheFacts } from '../../statistics/cache-facts.js';
import type { FreshRedisConnection } from './fresh-redis-connection.js';

/** What a run has read. */
export interface RedisReading {
  /** Of every server that shows its figures. */
  readonly facts: readonly CacheFacts[];
  readonly problems: readonly ProblemCode[];
}

export interface RedisFollower {
  read(reading: RedisReading): void;
  /** A run has come to its deadline. */
  missed(): void;
  /** Whether connections are wanted now. */
  isDue(): boolean;
  /** Has the connections from now on, and ends them. Never rejects. */
  take(connections: readonly FreshRedisConnection[]): Promise<void>;
}

/** A place for a follower that comes later than the probe. */
export interface RedisFollow extends RedisFollower {
  attach(follower: RedisFollower): void;
}

export function createRedisFollow(): RedisFollow {
  let follower: RedisFollower | undefined;
  return {
    attach(next) {
      follower = next;
    },
    read: (reading) => follower?.read(reading),
    missed: () => follower?.missed(),
    isDue: () => follower?.isDue() ?? false,
    async take(connections) {
      if (follower) await follower.take(connections);
      else for (const connection of connections) connection.destroy();
    },
  };
}
