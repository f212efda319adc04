/**
 * What the answer to the question who holds and who waits shows: pure, and only what passes a threshold.
 */
import { EXPLAIN_DEFAULTS, type SessionDetail } from '../explain-options.js';
import { withDetails } from '../session-details.js';
import type { Figures, Names, Sighting } from '../sighting.js';
import type { ActivityAnswer, ServerSession, SessionGroup } from './activity-answer.js';
import { headsOf, type LockHead } from './lock-heads.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

const THRESHOLDS = {
  /** Reports begin after a minute with others, which is too late for a pool of 20. */
  lockWaitMs: SECOND_MS,
  lockWaiters: 5,
  lockMomentMs: 100,
  /** By the server's own clock: that is longer than until a second look. */
  lockCertainMs: 5 * SECOND_MS,
  /** Prometheus' mixin and awesome-alerts say the same. */
  connectionsPercent: 80,
  connectionsSeriousPercent: 95,
  /** Two minutes would report every backup, of which pg_dump's is left out anyway. */
  longTransactionMs: 5 * MINUTE_MS,
  leftOpenMs: MINUTE_MS,
  preparedMs: MINUTE_MS,
  clockOffsetMs: 5 * SECOND_MS,
} as const;

/** Of whom an answer is, and what our own clock showed in the middle of the question. */
export interface ActivityContext {
  /** `database`, `database.reports`. */
  readonly component: string;
  readonly ownMs: number;
  /** Sessions of which this process tells itself, and earlier. */
  readonly ownPids?: readonly number[];
  /** What may be shown of a session; default `application` and `role`. */
  readonly show?: readonly SessionDetail[];
}

/** What is so in this answer; a caller decides whether it has to be seen twice. */
export function sightActivity(
  answer: ActivityAnswer,
  { component, ownMs, ownPids = [], show = EXPLAIN_DEFAULTS.show }: ActivityContext,
): readonly Sighting[] {
  return [
    lockQueue(answer),
    exhausted(answer),
    leftOpen(answer, ownPids),
    longTransaction(answer),
    prepared(answer),
    clockOffset(answer, ownMs),
  ].flatMap((seen) => (seen === undefined ? [] : [withDetails({ ...seen, component }, show)]));
}

type Seen = Omit<Sighting, 'component'>;

function lockQueue(answer: ActivityAnswer): Seen | undefined {
  const { waiting, links, involved, seesAll } = answer;
  const isQueue =
    waiting.sessions >= THRESHOLDS.lockWaiters || (waiting.longestMs ?? 0) >= THRESHOLDS.lockWaitMs;
  const heads = headsOf(links);
  // Of very many the answer has not told all; what is known of one says more than that another is there.
  const head = heads.find(({ pid }) => pid === 0 || involved.some((one) => one.pid === pid)) ?? heads[0];
  // Those that wait for each other are a deadlock, which the server ends within a second.
  if (waiting.sessions === 0 || !isQueue || head === undefined) return undefined;
  return {
    code: 'LOCK_QUEUE',
    figures: {
      sessions: waiting.sessions,
      longest_ms: waiting.isExact ? rounded(waiting.longestMs) : null,
      at_least: waiting.isExact || seesAll ? 0 : 1,
      heads: heads.length,
      ...headFigures(head, answer),
    },
    names: headNames(head, answer),
    ...((isPileUp(waiting) || lasts(waiting)) && { isCertain: true as const }),
  };
}

function lasts({ longestMs, isExact }: ActivityAnswer['waiting']): boolean {
  return isExact && (longestMs ?? 0) >= THRESHOLDS.lockCertainMs;
}

/** So many do not come together by chance; on a row that all of them want they are gone again within a moment. */
function isPileUp({ sessions, longestMs }: ActivityAnswer['waiting']): boolean {
  return sessions >= THRESHOLDS.lockWaiters && (longestMs ?? Infinity) >= THRESHOLDS.lockMomentMs;
}

function headFigures({ pid }: LockHead, { involved, prepared: found }: ActivityAnswer): Figures {
  if (pid === 0) return { head_state: 'prepared', head_ms: rounded(found.oldestMs) };
  const session = involved.find((one) => one.pid === pid);
  if (session === undefined) return { head_state: 'gone', head_ms: null };
  return { head_state: session.state, head_ms: rounded(activityMs(session)), pid };
}

function headNames({ pid }: LockHead, { involved }: ActivityAnswer): Names {
  const session = involved.find((one) => one.pid === pid);
  return session === undefined ? {} : namesOf(session);
}

/** How long a session has been doing what it does. */
function activityMs({ state, statementMs, stateMs }: ServerSession): number | null {
  return state === 'active' ? statementMs : stateMs;
}

/** The server's own workers have no name that anybody gave them. */
function namesOf({
  application,
  role,
  backendType,
  address = null,
}: Pick<ServerSession, 'application' | 'role'> & Partial<ServerSession>): Names {
  const name = application === '' && backendType?.startsWith('autovacuum') ? 'autovacuum' : application;
  return {
    ...(name !== '' && { application: name }),
    ...(role !== null && { role }),
    ...(address !== null && { address }),
  };
}

function exhausted({ sessions, maxConnections, reserved, groups }: ActivityAnswer): Seen | undefined {
  const percent = maxConnections > 0 ? (sessions / maxConnections) * 100 : 0;
  if (percent < THRESHOLDS.connectionsPercent) return undefined;
  const largest = largestOwner(groups);
  const isSerious = percent >= THRESHOLDS.connectionsSeriousPercent || sessions >= maxConnections - reserved;
  return {
    code: 'CONNECTIONS_EXHAUSTED',
    figures: {
      used: sessions,
      max: maxConnections,
      reserved,
      largest: largest?.sessions ?? null,
      largest_state: largest?.state ?? null,
      ...(isSerious && { level: 'serious' }),
    },
    ...(largest && { names: namesOf(largest) }),
  };
}

/** The application with most sessions, whatever they do, and what most of them do if that is not hidden. */
function largestOwner(groups: readonly SessionGroup[]): SessionGroup | undefined {
  const owners = new Map<string, SessionGroup>();
  for (const group of groups) {
    const key = JSON.stringify([group.application, group.role]);
    const before = owners.get(key);
    // The groups come with the largest first, so its state is that of most of them.
    owners.set(key, before ? { ...before, sessions: before.sessions + group.sessions } : group);
  }
  return [...owners.values()].toSorted((a, b) => b.sessions - a.sessions)[0];
}

/** Of other applications, or other instances; those of this process are seen without the server, and earlier. */
function leftOpen({ oldest }: ActivityAnswer, ownPids: readonly number[]): Seen | undefined {
  const idle = oldest
    .filter(({ pid }) => !ownPids.includes(pid))
    .filter(({ state }) => state?.startsWith('idle in transaction'))
    .filter(({ stateMs }) => (stateMs ?? 0) >= THRESHOLDS.leftOpenMs)
    .toSorted((a, b) => (b.stateMs ?? 0) - (a.stateMs ?? 0));
  const [longest] = idle;
  if (longest === undefined) return undefined;
  const same = idle.filter(
    ({ application, role }) => application === longest.application && role === longest.role,
  );
  return {
    code: 'TRANSACTION_LEFT_OPEN',
    figures: { connections: same.length, longest_ms: rounded(longest.stateMs), pid: longest.pid },
    names: namesOf(longest),
    isCertain: true,
  };
}

function longTransaction({ oldest }: ActivityAnswer): Seen | undefined {
  const [longest] = oldest.toSorted((a, b) => (b.openMs ?? 0) - (a.openMs ?? 0));
  if (longest === undefined || (longest.openMs ?? 0) < THRESHOLDS.longTransactionMs) return undefined;
  return {
    code: 'LONG_TRANSACTION',
    figures: {
      open_ms: rounded(longest.openMs),
      head_state: longest.state,
      head_ms: rounded(activityMs(longest)),
      pid: longest.pid,
    },
    names: namesOf(longest),
    isCertain: true,
  };
}

function prepared({ prepared: { transactions, oldestMs } }: ActivityAnswer): Seen | undefined {
  if (transactions === 0 || (oldestMs ?? 0) < THRESHOLDS.preparedMs) return undefined;
  const figures = { transactions, longest_ms: rounded(oldestMs) };
  return { code: 'PREPARED_TRANSACTION', figures, isCertain: true };
}

function clockOffset({ serverMs }: ActivityAnswer, ownMs: number): Seen | undefined {
  const offsetMs = serverMs - ownMs;
  if (Math.abs(offsetMs) < THRESHOLDS.clockOffsetMs) return undefined;
  return { code: 'CLOCK_OFFSET', figures: { offset_ms: Math.round(offsetMs) } };
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}
