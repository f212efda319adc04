/**
 * Which connections are checked out and since when. This is on the way of every checkout, so it does next to nothing.
 */

/** What was noted at the call that asked for a connection. */
export interface Note {
  /** In the application's own words. */
  readonly label: string | undefined;
  /** Where in its code: an object whose `stack` is written out only when it is read. */
  readonly at: { readonly stack?: unknown } | undefined;
}

/** A connection that is checked out. */
export interface Holder {
  readonly connection: object;
  /** Monotonic, in milliseconds. */
  readonly sinceMs: number;
  note: Note | undefined;
}

export interface Held {
  /** `sinceMs` only where it was seen later than it happened. */
  readonly acquired: (connection: unknown, sinceMs?: number) => void;
  readonly released: (connection: unknown) => void;
  /** Whoever got the connection had this noted when asking for it. */
  readonly noted: (connection: unknown, note: Note) => void;
  /** The longest held first. */
  holders(): IterableIterator<Holder>;
  clear(): void;
}

/** No pool has so many connections: whoever tells of more has forgotten to tell of their return. */
const MOST_HELD = 10_000;

export function createHeld(now: () => number): Held {
  // A Map keeps the order in which they were checked out.
  const held = new Map<unknown, Holder>();
  return {
    acquired(connection, sinceMs = now()) {
      if (!isObject(connection) || held.size >= MOST_HELD) return;
      const { size } = held;
      const holder = { connection, sinceMs, note: undefined };
      held.set(connection, holder);
      if (held.size > size) return;
      // One that is checked out again has come back unseen: it is the last of them.
      held.delete(connection);
      held.set(connection, holder);
    },
    released(connection) {
      held.delete(connection);
    },
    noted(connection, note) {
      const holder = held.get(connection);
      if (holder) holder.note = note;
    },
    holders: () => held.values(),
    clear() {
      held.clear();
    },
  };
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
