/**
 * From updates to transitions: of the services by comparison with the update before, of instances as they are reported.
 */
import type { FleetUpdate, ServiceUpdate } from '../../fleet/fleet-update.js';
import type { Transition } from './transition-store.js';

export interface TransitionTracker {
  update(update: FleetUpdate): readonly Transition[];
}

export function createTransitionTracker(): TransitionTracker {
  let isBlind: boolean | undefined;
  let statuses: ReadonlyMap<string, string> = new Map();

  function ofWatcher({ at, blindSince }: FleetUpdate): readonly Transition[] {
    const before = isBlind;
    isBlind = blindSince !== null;
    if (before === isBlind || (before === undefined && !isBlind)) return [];
    const codes = isBlind ? ['FLEET_BLIND'] : [];
    const [from, to] = isBlind ? ['seeing', 'blind'] : ['blind', 'seeing'];
    return [{ service: null, instance: null, at: blindSince ?? at, from, to, codes }];
  }

  function ofService({ name, status, since, codes }: ServiceUpdate): readonly Transition[] {
    // Not known yet, or not at the moment: nothing has happened to it.
    if (status === 'unknown' || statuses.get(name) === status) return [];
    const from = statuses.get(name) ?? null;
    return [{ service: name, instance: null, at: since, from, to: status, codes }];
  }

  function ofInstances({ name, changes }: ServiceUpdate): readonly Transition[] {
    return changes
      .filter(({ to }) => to !== 'new')
      .map(({ instance, at, from, to, codes }) => {
        return { service: name, instance, at, from: from === 'new' ? null : from, to, codes };
      });
  }

  return {
    update(update) {
      const { services } = update;
      const transitions = [
        ...ofWatcher(update),
        ...services.flatMap((service) => [...ofInstances(service), ...ofService(service)]),
      ];
      statuses = new Map(
        services.map(({ name, status }) => [
          name,
          status === 'unknown' ? (statuses.get(name) ?? status) : status,
        ]),
      );
      return transitions;
    },
  };
}
