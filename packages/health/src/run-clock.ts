/**
 * Measures how long a store or a check takes, without what this process itself has added to it: an answer that arrives while the
 * event loop is busy, or the process is stopped, is read only afterwards.
 *
 * The loop can delay each step of a run, such as one answer of a login, by one of its turns at most. So the time that was
 * lost is at most that of as many of the longest turns as a run has steps.
 */

/** What a run may need: 12 turns were counted with `pg`, a host's name and SCRAM; TLS and a second host add some. */
const STEPS = 20;

/** A timer tells the turns of the loop apart: it fires at most once in each. */
const TICK_MS = 10;

/** Turns shorter than this are not counted: all that a run can wait for them is a tenth of a second. */
const SHORT_MS = 5;

/** So many deadlines of wall time a run has that nothing can be said of, and twice as many the next time, up to the last. */
export const PATIENCE = { first: 3, last: 48 };

/** The clock of one run. */
export interface RunClock {
  /** Milliseconds that the other side has certainly taken; at most the wall time. */
  othersMs(): number;
  /** Whether this process has taken at least half of the time. */
  isHindered(): boolean;
  stop(): void;
}

/** When a wait has been long enough. */
export interface RunLimits {
  /** Milliseconds that the other side may take. */
  readonly deadlineMs: number;
  /** Milliseconds of wall time, the longest stretch of a busy loop not counted. */
  readonly capMs: number;
  /**
   * Called once, unless the clock is stopped before: `timeout` when the other side has used up its deadline, `hindered`
   * when there is only the cap. What has arrived by then has been read.
   */
  readonly onLate: (reason: 'timeout' | 'hindered') => void;
}

/** Begins to measure; holds the process until it is stopped or late, because a run under way is work. */
export function startRunClock({ deadlineMs, capMs, onLate }: RunLimits): RunClock {
  const tickMs = Math.min(TICK_MS, deadlineMs);
  const beganMs = performance.now();
  let tickedMs = beganMs;
  let tickedActiveMs = activeMs();
  /** The longest turns so far, in milliseconds. */
  let lostMs: readonly number[] = [];
  let stopped = false;

  function lostSinceTickMs(): number {
    const lateMs = performance.now() - tickedMs - tickMs;
    // A stopped process is not active, but its timer is late, and by more than a loaded machine makes any timer.
    const ownMs = Math.max(activeMs() - tickedActiveMs, lateMs > TICK_MS ? lateMs : 0);
    return ownMs < SHORT_MS ? 0 : ownMs;
  }

  function longest(): readonly number[] {
    return [...lostMs, lostSinceTickMs()].toSorted((a, b) => b - a).slice(0, STEPS);
  }

  function allLostMs(): number {
    return longest().reduce((sum, each) => sum + each, 0);
  }

  const wallMs = (): number => performance.now() - beganMs;
  const othersMs = (): number => Math.max(0, wallMs() - allLostMs());

  const timer = setInterval(() => {
    lostMs = longest();
    tickedMs = performance.now();
    tickedActiveMs = activeMs();
    const isTimeout = othersMs() >= deadlineMs;
    if (!isTimeout && wallMs() - (lostMs[0] ?? 0) < capMs) return;
    clearInterval(timer);
    // Timers come before sockets in a turn of the loop, so an answer that has long been there is read first.
    setImmediate(() => {
      if (!stopped) onLate(isTimeout ? 'timeout' : 'hindered');
    });
  }, tickMs);

  return {
    othersMs,
    isHindered: () => allLostMs() * 2 >= wallMs(),
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };
}

/** Milliseconds for which the event loop has run something since its start; 0 where the runtime does not count them. */
function activeMs(): number {
  const { eventLoopUtilization } = performance as Partial<typeof performance>;
  return eventLoopUtilization?.call(performance).active ?? 0;
}
