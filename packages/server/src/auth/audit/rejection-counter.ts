/**
 * Counts rejected requests until they are written: one entry an hour for each kind, address and user, however many there are.
 */
import type { WaitingEntry } from './audit-store.js';

/** An unknown session, too little permission, or a wrong code. */
export type RejectionReason = 'session' | 'permission' | 'code';

export interface Rejection {
  readonly reason: RejectionReason;
  readonly address: string;
  /** The user, where the session is known. */
  readonly userName?: string;
}

/** An entry that is not written yet. */
export interface Waiting extends Omit<WaitingEntry, 'ageS'> {
  /** By the monotonic clock. */
  readonly atMs: number;
}

export interface CountedRejection {
  readonly key: string;
  readonly entry: Waiting;
  readonly count: number;
}

export interface RejectionCounter {
  add(rejection: Rejection): void;
  /** All that were counted since. They are forgotten here. */
  take(): readonly CountedRejection[];
  /** Those could not be written. */
  putBack(counted: readonly CountedRejection[]): void;
}

const HOUR_MS = 60 * 60 * 1_000;
/** Entries in an hour; clients with more addresses than that share one. */
const MAX_REJECTIONS_PER_HOUR = 200;

export const ANONYMOUS = {
  actor: null,
  subject: null,
  address: null,
  tokenSuffix: null,
  details: {},
} as const;

export function createRejectionCounter(now: () => number): RejectionCounter {
  let rejections = new Map<string, CountedRejection>();
  let seenThisHour = new Set<string>();
  let hourBeganMs = now();

  /** Without the address once there are too many of them. */
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

  function set(counted: CountedRejection): void {
    rejections.set(counted.key, {
      ...counted,
      count: counted.count + (rejections.get(counted.key)?.count ?? 0),
    });
  }

  return {
    add(rejection) {
      const { key, address } = rowOf(rejection);
      const entry = rejections.get(key)?.entry ?? {
        ...ANONYMOUS,
        action: 'refused',
        actor: rejection.userName ?? null,
        address,
        details: { reason: rejection.reason },
        countedAs: key,
        atMs: now(),
      };
      set({ key, entry, count: 1 });
    },
    take() {
      const taken = [...rejections.values()];
      rejections = new Map();
      return taken;
    },
    putBack(counted) {
      for (const one of counted) set(one);
    },
  };
}

export function withCount({ entry, count }: CountedRejection): Waiting {
  return { ...entry, details: { ...entry.details, count } };
}
