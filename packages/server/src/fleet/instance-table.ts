/**
 * The table of the instances of one service that are polled: each as it is held, what changed since it was last told, and the
 * summary of all, kept until one of them changes. All times in milliseconds since 1970.
 */
import type { InstanceChange } from './fleet-update.js';
import { stateOfPolled, summarise, type PolledInstance, type Summary } from './instance-summary.js';

export interface InstanceTable {
  get(instance: string): PolledInstance | undefined;
  /** Also those that are gone. */
  entries(): Iterable<[string, PolledInstance]>;
  values(): Iterable<PolledInstance>;
  /** Those that are not gone. */
  listed(): readonly [string, PolledInstance][];
  set(instance: string, held: PolledInstance): void;
  /** Forgets it without a word. */
  delete(instance: string): void;
  /** To be called when one has been changed in its place. */
  note(instance: string): void;
  summary(): Summary;
  /** What has changed since the last call. */
  takeChanges(nowMs: number): readonly InstanceChange[];
}

export function createInstanceTable(): InstanceTable {
  const all = new Map<string, PolledInstance>();
  /** Not told of yet. */
  let changed = new Set<string>();
  /** `undefined`: to be made anew. */
  let kept: Summary | undefined;

  function note(instance: string): void {
    changed.add(instance);
    kept = undefined;
  }

  return {
    get: (instance) => all.get(instance),
    entries: () => all.entries(),
    values: () => all.values(),
    listed: () => [...all].filter(([, { goneAt }]) => goneAt === null),
    set(instance, held) {
      all.set(instance, held);
      note(instance);
    },
    delete(instance) {
      all.delete(instance);
      kept = undefined;
    },
    note,
    summary() {
      kept ??= summarise(all);
      return kept;
    },
    takeChanges(nowMs) {
      const changes: InstanceChange[] = [];
      for (const instance of changed) {
        const held = all.get(instance);
        const change = held && takeChange(instance, held, nowMs);
        if (change) changes.push(change);
      }
      changed = new Set();
      return changes;
    },
  };
}

/** Keeps in mind what is told. @returns `undefined` when it is what was told last */
function takeChange(instance: string, held: PolledInstance, nowMs: number): InstanceChange | undefined {
  const { told, goneAt, tracked } = held;
  const state = stateOfPolled(held);
  const isGone = goneAt !== null;
  const codes = isGone ? [] : tracked.codes;
  const written = codes.join(' ');
  if (told?.state === state && told.codes === written) return undefined;
  held.told = { state, codes: written };
  const at = isGone ? goneAt : told?.state === state ? nowMs : tracked.since;
  return { instance, from: told?.state ?? null, to: state, at, codes };
}
