/**
 * The fleet as it becomes known: the whole of it to a page that opens, and afterwards what has changed.
 */
import { createLivePages, type LivePages } from '../monitoring/live/pages.js';
import type { fleetDeltaSchema, fleetSchema } from './fleet-schema.js';
import type { FromSchema } from './schema.js';

export interface FleetLive {
  readonly pages: LivePages;
  /** To be called with every update of the fleet. */
  update(): void;
}

type Fleet = FromSchema<typeof fleetSchema>;
type Delta = FromSchema<typeof fleetDeltaSchema>;

/** A page learns at least so often when the last polls were. */
const LONGEST_SILENCE = 10;

export function createFleetLive(document: () => Fleet): FleetLive {
  const pages = createLivePages({ snapshot: document, name: 'fleet' });
  let sent: ReadonlyMap<string, string> = new Map();
  let silent = 0;

  function deltaOf({ services, ...rest }: Fleet): Delta | undefined {
    const next = new Map(services.map((service) => [service.name, JSON.stringify(service)]));
    const changed = services.filter(({ name }) => next.get(name) !== sent.get(name));
    const removed = [...sent.keys()].filter((name) => name !== '' && !next.has(name));
    const { checked_at: _, ...watching } = rest;
    next.set('', JSON.stringify(watching));
    const isSame = changed.length + removed.length === 0 && next.get('') === sent.get('');
    sent = next;
    silent = isSame ? silent + 1 : 0;
    return isSame && silent % LONGEST_SILENCE !== 0 ? undefined : { ...rest, services: changed, removed };
  }

  return {
    pages,
    update() {
      // What was sent last is compared with; a page that opens meanwhile has what is newer, and gets it once more.
      const delta = pages.isRead() ? deltaOf(document()) : undefined;
      if (delta) pages.sendEvent(delta, 'delta');
    },
  };
}
