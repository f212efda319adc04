/**
 * Look-ups that come while one is on its way travel together in the next. So however many requests there are, looking
 * up their sessions takes one connection of the pool, and a database that hangs cannot take many.
 *
 * A look-up never joins one that has already left: that one may have read the record before a change which the
 * request comes after.
 */

import { afterReading, LateError } from './deadline.js';

/** Looks up many keys in one go; a key that is not in the result is not there. */
export type Load<Value> = (
  keys: readonly string[],
  deadlineMs: number,
) => Promise<ReadonlyMap<string, Value>>;

/** Look-ups by key. */
export interface Batch<Value> {
  /** The value of `key`, or `undefined` when there is none. Rejects when the look-up fails or takes too long. */
  find(key: string): Promise<Value | undefined>;
}

/** Journeys that were given up but have not come back, each perhaps still holding a connection. */
const MOST_AWAY = 4;

/** @param deadlineMs - when a journey is given up, so that the next can leave */
export function createBatch<Value>(load: Load<Value>, deadlineMs: number): Batch<Value> {
  let waiting = new Map<string, Passenger<Value>[]>();
  let travelling = false;
  let away = 0;

  function leave(): void {
    if (travelling || waiting.size === 0) return;
    const passengers = waiting;
    waiting = new Map();
    if (away >= MOST_AWAY) {
      fail(passengers, new Error('Too many look-ups have not come back.'));
      return;
    }
    travelling = true;
    away += 1;
    let over = false;
    function end(conclude: () => void): void {
      if (over) return;
      over = true;
      clearTimeout(timer);
      travelling = false;
      conclude();
      leave();
    }
    const timer = setTimeout(
      () => afterReading(() => end(() => fail(passengers, new LateError()))),
      deadlineMs,
    );
    load([...passengers.keys()], deadlineMs)
      .then(
        (values) => end(() => arrive(passengers, values)),
        (error: unknown) => end(() => fail(passengers, error)),
      )
      .finally(() => {
        away -= 1;
      });
  }

  return {
    find(key) {
      return new Promise((resolve, reject) => {
        const passengers = waiting.get(key) ?? [];
        passengers.push({ resolve, reject });
        waiting.set(key, passengers);
        leave();
      });
    },
  };
}

interface Passenger<Value> {
  resolve(value: Value | undefined): void;
  reject(error: unknown): void;
}

function arrive<Value>(
  all: ReadonlyMap<string, Passenger<Value>[]>,
  values: ReadonlyMap<string, Value>,
): void {
  for (const [key, passengers] of all) {
    for (const passenger of passengers) passenger.resolve(values.get(key));
  }
}

function fail<Value>(all: ReadonlyMap<string, Passenger<Value>[]>, error: unknown): void {
  for (const passenger of [...all.values()].flat()) passenger.reject(error);
}
