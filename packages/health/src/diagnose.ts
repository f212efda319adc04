/**
 * What is wrong with a database and a cache at this moment, and who causes it: every probe once, for a person who waits.
 * Nothing is watched, changed or left behind.
 */
import { checkOptions, MILLISECONDS, OBJECT, type Rules } from 'portal-shared/check-options';
import { startRun } from './probe-run.js';
import { createPostgresProbe, type PostgresProbeOptions } from './probes/postgres/postgres.js';
import type { FollowUp } from './probes/postgres/fresh-postgres-connection.js';
import { createRedisProbe, type RedisProbeOptions } from './probes/redis/redis.js';
import type { RedisFollower } from './probes/redis/redis-follow.js';
import { inOrder, type ProblemCode } from './problems.js';
import { explain, REASONS } from './reasons/catalogue.js';
import { askServer, type ServerAnswers } from './reasons/postgres/ask-server.js';
import { sightActivity } from './reasons/postgres/sight-activity.js';
import { sightHourly } from './reasons/postgres/hourly-answer.js';
import { REASON_CODES } from './reasons/reason-codes.js';
import { createCacheWatch } from './reasons/redis/cache-watch.js';
import type { Reason } from './reasons/reasons.js';
import type { Sighting } from './reasons/sighting.js';
import { PATIENCE } from './run-clock.js';
import type { CacheFacts } from './statistics/cache-facts.js';
import type { Outcome, Probe } from './types.js';

/** What to look at. */
export interface DiagnoseOptions {
  /** A pool, which is not borrowed from, and the function that made it if that is of postgres.js. */
  readonly database?: Pick<PostgresProbeOptions, 'pool' | 'postgres'>;
  readonly cache?: Pick<RedisProbeOptions, 'client'>;
  /** Milliseconds that each has to answer; default 3,000. What is asked after that has 4,500 more. */
  readonly deadlineMs?: number;
}

/** What was found of one of them. */
export interface Diagnosis {
  readonly component: 'database' | 'cache';
  readonly state: 'up' | 'slow' | 'down';
  /** Round trip of the probe's question; `null` without an answer. */
  readonly latencyMs: number | null;
  /** Of the closed catalogue. */
  readonly problems: readonly ProblemCode[];
  /** The driver's code, such as `ECONNREFUSED` or an SQLSTATE; `null`: nothing failed. */
  readonly cause: string | null;
  /** Why, and who; by value. */
  readonly reasons: readonly Pick<Reason, 'code' | 'sentence' | 'next' | 'figures'>[];
  /** Whether our role sees what every session does, our user the figures of the cache; `null`: not asked. */
  readonly seesAll: boolean | null;
  /** Why a database that answers has not said who holds what: a driver's code, or `overrun`. */
  readonly unanswered: string | null;
}

const DEADLINE_MS = 3_000;
const RULES: Rules<DiagnoseOptions> = { database: OBJECT, cache: OBJECT, deadlineMs: MILLISECONDS };

/**
 * Looks once: at a healthy database with ten statements over one connection, of which one sorts 4 MB in a temporary file to see
 * whether the disk is full; at a cache with an `INFO` and a `SLOWLOG GET`. Never rejects for what is broken.
 *
 * @example
 * ```ts
 * import pg from 'pg';
 * import { diagnose } from 'portal-health/diagnose';
 *
 * const [database] = await diagnose({ database: { pool: new pg.Pool() } });
 * database?.reasons[0]?.sentence;
 * ```
 * @throws TypeError naming option, rule and value when an option cannot be used
 */
export async function diagnose(options: DiagnoseOptions): Promise<readonly Diagnosis[]> {
  checkOptions(options, RULES);
  const { database, cache, deadlineMs = DEADLINE_MS } = options;
  return Promise.all([
    ...(database ? [diagnoseDatabase(database, deadlineMs)] : []),
    ...(cache ? [diagnoseCache(cache, deadlineMs)] : []),
  ]);
}

async function diagnoseDatabase(
  options: NonNullable<DiagnoseOptions['database']>,
  deadlineMs: number,
): Promise<Diagnosis> {
  let asked: Promise<ServerAnswers | string> | undefined;
  const followUp: FollowUp = {
    isDue: () => asked === undefined,
    async take(connection) {
      asked = askServer(connection);
      await asked;
    },
  };
  const outcome = await runOnce(createPostgresProbe({ ...options, deadlineMs, followUp }), deadlineMs);
  const answers = await asked;
  const { activity, hourly, isDiskFull } = typeof answers === 'object' ? answers : {};
  const sightings = [
    ...(activity ? sightActivity(activity, { component: 'database', ownMs: Date.now() }) : []),
    ...(hourly ? sightHourly(hourly, 'database') : []),
  ];
  return {
    ...diagnosisOf('database', isDiskFull === true ? withFullDisk(outcome) : outcome, sightings),
    seesAll: activity?.seesAll ?? null,
    unanswered: typeof answers === 'string' ? answers : null,
  };
}

function withFullDisk(outcome: Outcome<unknown>): Outcome<unknown> {
  const cause = { code: '53100', message: 'A temporary file found no room' };
  return { ...outcome, problems: [...outcome.problems, 'DATABASE_DISK_FULL'], cause };
}

async function diagnoseCache(
  options: NonNullable<DiagnoseOptions['cache']>,
  deadlineMs: number,
): Promise<Diagnosis> {
  const watch = createCacheWatch({ component: 'cache' });
  let asked: Promise<void> | undefined;
  let isRefusing = false;
  let seesAll: boolean | null = null;
  let lost: CacheFacts | undefined;
  const follow: RedisFollower = {
    ...watch,
    read(reading) {
      seesAll = reading.facts.length > 0;
      lost = reading.facts.find(({ isLinkDown }) => isLinkDown);
      // There is no second reading to compare with: a count beside its cause, which is still there, is as good.
      isRefusing = reading.facts.some(
        ({ refusedForSave, saveFailed, appendFailed, lacksReplicas }) =>
          ((refusedForSave ?? 0) > 0 && (saveFailed || appendFailed)) ||
          // A master that wants replicas for a write and has none refuses the next.
          (lacksReplicas && !reading.problems.includes('CACHE_READ_ONLY')),
      );
      watch.read(
        isRefusing ? { ...reading, problems: [...reading.problems, 'CACHE_WRITES_REFUSED'] } : reading,
      );
    },
    // A command that kept everybody waiting a moment ago is worth a word to who looks now, whatever this answer took.
    isDue: () => asked === undefined,
    take: (connections) => (asked = watch.take(connections)),
  };
  const outcome = await runOnce(createRedisProbe({ ...options, deadlineMs, follow }), deadlineMs);
  await asked;
  const problems = isRefusing ? [...outcome.problems, 'CACHE_WRITES_REFUSED' as const] : outcome.problems;
  const sightings = [...(watch.latest()?.sightings ?? [])];
  // Nobody waits for a minute to pass; one that began without its master does not tell since when.
  if (lost && !sightings.some(({ code }) => code === 'CACHE_LINK_DOWN')) {
    const seconds = lost.linkDownSeconds;
    const down_ms = seconds && seconds * 1_000;
    sightings.push({ code: 'CACHE_LINK_DOWN', component: 'cache', figures: { down_ms } });
  }
  return { ...diagnosisOf('cache', { ...outcome, problems }, sightings), seesAll };
}

async function runOnce(probe: Probe<unknown>, deadlineMs: number): Promise<Outcome<unknown>> {
  const outcome = await startRun(probe, deadlineMs, PATIENCE.first).outcome;
  await probe.close?.();
  return outcome;
}

function diagnosisOf(
  component: Diagnosis['component'],
  { state, latencyMs, problems, cause }: Outcome<unknown>,
  sightings: readonly Sighting[],
): Diagnosis {
  const ordered = sightings.toSorted((a, b) => REASON_CODES.indexOf(a.code) - REASON_CODES.indexOf(b.code));
  return {
    component,
    state,
    latencyMs,
    problems: inOrder(problems),
    cause: cause?.code ?? null,
    reasons: ordered.map(reasonOf),
    seesAll: null,
    unanswered: null,
  };
}

function reasonOf(sighting: Sighting): Diagnosis['reasons'][number] {
  return { code: sighting.code, ...explain(sighting), next: REASONS[sighting.code].next };
}
