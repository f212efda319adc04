/**
 * Which open incidents the watcher sees to go on, and which it only remembers: from before it was started, was blind, or stood
 * still. Others may have seen the end of these. Pure.
 */
import type { FleetMoment } from './announcements.js';
import type { Incident } from './incident.js';

export interface IncidentSight {
  /**
   * To be called with every update.
   *
   * @param found - what is seen now, by the keys of its incidents
   */
  update(open: readonly Incident[], found: ReadonlyMap<string, unknown>, moment: FleetMoment): void;
  /** Keys of those that are not seen. */
  remembered(): ReadonlySet<string>;
}

/** What was wrong before is well again only after a few looks, and shorter than this no look says so. */
const LEAST_MS = 30_000;

/** @param restored - keys of those that were open when the watcher was started */
export function createIncidentSight(restored: Iterable<string>): IncidentSight {
  /** Since when each is seen again, in milliseconds since 1970; `null`: it is not. */
  const memories = new Map<string, number | null>(Array.from(restored, (key) => [key, null]));
  let known: ReadonlySet<string> = new Set(memories.keys());

  return {
    update(open, found, { at, byName, stoodStill }) {
      for (const { key, services } of open) {
        // What has just begun was seen to.
        if (!known.has(key)) continue;
        if (stoodStill || !found.has(key)) memories.set(key, found.has(key) ? at : null);
        if (!found.has(key) || !memories.has(key)) continue;
        const since = memories.get(key) ?? at;
        const recoversMs = services.map((name) => byName.get(name)?.recoversMs ?? 0);
        if (at - since >= Math.max(LEAST_MS, ...recoversMs)) memories.delete(key);
        else memories.set(key, since);
      }
      known = new Set(open.map(({ key }) => key));
      for (const key of memories.keys()) if (!known.has(key)) memories.delete(key);
    },
    remembered: () => new Set(memories.keys()),
  };
}
