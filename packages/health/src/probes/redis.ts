/**
 * Asks Redis as a newcomer: connects, asks for `INFO`, hangs up. One answer tells that it is there, how it is, and
 * whether it takes writes. Of a cluster every master is asked, because each holds a part of the keys.
 */
import { DEFAULTS } from '../defaults.js';
import { expected } from '../expected.js';
import type { ProblemCode } from '../problems.js';
import { addUp, readInfo, type CacheFigures } from '../statistics/cache.js';
import type { Outcome, Probe } from '../types.js';
import { ioredisNewcomers } from './ioredis.js';
import { nodeRedisNewcomers } from './node-redis.js';
import { redisCause, redisProblem } from './redis-errors.js';
import type { Newcomer, RedisAnswer } from './redis-newcomer.js';
import { whileWanted } from './while-wanted.js';

/** A client of ioredis (`Redis`, `Cluster`) or of node-redis (`createClient`, `createCluster`), 4 and later. */
export interface RedisClient {
  duplicate(...overrides: never[]): unknown;
}

/** What a Redis probe is made of. */
export interface RedisProbeOptions {
  readonly client: RedisClient;
  /** Milliseconds from which a whole run counts as slow: connect, log in, ask; default 500. */
  readonly slowMs?: number;
  /** Milliseconds after which the sampler ends a run; default 1,000. What cannot be ended by then ends by itself. */
  readonly deadlineMs?: number;
}

/**
 * Asks the server, or every master of the cluster, that `client` connects to, over connections of its own with the
 * client's options. The latency is the round trip of the question alone, in a cluster the longest; a master that is
 * down is a cache that is down, as a part of the keys is.
 *
 * The masters are those that the cluster's client knows; one that has never connected knows none.
 *
 * @throws TypeError when `client` is no client of ioredis or node-redis
 */
export function createRedisProbe({
  client,
  slowMs = DEFAULTS.slowMs,
  deadlineMs = DEFAULTS.deadlineMs,
}: RedisProbeOptions): Probe<CacheFigures> {
  const newcomers = ioredisNewcomers(client, deadlineMs) ?? nodeRedisNewcomers(client);
  if (newcomers === undefined) {
    throw expected(
      'cache.client',
      'to be a client of ioredis (Redis, Cluster) or of node-redis (createClient, createCluster)',
      client,
    );
  }
  return {
    name: 'cache',
    async run(signal) {
      const startedMs = performance.now();
      let opened: readonly Newcomer[] = [];
      const destroyAll = (): void => {
        for (const newcomer of opened) newcomer.destroy();
      };
      try {
        signal.throwIfAborted();
        opened = newcomers(signal);
        if (opened.length === 0) return down('CACHE_UNREACHABLE', NO_MASTER_KNOWN);
        const asked = Promise.all(opened.map((newcomer) => newcomer.ask()));
        const answers = await whileWanted(signal, asked, destroyAll);
        return outcomeOf(answers, performance.now() - startedMs > slowMs);
      } catch (error) {
        // Nobody waits for this outcome any more; should somebody, it is the true one.
        return signal.aborted ? down('CACHE_TIMEOUT') : down(redisProblem(error), error);
      } finally {
        destroyAll();
      }
    },
    failed: (reason, error) =>
      reason === 'timeout' ? down('CACHE_TIMEOUT') : down(redisProblem(error), error),
    close: async () => undefined,
  };
}

const NO_MASTER_KNOWN = { code: 'NO_MASTER_KNOWN', message: 'The client knows no master of the cluster' };
const NO_INFO = { code: 'NO_INFO', message: 'The answer to INFO is no INFO' };

function down(problem: ProblemCode, error?: unknown): Outcome<CacheFigures> {
  const outcome = { state: 'down', latencyMs: null, problems: [problem] } as const;
  return error === undefined ? outcome : { ...outcome, cause: redisCause(error) };
}

/** What the servers said, read together. */
function outcomeOf(answers: readonly RedisAnswer[], slow: boolean): Outcome<CacheFigures> {
  const all = answers.map(({ info }) => readInfo(info));
  const readings = all.filter((reading) => reading !== undefined);
  if (readings.length < all.length) return down('CACHE_FAILED', NO_INFO);
  if (readings.some(({ loading }) => loading)) return down('CACHE_LOADING');
  const problems: ProblemCode[] = [];
  if (slow) problems.push('CACHE_SLOW');
  if (readings.some(({ readOnly }) => readOnly)) problems.push('CACHE_READ_ONLY');
  if (readings.some(({ outOfMemory }) => outOfMemory)) problems.push('CACHE_OUT_OF_MEMORY');
  return {
    state: slow ? 'slow' : 'up',
    latencyMs: Math.max(...answers.map(({ latencyMs }) => latencyMs)),
    problems,
    figures: addUp(readings.map(({ figures }) => figures)),
  };
}
