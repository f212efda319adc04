/**
 * Which of the stores that were found are watched, and under which names: each pool, and each server of the others once.
 */
import type { FoundStore } from './drivers.js';

/** More of them are somebody who makes a pool for each request. */
const MOST = 16;
/** Clients of one server that may step in when the one that is watched is ended. */
const MOST_SPARE = 8;

/** A place in the report. */
export interface Slot {
  readonly type: FoundStore['type'];
  /** What is watched now; another one to the same server may take its place. */
  current: FoundStore;
  readonly spare: FoundStore[];
}

export interface Slots {
  /** True when there is one more to be watched. */
  add(found: FoundStore): boolean;
  /** Lets go of what has been ended; true when there is something less to be watched. The last of a type stays. */
  tidy(): boolean;
  /** In the order in which they were found. */
  all(): readonly Slot[];
  /** How many were found and are too many. */
  readonly leftOut: number;
}

export function createSlots(): Slots {
  let slots: Slot[] = [];
  let leftOut = 0;

  function isSame({ current }: Slot, { type, target, driver }: FoundStore): boolean {
    return current.type === type && current.driver === driver && current.target.key === target.key;
  }

  return {
    add(found) {
      const same = slots.filter((slot) => isSame(slot, found));
      const free = same.find(({ current }) => current.isEnded() || (found.isPool && !current.isPool));
      if (free) {
        free.current = found;
        return false;
      }
      const [slot] = same;
      if (slot && !found.isPool) {
        if (slot.type === 'cache' && slot.spare.length < MOST_SPARE) slot.spare.push(found);
        return false;
      }
      if (slots.length >= MOST) {
        leftOut += 1;
        return false;
      }
      slots.push({ type: found.type, current: found, spare: [] });
      return true;
    },
    tidy() {
      for (const slot of slots) {
        const alive = slot.spare.filter((one) => !one.isEnded());
        const next = slot.current.isEnded() ? alive.shift() : undefined;
        if (next) slot.current = next;
        slot.spare.splice(0, slot.spare.length, ...alive);
      }
      const before = slots.length;
      slots = slots.filter(
        (slot) =>
          !slot.current.isEnded() ||
          !slots.some((other) => other.type === slot.type && !other.current.isEnded()),
      );
      return slots.length < before;
    },
    all: () => slots,
    get leftOut() {
      return leftOut;
    },
  };
}

/** `database`, `database-2`, … and `cache`, `cache-2`, …: nothing of where they are, as names are public. */
export function namesOf(slots: readonly Slot[]): ReadonlyMap<string, Slot> {
  const counts = { database: 0, cache: 0 };
  return new Map(
    slots.map((slot) => {
      const count = (counts[slot.type] += 1);
      return [count === 1 ? slot.type : `${slot.type}-${count}`, slot];
    }),
  );
}
