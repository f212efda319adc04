/** Updates of a fleet, as tests write them: one letter a service. */
import type { FleetUpdate, ServiceUpdate } from '../../../src/fleet/fleet-update.js';
import { countStates } from '../../../src/fleet/service-verdict.js';
import type { Incident, IncidentNotice } from '../../../src/monitoring/incidents/incident.js';
import {
  createIncidentTracker,
  type IncidentTrackerOptions,
} from '../../../src/monitoring/incidents/incident-tracker.js';

export const START = Date.UTC(2026, 2, 1);
export const INTERVAL_MS = 10_000;
const STEP_MS = 5_000;
/** After it, what an instance says counts. */
export const SETTLE_MS = 33_000;

/** `u`: unhealthy by a database, `d`: degraded by another cause, `?`: unknown, `h`: healthy. */
export type Letter = 'h' | 'd' | 'u' | '?';

const STATUSES = { h: 'healthy', d: 'degraded', u: 'unhealthy', '?': 'unknown' } as const;
const CODES = { h: [], d: ['EVENT_LOOP_DELAYED'], u: ['DATABASE_UNREACHABLE'], '?': [] } as const;

export function serviceUpdate(
  name: string,
  letter: Letter,
  change: Partial<ServiceUpdate> = {},
): ServiceUpdate {
  const codes = CODES[letter];
  const isUnwell = letter === 'd' || letter === 'u';
  return {
    name,
    labels: {},
    status: STATUSES[letter],
    since: START,
    listed: 1,
    usable: letter === 'u' ? 0 : 1,
    need: 1,
    tolerated: 0,
    codes,
    intervalMs: INTERVAL_MS,
    settleMs: SETTLE_MS,
    recoversMs: SETTLE_MS,
    counts: countStates([STATUSES[letter]]),
    unwell: isUnwell ? [{ instance: `${name}:80`, state: STATUSES[letter], since: START, codes }] : [],
    source: null,
    changes: [],
    pollsMs: [],
    ...change,
  };
}

/** @param seconds - since the start */
export function fleetUpdate(
  seconds: number,
  services: readonly ServiceUpdate[],
  blindSince: number | null = null,
): FleetUpdate {
  return { at: START + seconds * 1_000, name: 'prod', blindSince, services };
}

/** A tracker that counts generations as one with all of the history does. */
export function startTracker(options: Partial<IncidentTrackerOptions> = {}) {
  const generations = new Map<string, number>();
  const tracker = createIncidentTracker({
    open: [],
    changes: new Map(),
    startedAt: START - SETTLE_MS,
    generationOf(key) {
      const next = (generations.get(key) ?? 0) + 1;
      generations.set(key, next);
      return next;
    },
    isPaused: () => false,
    ...options,
  });
  const notices: IncidentNotice[] = [];
  const incidents = new Map<string, Incident>();
  let last: FleetUpdate | undefined;

  function update(next: FleetUpdate, own?: ServiceUpdate): void {
    last = next;
    const { changed, notices: more } = tracker.update(next, own);
    for (const incident of changed) incidents.set(incident.id, incident);
    notices.push(...more);
  }

  return {
    notices,
    incidents,
    open: () => tracker.open(),
    remembered: () => [...tracker.remembered()].map((key) => key.replace('portal/prod/', '')),
    /** `began prod/orders/health` */
    told: () => notices.map(({ type, incident }) => `${type} ${incident.key.replace('portal/prod/', '')}`),
    /** After more than ten seconds the watcher stood still. */
    update,
    /** Sees the same all the time until then. */
    updateLater(next: FleetUpdate) {
      while (last && last.at + STEP_MS < next.at) update({ ...last, at: last.at + STEP_MS });
      update(next);
    },
  };
}
