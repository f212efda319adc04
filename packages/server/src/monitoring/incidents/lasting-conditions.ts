/**
 * Conditions that must last before an incident begins: since when each of them holds.
 */
import type { Condition } from './condition.js';

export interface LastingConditions {
  /**
   * @param conditions - those that hold
   * @param isOpen - whether there is an incident already, by the key of a condition
   * @returns those that have lasted for long enough, or go on, by key
   */
  update(
    conditions: readonly Condition[],
    at: number,
    isOpen: (key: string) => boolean,
  ): ReadonlyMap<string, Condition>;
}

export function createLastingConditions(): LastingConditions {
  /** Milliseconds since 1970, by key. */
  const since = new Map<string, number>();

  return {
    update(conditions, at, isOpen) {
      const found = new Map(conditions.map((condition) => [condition.key, condition]));
      for (const key of since.keys()) if (!found.has(key)) since.delete(key);
      for (const [key, { afterMs }] of found) {
        const from = since.get(key) ?? at;
        since.set(key, from);
        if (at - from < afterMs && !isOpen(key)) found.delete(key);
      }
      return found;
    },
  };
}
