/**
 * Which generation of its key an incident is. Replicas with the same history derive the same number without a word; what
 * PostgreSQL keeps lets one that was away, or is new, take the number of the others. It decides nothing about sending.
 */
import { randomInt } from 'node:crypto';
import type { Incident } from './incident.js';

/** The latest of a key, as all watchers together know it. Times in milliseconds since 1970. */
export interface SharedGeneration {
  readonly key: string;
  readonly generation: number;
  readonly beganAt: number;
  readonly endedAt: number | null;
}

export interface GenerationStore {
  /** Of every key that there is. */
  readAll(): Promise<readonly SharedGeneration[]>;
  read(keys: readonly string[]): Promise<readonly SharedGeneration[]>;
  /** Those of an older generation than what stands there change nothing. */
  write(generations: readonly SharedGeneration[]): Promise<void>;
}

export interface GenerationsOptions {
  readonly store: GenerationStore;
  /** The highest of each key that this watcher has had itself. */
  readonly known: ReadonlyMap<string, number>;
  /** The highest of each key that all had when this watcher read it last; `null`: it never did, and they may know more. */
  readonly learnt: ReadonlyMap<string, number> | null;
  /** Told once what the others know: the highest of each key. */
  readonly onLearnt: (highest: ReadonlyMap<string, number>) => void;
  readonly onError: (error: unknown) => void;
}

export interface Generations {
  /** `undefined`: being asked for. */
  of(key: string, since: number): number | undefined;
  /** To be called with every incident that begins, changes or ends. */
  note(incidents: readonly Incident[]): void;
  /** Writes what is not written yet, and reads what was not read. To be called now and then. */
  flush(): void;
}

const READ_TIMEOUT_MS = 1_500;
/** Between two tries to read what the others know. */
const LEARN_MS = 5_000;
/** Above all that are counted, so that no receiver has seen it. */
const RANDOM_FROM = 2 ** 32;
const RANDOM_TO = 2 ** 40;

export function createGenerations({
  store,
  known,
  learnt,
  onLearnt,
  onError,
}: GenerationsOptions): Generations {
  const highest = new Map(known);
  /** `null`: could not be asked. */
  const asked = new Map<string, SharedGeneration | null | undefined>();
  const unwritten = new Map<string, SharedGeneration>();
  const noted = new Map<string, number | null>();
  let ofAll = learnt;
  let isWriting = false;
  /** What became known while this watcher did not run is in no file of its own. */
  let learning: 'due' | 'under way' | 'done' = 'due';
  let triedAt = Number.NEGATIVE_INFINITY;
  learn();

  function learn(): void {
    if (learning !== 'due' || performance.now() - triedAt < LEARN_MS) return;
    learning = 'under way';
    triedAt = performance.now();
    store.readAll().then(
      (all) => {
        learning = 'done';
        ofAll = new Map(all.map(({ key, generation }) => [key, generation]));
        onLearnt(ofAll);
      },
      (error: unknown) => {
        learning = 'due';
        onError(error);
      },
    );
  }

  function ask(key: string): void {
    if (asked.has(key)) return;
    asked.set(key, undefined);
    const timer = setTimeout(() => {
      if (asked.get(key) === undefined) asked.set(key, null);
    }, READ_TIMEOUT_MS);
    store.read([key]).then(
      ([found]) => {
        clearTimeout(timer);
        if (asked.get(key) === undefined)
          asked.set(key, found ?? { key, generation: 0, beganAt: 0, endedAt: 0 });
      },
      (error: unknown) => {
        clearTimeout(timer);
        asked.set(key, null);
        onError(error);
      },
    );
  }

  async function writeAll(): Promise<void> {
    const taken = [...unwritten.values()];
    await store.write(taken);
    for (const one of taken) if (unwritten.get(one.key) === one) unwritten.delete(one.key);
  }

  return {
    of(key, since) {
      ask(key);
      const shared = asked.get(key);
      if (shared === undefined) return undefined;
      asked.delete(key);
      const own = highest.get(key) ?? 0;
      if (shared === null) {
        if (own === 0 && ofAll === null) return randomInt(RANDOM_FROM, RANDOM_TO);
        return Math.max(own, ofAll?.get(key) ?? 0) + 1;
      }
      const isOthersOwn = shared.endedAt === null || shared.endedAt >= since;
      // One that this watcher has ended already would be dropped as seen.
      if (shared.generation > own && isOthersOwn) return shared.generation;
      return Math.max(own, shared.generation) + 1;
    },
    note(incidents) {
      for (const { key, generation, beganAt, endedAt } of incidents) {
        highest.set(key, Math.max(highest.get(key) ?? 0, generation));
        if (noted.get(`${key}\n${generation}`) === endedAt) continue;
        noted.set(`${key}\n${generation}`, endedAt);
        if (endedAt !== null) noted.delete(`${key}\n${generation}`);
        unwritten.set(key, { key, generation, beganAt, endedAt });
      }
    },
    flush() {
      learn();
      if (unwritten.size === 0 || isWriting) return;
      isWriting = true;
      writeAll()
        .catch(onError)
        .finally(() => {
          isWriting = false;
        });
    },
  };
}
