/**
 * Look-ups of one moment travel together, and those that come while they are on their way travel together in the next. So
 * however many requests there are, one question at a time is asked about them. Only where an answer takes longer than a
 * moment does the next leave behind it: nobody waits for two answers.
 *
 * A look-up never joins one that has already left: that one may have read the record before a change which the
 * request comes after.
 */
import { TimeoutError, startTimeout } from 'portal-shared/with-timeout';

/** Looks up many keys in one go; a key that is not in the result is not there. Settles in the end, come what may. */
export type Load<Value> = (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;

export interface FindOptions {
  /** Milliseconds after which the caller does not wait any longer. */
  readonly deadlineMs: number;
  /** Before those who are not, should there be more than fit into one journey. */
  readonly first: boolean;
}

export interface Batch<Value> {
  /** The value of `key`, or `undefined` when there is none. Rejects when the look-up fails or takes too long. */
  find(key: string, fare: FindOptions): Promise<Value | undefined>;
}

/** How many travel, and how close behind one another. */
export interface BatchOptions {
  /** Most keys in one question. */
  readonly most?: number;
  /** Milliseconds between two departures while an answer is awaited. */
  readonly everyMs?: number;
  /** Most questions under way. */
  readonly mostUnderWay?: number;
  /** Whether a question may leave while another is under way; default: always. */
  readonly mayOverlap?: () => boolean;
}

/**
 * Nobody travels yet. By default a database that answers within 10 ms has one question at a time, and a slower one is asked
 * no more often in a second than that one; where no look-up may take more than 200 ms, twenty at once are all there is.
 */
export function createBatch<Value>(
  load: Load<Value>,
  { most = 1_000, everyMs = 10, mostUnderWay = 20, mayOverlap = () => true }: BatchOptions = {},
): Batch<Value> {
  const first: Queue<Value> = new Map();
  const later: Queue<Value> = new Map();
  let underWay = 0;
  let departedMs = Number.NEGATIVE_INFINITY;
  let isScheduled = false;
  let next: NodeJS.Timeout | undefined;

  function schedule(): void {
    if (isScheduled) return;
    if (underWay > 0) {
      leaveBehind();
      return;
    }
    isScheduled = true;
    // Whoever comes in this turn of the event loop comes along.
    setImmediate(() => {
      isScheduled = false;
      flush();
    });
  }

  function leaveBehind(): void {
    if (next || first.size + later.size === 0 || underWay >= mostUnderWay || !mayOverlap()) return;
    next = setTimeout(
      () => {
        next = undefined;
        flush();
      },
      departedMs + everyMs - performance.now(),
    );
  }

  function flush(): void {
    const batch: Queue<Value> = new Map();
    for (const queue of [first, later]) {
      for (const [key, pending] of queue) {
        if (batch.size >= most && !batch.has(key)) break;
        queue.delete(key);
        batch.set(key, new Set([...(batch.get(key) ?? []), ...pending]));
      }
    }
    if (batch.size === 0) return;
    underWay += 1;
    departedMs = performance.now();
    load([...batch.keys()])
      .then(
        (values) => resolveAll(batch, values),
        (error: unknown) => rejectAll(batch, error),
      )
      .finally(() => {
        underWay -= 1;
        if (underWay > 0) {
          leaveBehind();
          return;
        }
        clearTimeout(next);
        next = undefined;
        flush();
      });
    leaveBehind();
  }

  return {
    find(key, { deadlineMs, first: isFirst }) {
      return new Promise((resolve, reject) => {
        const queue = isFirst ? first : later;
        const passengers = queue.get(key) ?? new Set();
        queue.set(key, passengers);
        const callOff = startTimeout(deadlineMs, () => {
          passengers.delete(pending);
          if (passengers.size === 0 && queue.get(key) === passengers) queue.delete(key);
          reject(new TimeoutError());
        });
        const pending: Pending<Value> = {
          resolve(value) {
            callOff();
            resolve(value);
          },
          reject(error) {
            callOff();
            reject(error);
          },
        };
        passengers.add(pending);
        schedule();
      });
    },
  };
}

interface Pending<Value> {
  resolve(value: Value | undefined): void;
  reject(error: unknown): void;
}

type Queue<Value> = Map<string, Set<Pending<Value>>>;

function resolveAll<Value>(all: Queue<Value>, values: ReadonlyMap<string, Value>): void {
  for (const [key, passengers] of all) for (const passenger of passengers) passenger.resolve(values.get(key));
}

function rejectAll<Value>(all: Queue<Value>, error: unknown): void {
  for (const passengers of all.values()) for (const passenger of passengers) passenger.reject(error);
}
