/**
 * How one instance stands, from its polls one after the other. Pure. All times in milliseconds since 1970.
 *
 * One poll changes nothing: an instance worsens after `failureThreshold` polls in a row that are worse than its state, and
 * recovers after `successThreshold` that are better.
 */
import type { InstanceProblem } from './fleet-problems.js';
import type { Observation, Reading } from './observation.js';
import type { InstanceState } from './service-verdict.js';

/** How many polls change a state. */
export interface Damping {
  readonly failureThreshold: number;
  readonly successThreshold: number;
}

/** A state that polls have judged. */
type Judged = Extract<InstanceState, 'healthy' | 'degraded' | 'unhealthy' | 'unreachable'>;

export interface TrackedInstance {
  readonly state: Judged | 'new';
  readonly since: number;
  /** The instance's own, or the one of the watcher if it is not reached. */
  readonly codes: readonly string[];
  /** What the watcher found besides. */
  readonly findings: readonly InstanceProblem[];
  /** Of the last answer; `null` before the first. */
  readonly reading: Reading | null;
  /** Since when no poll is answered; `null` while the last one was. */
  readonly lostAt: number | null;
  /** Polls in a row that were worse than `state`, or better. */
  readonly streak: { readonly direction: 'worse' | 'better' | 'none'; readonly polls: number };
  readonly runs: Runs;
}

/** The last starts that the instance reported, the newest last. */
interface Runs {
  readonly startedAt: readonly number[];
  /** When this watcher saw an instance start anew. */
  readonly restartsSeenAt: readonly number[];
  /** When an earlier start was reported again. */
  readonly alternatedAt: number | null;
}

const RANK: Readonly<Record<Judged, number>> = { healthy: 0, degraded: 1, unhealthy: 2, unreachable: 3 };
/** Starts within this time count together. */
const RESTARTS_WITHIN_MS = 15 * 60_000;
/** The third start is trouble: the first may be a release, and the second its correction. */
const RESTARTS_TOLERATED = 2;
const RUNS_KEPT = 8;

export function newInstance(nowMs: number): TrackedInstance {
  return {
    state: 'new',
    since: nowMs,
    codes: [],
    findings: [],
    reading: null,
    lostAt: null,
    streak: { direction: 'none', polls: 0 },
    runs: { startedAt: [], restartsSeenAt: [], alternatedAt: null },
  };
}

/** After the watcher was blind: what it counted as lost meanwhile, or just before, says nothing. */
export function forgetLoss(instance: TrackedInstance): TrackedInstance {
  return { ...instance, lostAt: null, streak: { direction: 'none', polls: 0 } };
}

/**
 * @param isDoubted - whether the watcher may be blind: then no loss is decided yet
 * @returns the same object when the poll was void, or says once more what was said
 */
export function track(
  before: TrackedInstance,
  observation: Observation,
  atMs: number,
  damping: Damping,
  isDoubted = false,
): TrackedInstance {
  if (observation.kind === 'void' || isRepeated(before, observation, atMs)) return before;
  const isAnswer = observation.kind === 'answered';
  const seen: Judged = isAnswer ? observation.reading.health : 'unreachable';
  const streak = streakAfter(before, seen);
  const isChanged = !(isDoubted && !isAnswer) && isDecided(before, seen, streak, damping);
  const state = isChanged ? seen : before.state;
  const runs = runsAfter(before.runs, isAnswer ? observation.reading.startedAtMs : null, atMs);
  return {
    state,
    // What is of the future was seen before the clock was set back.
    since: state === before.state ? Math.min(before.since, atMs) : atMs,
    // While a state is kept against what the last poll said, its codes are kept too.
    codes: state === seen ? codesOf(observation) : before.codes,
    findings: findingsOf(observation, runs),
    reading: isAnswer ? observation.reading : before.reading,
    lostAt: isAnswer ? null : Math.min(before.lostAt ?? atMs, atMs),
    streak: isChanged ? { direction: 'none', polls: 0 } : streak,
    runs,
  };
}

/**
 * Whether it is as before that it answers, and what. Most polls are so, and of what is said again there is only the one
 * object: see `polling/hand-over`.
 */
function isRepeated(before: TrackedInstance, observation: Observation, atMs: number): boolean {
  const { state, since, codes, findings, reading, streak, runs } = before;
  return (
    observation.kind === 'answered' &&
    observation.reading === reading &&
    !observation.isTokenWithheld &&
    state === reading.health &&
    codes === reading.codes &&
    // No poll since was lost.
    streak.direction === 'none' &&
    // What was found of its starts ends by time.
    findings.length === 0 &&
    isCalm(runs) &&
    since <= atMs
  );
}

/** What is true from the first poll on: that an instance answers well. That it does not, takes as many as ever. */
function isDecided(
  { state }: TrackedInstance,
  seen: Judged,
  { direction, polls }: TrackedInstance['streak'],
  { failureThreshold, successThreshold }: Damping,
): boolean {
  if (state === 'new' && RANK[seen] < RANK.unhealthy) return true;
  if (direction === 'none') return false;
  return polls >= (direction === 'worse' ? failureThreshold : successThreshold);
}

function streakAfter({ state, streak }: TrackedInstance, seen: Judged): TrackedInstance['streak'] {
  const change = RANK[seen] - (state === 'new' ? RANK.healthy : RANK[state]);
  if (change === 0) return { direction: 'none', polls: 0 };
  const direction = change > 0 ? 'worse' : 'better';
  return { direction, polls: streak.direction === direction ? streak.polls + 1 : 1 };
}

function codesOf(observation: Exclude<Observation, { kind: 'void' }>): readonly string[] {
  return observation.kind === 'answered' ? observation.reading.codes : [observation.code];
}

function findingsOf(
  observation: Exclude<Observation, { kind: 'void' }>,
  { restartsSeenAt, alternatedAt }: Runs,
): readonly InstanceProblem[] {
  const findings: InstanceProblem[] = [];
  if (observation.kind === 'answered' && observation.isTokenWithheld)
    findings.push('INSTANCE_TOKEN_WITHHELD');
  if (restartsSeenAt.length > RESTARTS_TOLERATED) findings.push('INSTANCE_RESTARTING');
  if (alternatedAt !== null) findings.push('FLEET_ADDRESS_SHARED');
  return findings;
}

/** A start that was reported before, after another one, is that of another instance at the same address. */
function runsAfter(runs: Runs, startedAtMs: number | null, atMs: number): Runs {
  if (isCalm(runs) && (startedAtMs === null || startedAtMs === runs.startedAt.at(-1))) return runs;
  const isRecent = (seenAt: number): boolean => Math.abs(atMs - seenAt) < RESTARTS_WITHIN_MS;
  const restartsSeenAt = runs.restartsSeenAt.filter(isRecent);
  const alternatedAt = runs.alternatedAt !== null && isRecent(runs.alternatedAt) ? runs.alternatedAt : null;
  const last = runs.startedAt.at(-1);
  if (startedAtMs === null || startedAtMs === last) return { ...runs, restartsSeenAt, alternatedAt };
  const isKnown = runs.startedAt.includes(startedAtMs);
  const startedAt = [...runs.startedAt.filter((known) => known !== startedAtMs), startedAtMs].slice(
    -RUNS_KEPT,
  );
  if (isKnown) {
    // What looked like restarts was none.
    return { startedAt, restartsSeenAt: [], alternatedAt: atMs };
  }
  const isRestart = last !== undefined && startedAtMs > last && alternatedAt === null;
  return {
    startedAt,
    restartsSeenAt: isRestart ? [...restartsSeenAt, atMs].slice(-RUNS_KEPT) : restartsSeenAt,
    alternatedAt,
  };
}

/** It neither starts again and again nor alternates. */
function isCalm({ restartsSeenAt, alternatedAt }: Runs): boolean {
  return restartsSeenAt.length === 0 && alternatedAt === null;
}
