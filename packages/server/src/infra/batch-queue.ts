/**
 * Work for strangers: what comes while some is under way goes together in the next journey, and there is one journey at a
 * time. So it takes one connection of the pool, whatever comes, and a database that hangs cannot take more.
 *
 * Whoever is over a limit is patient: a journey takes those along once a second and not sooner. So however many they are,
 * they cost one statement a second all together, and still nobody is refused because of somebody else.
 */
import { PortalError } from '../errors.js';
import { createFairQueue } from './fair-queue.js';

/** Work that is done in journeys. */
export interface BatchQueue<Item, Result> {
  /**
   * What comes of `item` when its turn has come.
   *
   * @throws PortalError of the kind `tooManyRequests` when too many are waiting, and of the kind `unavailable` when its
   *   turn does not come in time
   */
  run(item: Item, comer: Requester): Promise<Result>;
}

/** For whom something is done. */
export interface Requester {
  /** Takes turns with the others. */
  readonly key: string;
  /** Whether it is over a limit. */
  readonly isLowPriority: boolean;
}

/** How a lane works. */
export interface BatchQueueOptions<Item, Result> {
  /** Does all of them at once, within a time of its own; gives what comes of each, in the same order. */
  readonly runBatch: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Most patient ones in a journey; the same number again of the others. */
  readonly batchSize: number;
  /** Most that wait, patient or not; and most of one key. */
  readonly most: number;
  readonly mostPerKey: number;
  /** Milliseconds that one waits for its turn. */
  readonly waitMs: number;
  /** Milliseconds between two journeys with patient ones. */
  readonly lowPriorityEveryMs?: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly cameMs: number;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** An empty lane. */
export function createBatchQueue<Item, Result>({
  runBatch: carry,
  batchSize: seats,
  most,
  mostPerKey: mostOfOne,
  waitMs,
  lowPriorityEveryMs: patienceMs = 1_000,
}: BatchQueueOptions<Item, Result>): BatchQueue<Item, Result> {
  const prompt = createFairQueue<Waiting<Item, Result>>({ most, mostPerKey: mostOfOne });
  const patient = createFairQueue<Waiting<Item, Result>>({ most, mostPerKey: mostOfOne });
  let inFlight = false;
  let lowPriorityAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  /** Patient ones, if it is time; else the clock is set for them. */
  function takePatient(nowMs: number): Waiting<Item, Result>[] {
    if (patient.size === 0) return [];
    const restMs = lowPriorityAtMs + patienceMs - nowMs;
    if (restMs <= 0) {
      lowPriorityAtMs = nowMs;
      return patient.take(seats);
    }
    timer ??= setTimeout(() => {
      timer = undefined;
      flush();
    }, Math.ceil(restMs));
    return [];
  }

  function flush(): void {
    if (inFlight) return;
    const nowMs = performance.now();
    const all = [...prompt.take(seats), ...takePatient(nowMs)];
    if (all.length === 0) return;
    inFlight = true;
    void runBatch(all.filter((one) => isInTime(one, nowMs))).finally(() => {
      inFlight = false;
      flush();
    });
  }

  function isInTime({ cameMs, reject }: Waiting<Item, Result>, nowMs: number): boolean {
    if (nowMs - cameMs <= waitMs) return true;
    reject(new PortalError('unavailable'));
    return false;
  }

  async function runBatch(all: readonly Waiting<Item, Result>[]): Promise<void> {
    if (all.length === 0) return;
    try {
      const results = await carry(all.map(({ item }) => item));
      for (const [index, { resolve }] of all.entries()) resolve(results[index] as Result);
    } catch (error) {
      for (const { reject } of all) reject(error);
    }
  }

  return {
    run(item, { key, isLowPriority: isPatient }) {
      return new Promise((resolve, reject) => {
        const one = { item, cameMs: performance.now(), resolve, reject };
        const gone = (isPatient ? patient : prompt).add(key, one);
        gone?.reject(new PortalError('tooManyRequests'));
        flush();
      });
    },
  };
}
