/**
 * Look-ups of one moment are one query, and those that arrive while it is in flight are the next one. So however many
 * requests there are, one query at a time is made for them. A second one starts beside it only where the first takes longer
 * than a moment: no request waits for two.
 *
 * A look-up never joins a query that is in flight: that one may have read the rows before a change that the request comes
 * after.
 */
import { TimeoutError, startTimeout } from 'portal-shared/with-timeout';

/** Looks up many keys in one go; a key that is not in the result is not there. Settles in the end, come what may. */
export type Load<Value> = (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;

export interface FindOptions {
  /** Milliseconds after which the caller does not wait any longer. */
  readonly deadlineMs: number;
  /** Served before the others, should there be more than fit into one query. */
  readonly first: boolean;
}

export interface Batch<Value> {
  /** The value of `key`, or `undefined` when there is none. Rejects when the look-up fails or takes too long. */
  find(key: string, options: FindOptions): Promise<Value | undefined>;
}

export interface BatchOptions {
  /** Most keys in one query. */
  readonly most?: number;
  /** Milliseconds between the starts of two queries while one is in flight. */
  readonly everyMs?: number;
  /** Most queries in flight. */
  readonly mostUnderWay?: number;
  /** Whether a query may start while another is in flight; default: always. */
  readonly mayOverlap?: () => boolean;
}

/**
 * By default a database that answers within 10 ms has one query at a time. A slower one gets no more queries a second than
 * that: twenty in flight, because no look-up may take more than 200 ms.
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
    // Takes what else arrives in this turn of the event loop.
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
