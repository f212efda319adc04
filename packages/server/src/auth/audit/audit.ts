/**
 * Keeps the audit of what is no change in the database itself: who was refused, who read first, which settings changed.
 * Nobody waits for it. While PostgreSQL is away entries wait here, and there is a bound to how many.
 */
import { withTimeout } from 'portal-shared/with-timeout';
import type { AuditEntry } from './audit-entry.js';
import { PortalError } from '../../errors.js';
import type { Log } from '../../infra/log.js';
import { whileReachable } from '../../infra/postgres.js';
import type { CurrentUser } from '../current-user.js';
import type { AuditStore, WaitingEntry } from './audit-store.js';

/** Why somebody was refused: an unknown session, too little permission, or a wrong code. */
export type RejectionReason = 'session' | 'permission' | 'code';

/** A refusal. */
export interface Rejection {
  readonly reason: RejectionReason;
  readonly address: string;
  /** Who it was, where that is known. */
  readonly userName?: string;
}

/** The audit of one process. */
export interface Audit {
  rejected(refusal: Rejection): void;
  /** To be called whenever a session reads the administrators' document; told once. */
  read(reader: CurrentUser, address: string): void;
  /** From now on entries are written; before that, `settings` are held against those of the last start. */
  start(): void;
  /** Writes what waits, if that is possible; never rejects. */
  flush(): Promise<void>;
  /** Writes what waits, if that is possible soon. */
  close(): Promise<void>;
}

/** What an audit is made of. */
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
/** What the end waits for the last entries. */
const CLOSE_MS = 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
const HOUR_MS = 60 * 60 * 1_000;
/** Most that wait; more are counted and said to be lost. */
const MOST_WAITING = 1_000;
/** Rows of refusals in an hour; strangers with more addresses than that share one row. */
const MAX_REJECTIONS_PER_HOUR = 200;
/** Sessions of which it is remembered that they have read; the record itself remembers all of them. */
const MAX_USERS = 1_000;

interface Waiting extends Omit<WaitingEntry, 'ageS'> {
  readonly atMs: number;
}

/** An audit without an entry. */
export function createAudit({
  store,
  changedSettings,
  isDown,
  log,
  now = () => performance.now(),
}: AuditOptions): Audit {
  let waiting: Waiting[] = [];
  let rejections = new Map<string, { entry: Waiting; count: number }>();
  let seenThisHour = new Set<string>();
  let hourBeganMs = now();
  const users = new Set<number>();
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

  /** The address is left out of the row once there are too many of them. */
  function rowOf({ reason, address, userName }: Rejection): { key: string; address: string | null } {
    if (now() - hourBeganMs >= HOUR_MS) {
      seenThisHour = new Set();
      hourBeganMs = now();
    }
    const key = `refused ${reason} ${address} ${userName ?? ''}`;
    if (seenThisHour.size >= MAX_REJECTIONS_PER_HOUR && !seenThisHour.has(key)) {
      return { key: `refused ${reason} others`, address: null };
    }
    seenThisHour.add(key);
    return { key, address };
  }

  async function write(): Promise<void> {
    if (isDown()) return;
    if (!settingsAreKnown) {
      const changed = await whileReachable(changedSettings());
      settingsAreKnown = true;
      if (changed.length > 0)
        add({ ...NOBODY, action: 'settings_changed', details: { settings: changed } }, null);
    }
    const [entries, counted] = [waiting, rejections];
    if (entries.length + counted.size > 0) {
      waiting = [];
      rejections = new Map();
      try {
        await whileReachable(
          store.append([
            ...entries.map(aged),
            ...[...counted.values()].map(({ entry, count }) =>
              aged({ ...entry, details: { ...entry.details, count } }),
            ),
          ]),
        );
      } catch (error) {
        // What the database will never take would keep everything else waiting behind it.
        if (error instanceof PortalError) putBack(entries, counted);
        else lost += entries.length + counted.size;
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

  function aged({ atMs: happenedMs, ...entry }: Waiting): WaitingEntry {
    return { ...entry, ageS: (now() - happenedMs) / 1_000 };
  }

  function putBack(entries: readonly Waiting[], counted: typeof rejections): void {
    const all = [...entries, ...waiting];
    lost += Math.max(0, all.length - MOST_WAITING);
    waiting = all.slice(0, MOST_WAITING);
    for (const [key, { entry, count }] of counted) {
      rejections.set(key, { entry, count: count + (rejections.get(key)?.count ?? 0) });
    }
  }

  /** One at a time; whoever comes meanwhile waits for the one after it. */
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
    rejected(refusal) {
      const { key, address } = rowOf(refusal);
      const known = rejections.get(key);
      if (known) known.count += 1;
      else {
        rejections.set(key, {
          count: 1,
          entry: {
            ...NOBODY,
            action: 'refused',
            actor: refusal.userName ?? null,
            address,
            details: { reason: refusal.reason },
            countedAs: key,
            atMs: now(),
          },
        });
      }
    },
    read({ sessionId, userName, tokenSuffix, isMachine }, address) {
      if (users.has(sessionId)) return;
      users.add(sessionId);
      const [oldest] = users;
      if (users.size > MAX_USERS && oldest !== undefined) users.delete(oldest);
      const entry = { ...NOBODY, address, tokenSuffix };
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

const NOBODY = { actor: null, subject: null, address: null, tokenSuffix: null, details: {} } as const;
