/**
 * From updates to steps: what of a minute has not been written yet.
 */
import { MINUTE_MS } from '../history/history-limits.js';
import type { FleetUpdate, ServiceUpdate } from '../../fleet/fleet-update.js';
import { STEP_STATUSES, type ServiceStep } from './service-step-store.js';

export interface StepTracker {
  update(update: FleetUpdate): void;
  /** Writes what has come in since the last call, at most one step a service and minute; what is not written comes again. */
  flush(write: (steps: readonly ServiceStep[]) => Promise<void>): Promise<void>;
}

interface Gathered extends Omit<ServiceStep, 'p95'> {
  readonly pollsMs: readonly number[];
}

/** Of one service and minute: more make no other figure. */
const MOST_POLLS = 5_000;
/** While the disk takes nothing, of 500 services the last minutes. */
const MOST_STEPS = 10_000;

export function createStepTracker(): StepTracker {
  let gathered = new Map<string, Gathered>();

  function add(service: ServiceUpdate, at: number): void {
    const { name, usable, listed, status, pollsMs } = service;
    const key = `${name}\n${at}`;
    const before = gathered.get(key);
    if (!before && gathered.size >= MOST_STEPS) return;
    gathered.set(key, worse({ service: name, at, usable, listed, worst: status, pollsMs }, before));
  }

  return {
    update({ at, blindSince, services }) {
      const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
      for (const service of services) {
        // What cannot be seen is not measured.
        if (blindSince === null || service.status !== 'unknown') add(service, minute);
      }
    },
    async flush(write) {
      const taken = gathered;
      if (taken.size === 0) return;
      gathered = new Map();
      try {
        await write([...taken.values()].map(stepOf));
      } catch {
        for (const [key, step] of taken) gathered.set(key, worse(step, gathered.get(key)));
      }
    },
  };
}

function stepOf({ service, at, usable, listed, worst, pollsMs }: Gathered): ServiceStep {
  return { service, at, usable, listed, worst, p95: p95Of(pollsMs) };
}

function worse(one: Gathered, other: Gathered = one): Gathered {
  return {
    ...one,
    usable: Math.min(one.usable, other.usable),
    listed: Math.max(one.listed, other.listed),
    worst: STEP_STATUSES.indexOf(one.worst) > STEP_STATUSES.indexOf(other.worst) ? one.worst : other.worst,
    pollsMs: one === other ? one.pollsMs : [...one.pollsMs, ...other.pollsMs].slice(-MOST_POLLS),
  };
}

function p95Of(durationsMs: readonly number[]): number | null {
  const sorted = durationsMs.toSorted((one, other) => one - other);
  const value = sorted[Math.ceil(sorted.length * 0.95) - 1];
  return value === undefined ? null : Math.round(value * 10) / 10;
}
