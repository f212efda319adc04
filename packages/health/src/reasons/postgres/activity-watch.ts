/**
 * When the question who holds and who waits is asked, and when not: over the connection of a probe run that has its
 * answer, never twice at once in all instances of a database, never for long.
 */
import type { FollowUp } from '../../probes/postgres/fresh-postgres-connection.js';
import { createAskLimits } from '../ask-limits.js';
import type { SessionDetail } from '../explain-options.js';
import type { ReasonSource } from '../sighting.js';
import { createActivityLooks, type OwnSessions } from './activity-looks.js';
import { askOnce, type AskedConnection } from './ask-once.js';

export interface ActivityWatchOptions {
  /** `database`, `database.reports`. */
  readonly component: string;
  /** Milliseconds between two questions, and while something is wrong. */
  readonly everyMs: number;
  readonly whileTroubledMs: number;
  readonly isTroubled: () => boolean;
  /** Backends of this process that hold a connection for too long. */
  readonly ownPids?: () => readonly number[];
  readonly show?: readonly SessionDetail[];
  /** Asks for a connection, as one is due and no probe run is. */
  readonly requestRun?: () => void;
  /** Milliseconds that a question may take on this side; default 1,000. */
  readonly deadlineMs?: number;
}

export interface ActivityWatch extends ReasonSource, FollowUp {
  /** What was said last of the sessions of this process that were asked after, and when by the monotonic clock. */
  sessions(): OwnSessions | undefined;
  close(): Promise<void>;
}

const DEADLINE_MS = 1_000;
/**
 * How long others are kept from asking after an answer, of the shorter time between two questions: with 50 instances there
 * is then one question every two seconds, and with two everybody still has a turn whenever it is due.
 */
const HELD_PART = 0.4;
/** Of the probe, and a little more. */
const FASTER_PACE_MS = 2_500;
const LOOKS_A_TURN = 20;

export function createActivityWatch({
  component,
  everyMs,
  whileTroubledMs,
  isTroubled,
  ownPids = () => [],
  show,
  requestRun,
  deadlineMs = DEADLINE_MS,
}: ActivityWatchOptions): ActivityWatch {
  const limits = createAskLimits(() => (isTroubled() ? Math.min(everyMs, whileTroubledMs) : everyMs));
  const activity = createActivityLooks({ component, everyMs, ownPids, show });
  const held = new Set<AskedConnection>();
  let isOthers = false;
  let offeredMs = Number.NEGATIVE_INFINITY;
  let closed = false;

  const timer = requestRun
    ? setInterval(() => {
        // Where others ask, or the probe runs at its faster pace, the runs that there are anyway are often enough.
        const isSlowPace = performance.now() - offeredMs > FASTER_PACE_MS;
        if (!isOthers && isSlowPace && limits.isDue()) requestRun();
      }, whileTroubledMs / LOOKS_A_TURN)
    : undefined;
  timer?.unref();

  /** Keeps the connection, and with it the lock that keeps others from asking. */
  function hold(connection: AskedConnection): void {
    held.add(connection);
    setTimeout(
      () => {
        held.delete(connection);
        connection.end();
      },
      Math.min(everyMs, whileTroubledMs) * HELD_PART,
    ).unref();
  }

  async function ask(connection: AskedConnection): Promise<void> {
    const askedAt = Date.now();
    const result = await askOnce(connection, deadlineMs, activity.query);
    if (result.code !== undefined) {
      if (limits.failed(result.code) === 'overrun') activity.leaveOutLocks();
      return;
    }
    const { answer: next } = result;
    isOthers = next === null;
    if (isOthers) limits.postponed();
    else limits.answered();
    if (next !== null && !closed) activity.note(next, (askedAt + Date.now()) / 2);
    if (next?.holds && !closed) hold(connection);
    else connection.end();
  }

  return {
    name: component,
    needs: 2,
    latest: activity.latest,
    sessions: activity.sessions,
    isDue() {
      offeredMs = performance.now();
      return !closed && limits.isDue();
    },
    async take(connection) {
      if (closed || !limits.begin()) {
        connection.end();
        return;
      }
      await ask(connection);
    },
    async close() {
      closed = true;
      clearInterval(timer);
      for (const connection of held) connection.end();
      held.clear();
    },
  };
}
