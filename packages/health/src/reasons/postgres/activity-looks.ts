/**
 * What is asked of a server about who holds and who waits, over a connection that is given, and what was seen last.
 */
import { member } from '../../unknown.js';
import type { SessionDetail } from '../explain-options.js';
import type { Look } from '../sighting.js';
import { activityQuestion, FORGOTTEN_MS, FREE_QUESTION, ownQuestion } from './activity-question.js';
import { readActivity, readOwn, type ActivityAnswer, type ServerSession } from './activity-answer.js';
import type { AskedConnection } from './ask-once.js';
import { sightActivity } from './sight-activity.js';

export interface OwnSessions {
  readonly atMs: number;
  readonly sessions: readonly ServerSession[];
}

export interface ActivityLooksOptions {
  readonly component: string;
  /** Milliseconds between two questions. */
  readonly everyMs: number;
  readonly ownPids: () => readonly number[];
  readonly show: readonly SessionDetail[] | undefined;
}

export interface ActivityLooks {
  /** `null` while another instance asks; `undefined` for what is no answer. */
  readonly query: (connection: AskedConnection) => Promise<ActivityAnswer | null | undefined>;
  /** @param ownMs - our clock when the server answered, in milliseconds since 1970 */
  readonly note: (answer: ActivityAnswer, ownMs: number) => void;
  /** Asks for a while without the table of locks, which can be large. */
  readonly leaveOutLocks: () => void;
  readonly latest: () => Look | undefined;
  readonly sessions: () => OwnSessions | undefined;
}

/** A large table of locks takes longer than a question may. */
const WITHOUT_LOCKS_MS = 60_000;
/** With 50 instances in trouble, what each asks after its own may be asked only so seldom. */
const OWN_TURNS = 4;
/** One that is kept is asked more often than it is forgotten. */
const FORGOTTEN_TURNS = 4;

export function createActivityLooks({
  component,
  everyMs,
  ownPids,
  show,
}: ActivityLooksOptions): ActivityLooks {
  let locksAtMs = 0;
  let look: Look | undefined;
  let own: OwnSessions | undefined;
  let ownAtMs = Number.NEGATIVE_INFINITY;

  /** Another instance has asked: what is left is what becomes of our own. */
  async function askAfterOwn(connection: AskedConnection, version: number): Promise<void> {
    const pids = ownPids();
    if (pids.length === 0 || performance.now() - ownAtMs < everyMs * OWN_TURNS) return;
    ownAtMs = performance.now();
    const rows = await connection.run(ownQuestion(version, pids));
    own = { atMs: performance.now(), sessions: readOwn(member(member(rows, '0'), 'portal_own')) };
  }

  /** Which backend answers, and whether it is free to be asked. */
  async function query(connection: AskedConnection): Promise<ActivityAnswer | null | undefined> {
    const free = member(await connection.run(FREE_QUESTION), '0');
    const isDirect = member(free, 'pid') === connection.processId();
    const version = Number(member(free, 'version'));
    if (Number(member(free, 'free')) !== 1) {
      await askAfterOwn(connection, version);
      return null;
    }
    const text = activityQuestion({
      version,
      withLocks: performance.now() >= locksAtMs,
      holds: isDirect,
      forgottenMs: Math.max(FORGOTTEN_MS, everyMs * FORGOTTEN_TURNS),
      ownPids: ownPids(),
    });
    return readActivity(member(member(await connection.run(text), '0'), 'portal_activity'));
  }

  function note(next: ActivityAnswer, ownMs: number): void {
    own = { atMs: performance.now(), sessions: next.involved };
    look = {
      atMs: performance.now(),
      at: new Date(),
      sightings: sightActivity(next, { component, ownMs, ownPids: ownPids(), ...(show && { show }) }),
    };
  }

  return {
    query,
    note,
    leaveOutLocks() {
      locksAtMs = performance.now() + WITHOUT_LOCKS_MS;
    },
    latest: () => look,
    sessions: () => own,
  };
}
