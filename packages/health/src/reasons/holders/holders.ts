/**
 * Who holds the connections of the application's pool: how long, and what they do meanwhile. Nothing is asked of the server.
 */
import { member } from '../../unknown.js';
import type { ExplainSettings } from '../explain-options.js';
import type { Look, ReasonSource } from '../sighting.js';
import { isListening, observe, processIdOf, type Observed } from './activity.js';
import { createHeld, type Holder, type Note } from './held.js';
import { createLabeller } from './labels.js';
import { seeCalls, type NoteCall } from './pool-calls.js';
import { listenTo } from './pool-events.js';
import { sessionOf, type ServerReading } from './server-sessions.js';
import { sightHolders, slowStatementMs } from './sight-holders.js';
import { createStackBudget, noteStack, type StackBudget } from './sites.js';

export interface HoldersOptions {
  readonly component: string;
  readonly settings: Pick<ExplainSettings, 'holderAfterMs' | 'sites' | 'describe'>;
  /** The pool as it is now. */
  readonly pool: () => object | undefined;
  /** What its server said of sessions, those of `pids()` among them. */
  readonly server?: () => ServerReading | undefined;
  /** Monotonic clock in milliseconds, for tests. */
  readonly now?: () => number;
}

export interface Holders extends ReasonSource {
  /** Processes of the server that serve the longest holders, for a question about their sessions; at most 20. */
  pids(): readonly number[];
}

/** As often as this, so that what is reported is at most so much older than it is said to be. */
const LOOK_MS = 1_000;
const MOST_OBSERVED = 1_000;
const MOST_PIDS = 20;

/** The time between two looks at the holders, or at what has been seen. */
export function lookEveryMs(holderAfterMs: number): number {
  return Math.min(LOOK_MS, Math.max(10, holderAfterMs / 10));
}

/** Follows whatever pool there is, from now on until it is closed. */
export function createHolders({
  component,
  settings,
  pool: currentPool,
  server = () => undefined,
  now = () => performance.now(),
}: HoldersOptions): Holders {
  const { holderAfterMs } = settings;
  const lookMs = lookEveryMs(holderAfterMs);
  const budget = createStackBudget();
  const followed = createFollowed(settings, budget, now);
  let observed: readonly Observed[] = [];
  let last: Look | undefined;

  function look(nowMs: number): Look {
    const pool = currentPool();
    followed.follow(pool);
    const before = new Map(observed.map((one) => [one.holder, one]));
    observed = followed
      .holders()
      .filter(({ connection }) => !isListening(connection))
      .map((holder) => observe(holder, before.get(holder), nowMs, lookMs));
    if (observed.some((one) => isWithoutSite(one, nowMs))) budget.raise(nowMs);
    const reading = server();
    const sightings = sightHolders({
      component,
      observed,
      serverSession: (one) => sessionOf(one, reading, nowMs),
      holderAfterMs,
      size: countOf(member(member(pool, 'options'), 'max')),
      waiting: countOf(member(pool, 'waitingCount')),
      nowMs,
    });
    return { atMs: nowMs, at: new Date(), sightings };
  }

  function isWithoutSite({ holder }: Observed, nowMs: number): boolean {
    return settings.sites && holder.note?.at === undefined && nowMs - holder.sinceMs >= holderAfterMs;
  }

  last = look(now());
  return {
    name: `holders of ${component}`,
    needs: 2,
    latest() {
      const nowMs = now();
      if (!last || nowMs - last.atMs >= lookMs) last = look(nowMs);
      return last;
    },
    pids() {
      const fromMs = now() - slowStatementMs(holderAfterMs) / 2;
      return [...followed.holders()]
        .filter(({ sinceMs }) => sinceMs <= fromMs)
        .flatMap(({ connection }) => processIdOf(connection) ?? [])
        .slice(0, MOST_PIDS);
    },
    async close() {
      followed.follow(undefined);
    },
  };
}

/** The pool that is listened to, and its holders. */
interface Followed {
  follow(pool: object | undefined): void;
  holders(): readonly Holder[];
}

function createFollowed(
  { sites, describe }: HoldersOptions['settings'],
  budget: StackBudget,
  now: () => number,
): Followed {
  const held = createHeld(now);
  const noteCall =
    sites || describe !== undefined ? createNoteCall(sites, describe ?? true, budget, now) : undefined;
  let pool: object | undefined;
  let ends: readonly (() => void)[] = [];
  let look = (): void => undefined;

  /** A pool that throws when it is listened to has no holders, and is none the worse for it. */
  function listen(to: object): void {
    const listener = listenTo(to, held);
    if (listener) {
      look = () => listener.look();
      ends = [() => listener.close()];
    }
    if (noteCall) ends = [...ends, seeCalls(to, held, noteCall)];
  }

  return {
    follow(given) {
      if (given === pool) return;
      for (const end of ends) attempt(end);
      ends = [];
      look = () => undefined;
      held.clear();
      pool = given;
      if (given) attempt(() => listen(given));
    },
    holders() {
      attempt(look);
      return [...held.holders()].slice(0, MOST_OBSERVED);
    },
  };
}

/** What is noted of each call: the label always, the stack within the budget. */
function createNoteCall(
  sites: boolean,
  describe: true | (() => unknown),
  budget: StackBudget,
  now: () => number,
): NoteCall {
  const label = createLabeller(describe);
  return (below): Note | undefined => {
    const words = label();
    const at = sites && budget.take(now()) ? noteStack(below) : undefined;
    return words === undefined && at === undefined ? undefined : { label: words, at };
  };
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // A pool of another make, which tells less.
  }
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null;
}
