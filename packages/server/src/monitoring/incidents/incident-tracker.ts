/**
 * From what is known of the fleet, moment by moment, to incidents: when they begin, worsen and end, and what of that is
 * announced. Nothing is read or written here, and no clock is asked, so the same history gives the same incidents.
 */
import type { FleetUpdate, ServiceUpdate } from '../../fleet/fleet-update.js';
import { createCommonCauseTracker, type CommonCauses } from './common-cause.js';
import {
  blindCondition,
  conditionsOfService,
  flappingCondition,
  isUnwell,
  type Condition,
} from './condition.js';
import { createFlapCounter } from './flap-counter.js';
import { incidentId, incidentKey, type Incident, type IncidentNotice } from './incident.js';
import { endedIncident, newIncident, withCondition } from './incident-course.js';

export interface IncidentTrackerOptions {
  /** Those that were open when the watcher ended. */
  readonly open: readonly Incident[];
  /** When services changed before, for those that flap: milliseconds since 1970. */
  readonly changes: ReadonlyMap<string, readonly number[]>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Of a key; `undefined`: not known yet, and asked again with the next update. */
  readonly generationOf: (key: string, since: number) => number | undefined;
}

export interface TrackedChange {
  /** Those that are other than they were, with how they are now. */
  readonly changed: readonly Incident[];
  readonly notices: readonly IncidentNotice[];
}

export interface IncidentTracker {
  /** @param own - this service, where it is none of the fleet file: read from memory, so never out of sight */
  update(update: FleetUpdate, own: ServiceUpdate | undefined): TrackedChange;
  /** A message says why. @returns the incident with that noted */
  markExplained(key: string): Incident | undefined;
  /** Those that are open. */
  open(): readonly Incident[];
}

/** Shorter than this after a start, too few instances are not told from a list that is not read yet. */
const COUNTS_SETTLE_MS = 150_000;
const WORSE = { warning: 0, critical: 1 } as const;

export function createIncidentTracker({
  open,
  changes,
  startedAt,
  generationOf,
}: IncidentTrackerOptions): IncidentTracker {
  const current = new Map(open.map((incident) => [incident.key, incident]));
  const restored = new Set(current.keys());
  /** Since when a condition holds that must last. */
  const pending = new Map<string, number>();
  /** Until when the announcement of an incident waits that had a cause in common with others. */
  const released = new Map<string, number>();
  const commonCauses = createCommonCauseTracker();
  const flaps = createFlapCounter(changes, servicesThatFlap(open));

  function conditionsOf(fleet: FleetUpdate, services: readonly ServiceUpdate[]): readonly Condition[] {
    return services.flatMap((service) => {
      const isKnown = service.status !== 'unknown';
      const isFlapping = isKnown
        ? flaps.observe(service.name, isUnwell(service), fleet.at)
        : flaps.isFlapping(service.name);
      return [
        ...conditionsOfService(fleet.name, service, fleet.at),
        ...(isFlapping ? [flappingCondition(fleet.name, service, fleet.at)] : []),
      ];
    });
  }

  /** Those that have lasted for long enough. */
  function lasting(conditions: readonly Condition[], at: number): ReadonlyMap<string, Condition> {
    const found = new Map(conditions.map((condition) => [condition.key, condition]));
    for (const key of pending.keys()) if (!found.has(key)) pending.delete(key);
    for (const [key, { afterMs }] of found) {
      if (!pending.has(key)) pending.set(key, at);
      const hasLasted = at - (pending.get(key) ?? at) >= afterMs;
      if (!hasLasted && !current.has(key)) found.delete(key);
    }
    return found;
  }

  /** Whether the absence of its condition says that an incident is over. */
  function isOver(incident: Incident, seen: Seen): boolean {
    const { kind, key, service: name } = incident;
    if (kind === 'blind') return true;
    if (kind === 'cause')
      return !seen.isBlind && !seen.common.unknown.has(key) && !isSettling(incident, seen);
    const service = seen.byName.get(name ?? '');
    // One that is no longer watched has no incidents; one that is out of sight is as it was.
    if (!service) return !seen.isBlind;
    if (kind !== 'discovery' && service.status === 'unknown') return false;
    if (kind === 'health' && flaps.isFlapping(service.name)) return false;
    return !isSettling(incident, seen);
  }

  /** What an earlier run saw is not over because this one has not looked often enough. */
  function isSettling({ key, kind, services }: Incident, { at, byName }: Seen): boolean {
    if (!restored.has(key)) return false;
    if (kind === 'instances' || kind === 'discovery') return at - startedAt < COUNTS_SETTLE_MS;
    return services.some((name) => at - startedAt < (byName.get(name)?.settleMs ?? 0));
  }

  function begin(condition: Condition, fleet: string): Incident | undefined {
    const generation = generationOf(condition.key, condition.since);
    if (generation === undefined) return undefined;
    return newIncident(condition, { fleet, generation, id: incidentId(condition.key, generation) });
  }

  /** Which may be announced by itself. */
  function isHeld(incident: Incident, { at, byName, common }: Seen): boolean {
    const { kind, key, service } = incident;
    if (kind === 'blind') return false;
    if (incident.services.some((name) => at - startedAt < (byName.get(name)?.settleMs ?? 0))) return true;
    if (kind === 'cause') return at < common.holdUntil(key);
    if (kind !== 'health' || service === null) return false;
    const covering = [...current.values()].find(
      (other) => other.kind === 'cause' && other.services.includes(service),
    );
    return covering !== undefined || at < Math.max(common.holdUntil(service), released.get(key) ?? 0);
  }

  /** Services are well again one after the other, too. */
  function release({ fleet, services }: Incident, { at, byName }: Seen): void {
    for (const name of services) {
      released.set(incidentKey(fleet, name, 'health'), at + 2 * (byName.get(name)?.intervalMs ?? 0));
    }
  }

  function announce(incident: Incident, seen: Seen): IncidentNotice | undefined {
    const { announced, severity, endedAt } = incident;
    if (endedAt !== null) return announced === null ? undefined : { type: 'ended', incident };
    if (announced === null) {
      if (isHeld(incident, seen)) return undefined;
      return { type: 'began', incident: { ...incident, announced: severity } };
    }
    if (WORSE[severity] <= WORSE[announced]) return undefined;
    return { type: 'worsened', incident: { ...incident, announced: severity } };
  }

  /** Begins, goes on with and ends incidents. @returns those that ended */
  function follow(found: ReadonlyMap<string, Condition>, seen: Seen, fleet: string): readonly Incident[] {
    const ended: Incident[] = [];
    for (const condition of found.values()) {
      const before = current.get(condition.key) ?? begin(condition, fleet);
      if (before) current.set(condition.key, withCondition(before, condition, seen.at));
    }
    for (const [key, incident] of current) {
      if (found.has(key) || !isOver(incident, seen)) continue;
      current.delete(key);
      restored.delete(key);
      released.delete(key);
      if (incident.kind === 'cause') release(incident, seen);
      ended.push(endedIncident(incident, endOf(incident, seen)));
    }
    return ended;
  }

  return {
    update(update, own) {
      const before = new Map(current);
      const services = [...(own ? [own] : []), ...(update.blindSince === null ? update.services : [])];
      const openCauses = new Map([...current].filter(([, { kind }]) => kind === 'cause'));
      const common = commonCauses.update(update.name, services, openCauses, update.at);
      const byName = new Map(services.map((service) => [service.name, service]));
      const seen: Seen = { at: update.at, isBlind: update.blindSince !== null, byName, common };
      const conditions = [...blindCondition(update), ...common.conditions, ...conditionsOf(update, services)];
      const ended = follow(lasting(conditions, update.at), seen, update.name);
      const notices = [...ended, ...current.values()].flatMap((incident) => announce(incident, seen) ?? []);
      for (const { incident } of notices) {
        if (incident.endedAt === null) current.set(incident.key, incident);
      }
      const changed = [...current.values()].filter((incident) => before.get(incident.key) !== incident);
      return { changed: [...ended, ...changed], notices };
    },
    markExplained(key) {
      const incident = current.get(key);
      if (!incident || incident.isExplained) return undefined;
      const explained = { ...incident, isExplained: true };
      current.set(key, explained);
      return explained;
    },
    open: () => [...current.values()],
  };
}

/** What is known at the moment. */
interface Seen {
  readonly at: number;
  readonly isBlind: boolean;
  readonly byName: ReadonlyMap<string, ServiceUpdate>;
  readonly common: CommonCauses;
}

function servicesThatFlap(open: readonly Incident[]): ReadonlySet<string> {
  return new Set(open.filter(({ kind }) => kind === 'flapping').flatMap(({ services }) => services));
}

/** A status that is well since some time was so from then on. */
function endOf({ kind, service, beganAt }: Incident, { at, byName }: Seen): number {
  const now = byName.get(service ?? '');
  if (kind !== 'health' || !now || isUnwell(now)) return at;
  return Math.min(at, Math.max(beganAt, now.since));
}
