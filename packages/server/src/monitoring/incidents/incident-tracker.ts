/**
 * From what is known of the fleet, moment by moment, to incidents: when they begin, worsen and end, and what of that is
 * announced. Nothing is read or written here, and no clock is asked, so the same history gives the same incidents.
 */
import type { FleetUpdate, ServiceUpdate } from '../../fleet/fleet-update.js';
import { createAnnouncements, type FleetMoment, type IsPaused } from './announcements.js';
import { createAttention } from './attention.js';
import { createCommonCauseTracker } from './common-cause.js';
import {
  blindCondition,
  conditionsOfService,
  flappingCondition,
  isUnwell,
  type Condition,
} from './condition.js';
import { createFlapCounter } from './flap-counter.js';
import { incidentId, type Incident, type IncidentNotice } from './incident.js';
import { endedIncident, newIncident, withCondition } from './incident-course.js';
import { endOf, isOver } from './incident-end.js';
import { createIncidentSight } from './incident-sight.js';
import { createLastingConditions } from './lasting-conditions.js';

export interface IncidentTrackerOptions {
  /** Those that were open when the watcher ended. */
  readonly open: readonly Incident[];
  /** When services changed before, for those that flap: milliseconds since 1970. */
  readonly changes: ReadonlyMap<string, readonly number[]>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Of a key; `undefined`: not known yet, and asked again with the next update. */
  readonly generationOf: (key: string, since: number) => number | undefined;
  readonly isPaused: IsPaused;
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
  /** Keys of those that are open and are not seen to go on. */
  remembered(): ReadonlySet<string>;
}

export function createIncidentTracker({
  open,
  changes,
  startedAt,
  generationOf,
  isPaused,
}: IncidentTrackerOptions): IncidentTracker {
  const current = new Map(open.map((incident) => [incident.key, incident]));
  const restored = new Set(current.keys());
  const sight = createIncidentSight(restored);
  const attend = createAttention(startedAt);
  const lasting = createLastingConditions();
  const announcements = createAnnouncements(isPaused);
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

  function begin(condition: Condition, fleet: string): Incident | undefined {
    const generation = generationOf(condition.key, condition.since);
    if (generation === undefined) return undefined;
    return newIncident(condition, { fleet, generation, id: incidentId(condition.key, generation) });
  }

  /** Begins, goes on with and ends incidents. @returns those that ended */
  function follow(
    found: ReadonlyMap<string, Condition>,
    moment: FleetMoment,
    fleet: string,
  ): readonly Incident[] {
    const ended: Incident[] = [];
    for (const condition of found.values()) {
      const before = current.get(condition.key) ?? begin(condition, fleet);
      if (before) current.set(condition.key, withCondition(before, condition, moment.at));
    }
    for (const [key, incident] of current) {
      const isFlapping = flaps.isFlapping(incident.service ?? '');
      if (found.has(key) || !isOver(incident, moment, { isRestored: restored.has(key), isFlapping }))
        continue;
      current.delete(key);
      restored.delete(key);
      announcements.ended(incident, moment);
      ended.push(endedIncident(incident, endOf(incident, moment)));
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
      const isBlind = update.blindSince !== null;
      const moment: FleetMoment = {
        ...attend(update.at, isBlind),
        at: update.at,
        isBlind,
        byName,
        ownName: own?.name,
        common,
      };
      const conditions = [...blindCondition(update), ...common.conditions, ...conditionsOf(update, services)];
      const found = lasting.update(conditions, update.at, (key) => current.has(key));
      const ended = follow(found, moment, update.name);
      const notices = announcements.take([...ended, ...current.values()], moment);
      for (const { incident } of notices) {
        if (incident.endedAt === null) current.set(incident.key, incident);
      }
      sight.update([...current.values()], found, moment);
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
    remembered: () => sight.remembered(),
  };
}

function servicesThatFlap(open: readonly Incident[]): ReadonlySet<string> {
  return new Set(open.filter(({ kind }) => kind === 'flapping').flatMap(({ services }) => services));
}
