/**
 * Queries Redis over a fresh connection: connects, asks for `INFO`, hangs up. The response says that the server is there and
 * how it is. Its error counters, compared from run to run, show what it refuses. Of a cluster every master is asked, because
 * each holds a part of the keys, and also for the state of the cluster. Where `INFO` is hidden, `PING` decides.
 */
import { DEFAULTS } from '../../defaults.js';
import { optionError } from 'portal-shared/check-options';
import type { ProblemCode, RemarkCode } from '../../problems.js';
import { addUp, NO_FIGURES } from '../../statistics/cache.js';
import type { CacheFigures } from '../../statistics/cache-figures.js';
import type { Outcome, Probe } from '../../types.js';
import { createConnectionWatch, type ConnectionWatch } from '../connection-watch.js';
import { withEndDetection } from '../end-detection.js';
import { ioredisConnections } from './ioredis.js';
import { nodeRedisConnections } from './node-redis.js';
import { createOpenCall, withOwnProblems, type OpenCall } from '../own-problems.js';
import { AnswerTooLongError } from '../probe-socket.js';
import { isForbidden, redisCause, redisProblem } from './redis-errors.js';
import type { FreshRedisConnection, OpenRedisConnections, RedisResult } from './fresh-redis-connection.js';
import type { RedisFollower } from './redis-follow.js';
import type { RunClock } from '../../run-clock.js';
import { createRedisErrorWatch, type RedisErrorWatch } from './redis-error-watch.js';
import { untilAborted } from 'portal-shared/with-timeout';

/** A client of ioredis (`Redis`, `Cluster`) or of node-redis (`createClient`, `createCluster`), 4 and later. */
export interface RedisClient {
  duplicate(...overrides: never[]): unknown;
}

export interface RedisProbeOptions {
  readonly client: RedisClient;
  /** Whether it is a replica on purpose: that it refuses writes is no finding then; default false. */
  readonly readOnly?: boolean;
  /** Milliseconds from which a whole run counts as slow: connect, log in, ask; default 500. */
  readonly slowMs?: number;
  /** Milliseconds after which the sampler ends a run; default 1,000. What cannot be ended by then ends by itself. */
  readonly deadlineMs?: number;
  /** Is told what a run reads. */
  readonly follow?: RedisFollower;
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
  readOnly = false,
  slowMs = DEFAULTS.slowMs,
  deadlineMs = DEFAULTS.deadlineMs,
  follow,
}: RedisProbeOptions): Probe<CacheFigures> {
  const passwords = createOpenCall();
  const watch = createConnectionWatch();
  const openConnections = openConnectionsLike(client, { deadlineMs, passwords, watch });
  const errorWatch = createRedisErrorWatch();
  let asking: readonly FreshRedisConnection[] = [];
  /** Masters that were asked when none was missing. */
  let complete = 0;
  /** Why figures are hidden from our user: the server writes refusals down (`ACL LOG`), so not every run asks for one. */
  let hidden: { readonly by: unknown; readonly untilMs: number } | undefined;

  /** Of a server that is gone a driver may let go long before the rest of the cluster knows that its keys are lost. */
  function hasLostMaster(answers: readonly RedisResult[]): boolean {
    const masters = Math.max(...answers.map((answer) => answer.masters ?? 0));
    if (answers.length >= masters) complete = answers.length;
    return answers.length < Math.min(masters, complete);
  }

  async function query(
    signal: AbortSignal,
    clock: RunClock,
    pingOnly: boolean,
  ): Promise<Outcome<CacheFigures>> {
    const beganMs = clock.othersMs();
    let opened: readonly FreshRedisConnection[] = [];
    const destroyAll = (): void => {
      for (const connection of opened) connection.destroy();
    };
    try {
      signal.throwIfAborted();
      asking = opened = openConnections(signal);
      if (opened.length === 0) return down('CACHE_UNREACHABLE', NO_MASTER_KNOWN);
      const known = hidden !== undefined && performance.now() < hidden.untilMs ? hidden : undefined;
      const asked = Promise.all(
        opened.map((connection) => connection.query(pingOnly || known !== undefined)),
      );
      const given = await untilAborted(signal, asked, destroyAll);
      const answers = known ? given.map((answer) => ({ ...answer, hiddenBy: known.by })) : given;
      if (!known && given.every(({ hiddenBy }) => isForbidden(hiddenBy))) {
        hidden = { by: given[0]?.hiddenBy, untilMs: performance.now() + HIDDEN_FOR_MS };
      }
      if (hasLostMaster(answers)) return down('CACHE_UNREACHABLE', MASTER_LOST);
      const slow = clock.othersMs() - beganMs > slowMs;
      const outcome = outcomeOf(answers, { slow, readOnly, errorWatch });
      follow?.read({
        facts: answers.flatMap(({ info }) => info?.facts ?? []),
        problems: outcome.problems,
      });
      if (follow?.isDue()) {
        for (const connection of opened) connection.stay();
        void follow.take(opened);
        opened = [];
      }
      return { ...outcome, connection: watch.facts() };
    } catch (error) {
      // The sampler discards this outcome.
      if (signal.aborted) return down('CACHE_TIMEOUT');
      // What comes back may be another server, or have other rules.
      hidden = undefined;
      const problem = redisProblem(error);
      // Some proxies hang up at a command that they do not know, and we hang up at an INFO without an end.
      const isCut = problem === 'CACHE_UNREACHABLE' || error instanceof AnswerTooLongError;
      const mayPing = !pingOnly && isCut;
      if (mayPing && opened.some((connection) => connection.wasCutOff())) {
        destroyAll();
        const second = await query(signal, clock, true);
        if (second.state !== 'down') return second;
      }
      return down(problem, error);
    } finally {
      destroyAll();
    }
  }

  const probe: Probe<CacheFigures> = {
    name: 'cache',
    run: (signal, clock) => query(signal, clock, false),
    failed(reason, error) {
      if (reason === 'threw') return down(redisProblem(error), error);
      if (reason === 'timeout') follow?.missed();
      return down('CACHE_TIMEOUT');
    },
  };
  return withOwnProblems(withEndDetection(probe, client, 'CACHE_NOT_READY'), () => {
    if (asking.some((connection) => connection.isLookingUp())) return 'NAME_LOOKUP';
    return passwords.isOpen() ? 'PASSWORD_UNAVAILABLE' : undefined;
  });
}

interface Connecting {
  readonly deadlineMs: number;
  readonly passwords: OpenCall;
  readonly watch: ConnectionWatch;
}

function openConnectionsLike(
  client: unknown,
  { deadlineMs, passwords, watch }: Connecting,
): OpenRedisConnections {
  const connections =
    ioredisConnections(client, deadlineMs, watch) ?? nodeRedisConnections(client, passwords, watch);
  if (connections) return connections;
  throw optionError(
    'cache.client',
    'to be a client of ioredis (Redis, Cluster) or of node-redis (createClient, createCluster)',
    client,
  );
}

/**
 * Without figures it is not seen that writes are refused, so whoever allows them again does not wait for long. Refusals that follow
 * one another within a minute are one entry of the `ACL LOG`, whose number rises; asked for less often, each would be one of its own,
 * and in the end push out those of others.
 */
const HIDDEN_FOR_MS = 30_000;
const MASTER_LOST = { code: 'MASTER_LOST', message: 'The client has let go of a master of the cluster' };
const NO_MASTER_KNOWN = { code: 'NO_MASTER_KNOWN', message: 'The client knows no master of the cluster' };

function down(problem: ProblemCode, error?: unknown): Outcome<CacheFigures> {
  const outcome = { state: 'down', latencyMs: null, problems: [problem] } as const;
  return error === undefined ? outcome : { ...outcome, cause: redisCause(error) };
}

interface Circumstances {
  readonly slow: boolean;
  readonly readOnly: boolean;
  readonly errorWatch: RedisErrorWatch;
}

/** Puts the responses of all servers together. */
function outcomeOf(
  answers: readonly RedisResult[],
  { slow, readOnly, errorWatch }: Circumstances,
): Outcome<CacheFigures> {
  const infos = answers.map(({ info }) => info).filter((info) => info !== undefined);
  if (infos.some(({ loading }) => loading)) return down('CACHE_LOADING');
  const problems = new Set<ProblemCode>();
  if (slow) problems.add('CACHE_SLOW');
  for (const [place, { info, clusterIsDown }] of answers.entries()) {
    if (info?.readOnly && !readOnly) problems.add('CACHE_READ_ONLY');
    if (info?.outOfMemory) problems.add('CACHE_OUT_OF_MEMORY');
    if (clusterIsDown) problems.add('CACHE_CLUSTER_DOWN');
    const refused = info ? errorWatch.problemsOf(info.errorCounters, String(place)) : [];
    for (const problem of refused) problems.add(problem);
  }
  const hidden = answers.find(({ info }) => info === undefined);
  const remarks: RemarkCode[] = hidden ? ['CACHE_FIGURES_HIDDEN'] : [];
  const isUnsaved = infos.some(({ errorCounters }) => errorCounters.saveFailed);
  if (isUnsaved && !problems.has('CACHE_WRITES_REFUSED')) remarks.push('CACHE_NOT_SAVED');
  return {
    state: slow ? 'slow' : 'up',
    latencyMs: Math.max(...answers.map(({ latencyMs }) => latencyMs)),
    problems: [...problems],
    ...(remarks.length > 0 && { remarks }),
    ...(hidden && { cause: redisCause(hidden.hiddenBy) }),
    figures: hidden ? NO_FIGURES : addUp(infos.map(({ figures }) => figures)),
  };
}
