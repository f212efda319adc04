/**
 * Begin and end of reasons: what holds is compared with what held at the report before. Kept in memory, so that it works
 * during every outage.
 */
import type { Reason } from 'portal-health';
import { reasonKey, type ReasonUpdate, type SaidReason } from './history/reason-store.js';

export interface ReasonTracker {
  /** To be called with every report. */
  update(reasons: readonly Reason[], nowMs: number): void;
}

/** @param onUpdate - called when a reason has begun or ended, and the first time, also with none: those of the run before have ended */
export function createReasonTracker(onUpdate: (update: ReasonUpdate) => void): ReasonTracker {
  let held: ReadonlyMap<string, SaidReason> | undefined;
  return {
    update(reasons, nowMs) {
      const before = held ?? new Map<string, SaidReason>();
      const now = new Map<string, SaidReason>();
      for (const { code, explains, sentence, figures, checkedAt } of reasons) {
        const of = figures['component'] ?? figures['of'];
        const component = typeof of === 'string' ? of : null;
        const key = reasonKey({ code, component });
        const beganAt = before.get(key)?.beganAt ?? Math.min(checkedAt.getTime(), nowMs);
        // What it explained once, it has explained.
        const explained = explains ?? before.get(key)?.explains ?? null;
        now.set(key, { code, component, explains: explained, sentence, beganAt });
      }
      const isSame =
        held !== undefined && now.size === before.size && [...now.keys()].every((key) => before.has(key));
      held = now;
      if (isSame) return;
      const ended = [...before].flatMap(([key, reason]) => (now.has(key) ? [] : [reason]));
      onUpdate({ at: nowMs, reasons: [...now.values()], ended });
    },
  };
}
