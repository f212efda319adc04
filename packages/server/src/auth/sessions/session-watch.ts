/**
 * Watches over sessions for as long as something that they opened stays open: a page that is kept up to date must end
 * soon after its session does, and watching many must cost the stores nothing.
 *
 * So nothing is polled. Database and cache notify of changes, and this process knows its own. Only then are the sessions
 * looked up, all in one query. The last look-up says when a session ends by time.
 */
import { ADMIN } from '../permission.js';
import type { Sessions } from './sessions.js';

/** Administrators' sessions, watched. */
export interface SessionWatch {
  /**
   * Calls `onGone` once, when the session with this token is no longer one of an administrator.
   *
   * @returns ends the watch
   */
  watch(token: string, onGone: () => void): () => void;
  close(): void;
}

export interface SessionWatchOptions {
  readonly sessions: Sessions;
  /** False while the database notifies of no change, because it is down. */
  readonly isHeard: () => boolean;
  /** Milliseconds for which a session stays valid while the database notifies of no change. */
  readonly fallbackMs: number;
}

interface Watched {
  readonly token: string;
  readonly pages: Set<() => void>;
  /** By the monotonic clock: when to look again, because it should have ended by then. */
  endsAtMs: number;
}

const TICK_MS = 500;
/** Found in the fallback, or not found out in time: looked up again soon. */
const AGAIN_MS = 1_000;

/** Begins to watch; nothing is asked while nothing is watched. */
export function createSessionWatch({
  sessions,
  isHeard,
  fallbackMs: memoryMs,
}: SessionWatchOptions): SessionWatch {
  const all = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;
  let heardAtMs = performance.now();
  let wasHeard = true;
  let checking = false;
  let checkAgain = false;

  function end(watched: Watched): void {
    if (!all.delete(watched.token)) return;
    for (const onGone of watched.pages) onGone();
    rest();
  }

  async function checkSession(watched: Watched): Promise<void> {
    const found = await sessions.find([watched.token], { fromFallback: true });
    const [verified] = found === 'late' ? [] : found;
    // An answer that is late is no reason to end a page.
    if (found !== 'late' && (verified?.session.permission ?? -1) < ADMIN) end(watched);
    else watched.endsAtMs = performance.now() + Math.max(TICK_MS, verified?.remainingMs ?? AGAIN_MS);
  }

  /** Looks up `which` at once, in one query. A change while that is in flight leads to another one after it. */
  async function checkSessions(which: readonly Watched[]): Promise<void> {
    if (which.length === 0) return;
    if (checking) {
      checkAgain = true;
      return;
    }
    checking = true;
    await Promise.all(which.map(checkSession));
    checking = false;
    if (!checkAgain) return;
    checkAgain = false;
    void checkSessions([...all.values()]);
  }

  function tick(): void {
    const nowMs = performance.now();
    const heard = isHeard();
    if (heard) heardAtMs = nowMs;
    if (heard && !wasHeard) void checkSessions([...all.values()]);
    else if (heard) void checkSessions([...all.values()].filter(({ endsAtMs }) => endsAtMs <= nowMs));
    else if (nowMs - heardAtMs > memoryMs) for (const watched of all.values()) end(watched);
    wasHeard = heard;
  }

  function rest(): void {
    if (all.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  sessions.onChange(() => void checkSessions([...all.values()]));

  return {
    watch(token, onGone) {
      const watched = all.get(token) ?? { token, pages: new Set(), endsAtMs: Number.POSITIVE_INFINITY };
      all.set(token, watched);
      watched.pages.add(onGone);
      if (timer === undefined) {
        wasHeard = isHeard();
        heardAtMs = performance.now();
        timer = setInterval(tick, TICK_MS);
        timer.unref();
      }
      // The guard let it in a moment ago. This look-up finds a change since then, and how long the session lasts.
      void checkSessions([watched]);
      return () => {
        watched.pages.delete(onGone);
        if (watched.pages.size === 0 && all.get(token) === watched) all.delete(token);
        rest();
      };
    },
    close() {
      all.clear();
      rest();
    },
  };
}
