/**
 * From updates to stretches: for how long each service had its status. What is not known, and the time in which the watcher
 * did not look, belongs to none.
 */
import { MINUTE_MS } from '../history/history-limits.js';
import type { FleetUpdate, ServiceUpdate } from '../../fleet/fleet-update.js';
import type { ServiceStretch } from './stretch-store.js';

export interface StretchTracker {
  update(update: FleetUpdate): void;
  /** Writes what has changed since the last call, and how far the open stretches have come; what is not written comes again. */
  flush(write: (stretches: readonly ServiceStretch[]) => Promise<void>): Promise<void>;
}

/** While the disk takes nothing, of 500 services the last changes. */
const MOST_WAITING = 10_000;
/** However short the interval, a busy machine may be this late. */
const MIN_GAP_MS = MINUTE_MS;
const GAP_INTERVALS = 3;

export function createStretchTracker(): StretchTracker {
  let open = new Map<string, ServiceStretch>();
  let waiting = new Map<string, ServiceStretch>();

  function keep(stretch: ServiceStretch): void {
    const key = `${stretch.service}\n${stretch.fromMs}`;
    if (stretch.toMs <= stretch.fromMs || (waiting.size >= MOST_WAITING && !waiting.has(key))) return;
    waiting.set(key, stretch);
  }

  return {
    update({ at, services }) {
      const before = open;
      open = new Map();
      for (const service of services) {
        const last = before.get(service.name);
        const next = stretchAt(service, at, last);
        if (last && last.fromMs !== next?.fromMs) keep(endedBy(last, next));
        if (!next) continue;
        keep(next);
        open.set(service.name, next);
      }
    },
    async flush(write) {
      const taken = waiting;
      if (taken.size === 0) return;
      waiting = new Map();
      try {
        await write([...taken.values()]);
      } catch {
        waiting = new Map([...taken, ...waiting]);
      }
    },
  };
}

/** `undefined`: its status is not known. */
function stretchAt(
  { name, status, since, intervalMs }: ServiceUpdate,
  at: number,
  last: ServiceStretch | undefined,
): ServiceStretch | undefined {
  if (status === 'unknown') return undefined;
  const gapMs = Math.max(GAP_INTERVALS * intervalMs, MIN_GAP_MS);
  const goesOn = last !== undefined && at >= last.toMs && at - last.toMs <= gapMs;
  if (goesOn && last.status === status) return { ...last, toMs: at };
  // It is known only some polls later since when it has been so; nothing is known of a time before the last stretch.
  const fromMs = goesOn ? Math.min(at, Math.max(since, last.fromMs + 1)) : at;
  return { service: name, status, fromMs, toMs: at };
}

/** It ended when the one after it began. */
function endedBy(last: ServiceStretch, next: ServiceStretch | undefined): ServiceStretch {
  return next ? { ...last, toMs: Math.min(last.toMs, next.fromMs) } : last;
}
