/**
 * What of the incidents is announced: each when it begins, worsens and ends, but not while it may have a cause in common with
 * others, which is announced in its place.
 */
import type { ServiceUpdate } from '../../fleet/fleet-update.js';
import type { Attention } from './attention.js';
import type { CommonCauses } from './common-cause.js';
import { incidentKey, type Incident, type IncidentNotice } from './incident.js';

/** What is known of the fleet at one moment. */
export interface FleetMoment extends Attention {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly isBlind: boolean;
  readonly byName: ReadonlyMap<string, ServiceUpdate>;
  /** This service, which is never out of sight; `undefined`: it is watched as all others are. */
  readonly ownName: string | undefined;
  readonly common: CommonCauses;
}

/** Whether nobody is to be told of what begins there now. @param at - milliseconds since 1970 */
export type IsPaused = (service: Pick<ServiceUpdate, 'name' | 'labels'>, at: number) => boolean;

export interface Announcements {
  /**
   * @param incidents - all that are open, and those that have just ended
   * @returns what is to be told now, with the incidents as they are when it is
   */
  take(incidents: readonly Incident[], moment: FleetMoment): readonly IncidentNotice[];
  /** To be called once for each that is over. */
  ended(incident: Incident, moment: FleetMoment): void;
}

const WORSE = { warning: 0, critical: 1 } as const;

export function createAnnouncements(isPaused: IsPaused): Announcements {
  /** Until when the announcement of an incident waits that had a cause in common with others. */
  const released = new Map<string, number>();

  function isHeld(incident: Incident, causes: readonly Incident[], moment: FleetMoment): boolean {
    const { kind, key, service, services, labels } = incident;
    const { at, byName, common } = moment;
    if (kind === 'blind') return false;
    if (services.every((name) => isPaused({ name, labels: byName.get(name)?.labels ?? labels }, at)))
      return true;
    if (isSeenTooShortly(incident, moment)) return true;
    if (kind === 'cause') return at < common.holdUntil(key);
    if (kind !== 'health' || service === null) return false;
    const isCovered = causes.some((cause) => cause.services.includes(service));
    return isCovered || at < Math.max(common.holdUntil(service), released.get(key) ?? 0);
  }

  return {
    take(incidents, moment) {
      const causes = incidents.filter(({ kind, endedAt }) => kind === 'cause' && endedAt === null);
      return incidents.flatMap((incident): readonly IncidentNotice[] => {
        const { announced, severity, endedAt } = incident;
        if (endedAt !== null) return announced === null ? [] : [{ type: 'ended', incident }];
        const isKept =
          announced === null
            ? isHeld(incident, causes, moment)
            : WORSE[severity] <= WORSE[announced] || isSeenTooShortly(incident, moment);
        if (isKept) return [];
        const type = announced === null ? 'began' : 'worsened';
        return [{ type, incident: { ...incident, announced: severity } }];
      });
    },
    ended({ kind, key, fleet, services }, { at, byName }) {
      released.delete(key);
      if (kind !== 'cause') return;
      // Services are well again one after the other, too.
      for (const name of services) {
        released.set(incidentKey(fleet, name, 'health'), at + 2 * (byName.get(name)?.intervalMs ?? 0));
      }
    },
  };
}

/**
 * Whether the watcher has not looked at one of its services for long enough: since its start to know one that is lost, and since
 * it stood still, or was blind, to know also one that is well again. Until then it may go by what is over.
 */
export function isSeenTooShortly({ services }: Pick<Incident, 'services'>, moment: FleetMoment): boolean {
  const { byName, ownName, isBlind, runsForMs, looksForMs, seesForMs } = moment;
  return services.some((name) => {
    const service = byName.get(name);
    if (!service) return isBlind;
    const { settleMs, recoversMs } = service;
    const looked = name === ownName ? looksForMs : seesForMs;
    return runsForMs < settleMs || looked < Math.max(settleMs, recoversMs);
  });
}
