/**
 * The audit of what is no change in the database itself: rejected requests, the first read of a session, changed settings.
 * Entries are buffered in the process, in bounded number, and written in the background. No request waits for that.
 */
import { withTimeout } from 'portal-shared/with-timeout';
import type { AuditEntry } from './audit-entry.js';
import { PortalError } from '../../errors.js';
import type { Log } from '../../infra/log.js';
import { whileReachable } from '../../infra/postgres.js';
import type { CurrentUser } from '../current-user.js';
import type { AuditStore, WaitingEntry } from './audit-store.js';
import {
  createRejectionCounter,
  ANONYMOUS,
  withCount,
  type CountedRejection,
  type Rejection,
  type Waiting,
} from './rejection-counter.js';

export interface Audit {
  rejected(rejection: Rejection): void;
  /** To be called whenever a session reads the admin report. Written once per session. */
  read(user: CurrentUser, address: string): void;
  /** From now on entries are written; before that, `settings` are held against those of the last start. */
  start(): void;
  /** Writes what waits, if that is possible; never rejects. */
  flush(): Promise<void>;
  /** Writes what waits, if that is possible soon. */
  close(): Promise<void>;
}

export interface AuditOptions {
  readonly store: AuditStore;
  /** Names of the settings that are others than at the last start. */
  readonly changedSettings: () => Promise<readonly string[]>;
  /** Whether the database is known to be down: it is not asked then. */
  readonly isDown: () => boolean;
  readonly log: Log;
  readonly now?: () => number;
}

const EVERY_MS = 1_000;
/** How long `close()` waits for the last entries. */
const CLOSE_MS = 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** Maximum number of buffered entries; more are counted, and logged as lost. */
const MOST_WAITING = 1_000;
/** Sessions whose first read is remembered here; the database remembers all of them. */
const MAX_SESSIONS = 1_000;

export function createAudit({
  store,
  changedSettings,
  isDown,
  log,
  now = () => performance.now(),
}: AuditOptions): Audit {
  let waiting: Waiting[] = [];
  const rejections = createRejectionCounter(now);
  const isFirstRead = createFirstReads();
  let settingsAreKnown = false;
  let sweptMs = Number.NEGATIVE_INFINITY;
  let lost = 0;
  let last = Promise.resolve();
  let flushing = 0;
  let timer: NodeJS.Timeout | undefined;

  function add(entry: AuditEntry, countedAs: string | null): void {
    if (waiting.length < MOST_WAITING) waiting.push({ ...entry, countedAs, atMs: now() });
    else lost += 1;
  }

  async function write(): Promise<void> {
    if (isDown()) return;
    if (!settingsAreKnown) {
      const changed = await whileReachable(changedSettings());
      settingsAreKnown = true;
      if (changed.length > 0)
        add({ ...ANONYMOUS, action: 'settings_changed', details: { settings: changed } }, null);
    }
    const [entries, counted] = [waiting, rejections.take()];
    if (entries.length + counted.length > 0) {
      waiting = [];
      try {
        await whileReachable(
          store.append([...entries, ...counted.map(withCount)].map((one) => aged(one, now()))),
        );
      } catch (error) {
        // What the database will never take would keep everything else waiting behind it.
        if (error instanceof PortalError) putBack(entries, counted);
        else lost += entries.length + counted.length;
        throw error;
      }
    }
    if (lost > 0) {
      log.warn('entries of the audit were lost, because too many had to wait', { lost });
      lost = 0;
    }
    if (now() - sweptMs >= DAY_MS) {
      await store.deleteOldRejections();
      sweptMs = now();
    }
  }

  function putBack(entries: readonly Waiting[], counted: readonly CountedRejection[]): void {
    const all = [...entries, ...waiting];
    lost += Math.max(0, all.length - MOST_WAITING);
    waiting = all.slice(0, MOST_WAITING);
    rejections.putBack(counted);
  }

  /** One write at a time; a call meanwhile waits for the next one. */
  function flush(): Promise<void> {
    flushing += 1;
    last = last
      .then(write)
      .catch((error: unknown) => {
        if (error instanceof PortalError) log.debug('the audit waits for the database');
        else log.failure('the audit could not be written', error);
      })
      .finally(() => {
        flushing -= 1;
      });
    return last;
  }

  return {
    rejected: (rejection) => rejections.add(rejection),
    read({ sessionId, userName, tokenSuffix, isMachine }, address) {
      if (!isFirstRead(sessionId)) return;
      const entry = { ...ANONYMOUS, address, tokenSuffix };
      if (isMachine) {
        add({ ...entry, action: 'token_used', details: { name: userName } }, `token_used ${-sessionId}`);
      } else add({ ...entry, action: 'first_read', actor: userName }, `first_read ${sessionId}`);
    },
    start() {
      timer = setInterval(() => {
        if (flushing === 0) void flush();
      }, EVERY_MS);
      timer.unref();
    },
    flush,
    async close() {
      clearInterval(timer);
      // A database that hangs must not hold up the end.
      if (timer) await withTimeout(flush(), CLOSE_MS).catch(() => undefined);
    },
  };
}

function aged({ atMs, ...entry }: Waiting, nowMs: number): WaitingEntry {
  return { ...entry, ageS: (nowMs - atMs) / 1_000 };
}

/** Tells the first read of a session from the others, by the sessions seen lately. */
function createFirstReads(): (sessionId: number) => boolean {
  const seen = new Set<number>();
  return (sessionId) => {
    if (seen.has(sessionId)) return false;
    seen.add(sessionId);
    const [oldest] = seen;
    if (seen.size > MAX_SESSIONS && oldest !== undefined) seen.delete(oldest);
    return true;
  };
}
