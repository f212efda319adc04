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
  read(keys: readonly string[]): Promise<readonly SharedGeneration[]>;
  /** Those of an older generation than what stands there change nothing. */
  write(generations: readonly SharedGeneration[]): Promise<void>;
}

export interface GenerationsOptions {
  readonly store: GenerationStore;
  /** The highest of each key in the file. */
  readonly known: ReadonlyMap<string, number>;
  /** Whether nothing was ever read or written by this watcher: others may know more. */
  readonly isNew: boolean;
  readonly onLearnt: () => void;
  readonly onError: (error: unknown) => void;
}

export interface Generations {
  /** `undefined`: being asked for. */
  of(key: string, since: number): number | undefined;
  /** To be called with every incident that begins, changes or ends. */
  note(incidents: readonly Incident[]): void;
  /** Writes what is not written yet. To be called now and then. */
  flush(): void;
}

const READ_TIMEOUT_MS = 1_500;
/** Above all that are counted, so that no receiver has seen it. */
const RANDOM_FROM = 2 ** 32;
const RANDOM_TO = 2 ** 40;

export function createGenerations({
  store,
  known,
  isNew,
  onLearnt,
  onError,
}: GenerationsOptions): Generations {
  const highest = new Map(known);
  /** `null`: could not be asked. */
  const asked = new Map<string, SharedGeneration | null | undefined>();
  const unwritten = new Map<string, SharedGeneration>();
  const noted = new Map<string, number | null>();
  let isAlone = isNew;
  let isWriting = false;

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
        if (isAlone) onLearnt();
        isAlone = false;
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
      if (shared === null) return own === 0 && isAlone ? randomInt(RANDOM_FROM, RANDOM_TO) : own + 1;
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
