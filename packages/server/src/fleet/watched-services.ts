/**
 * Which services are watched: those of the fleet file at the moment, each with who lists its instances.
 */
import type { Log } from '../infra/log.js';
import type { Discovered, Discovery } from './discovery/discovered.js';
import { createDiscovery } from './discovery/discovery.js';
import type { ServiceEntry } from './file/fleet-file.js';
import type { ServiceRound } from './prometheus/collector.js';
import { createServiceWatch, type ServiceWatch } from './service-watch.js';

export interface WatchedServicesOptions {
  readonly log: Log;
  /** Called when other instances are listed than before. */
  readonly onListed: () => void;
}

export interface WatchedServices {
  all(): readonly ServiceWatch[];
  get(name: string): ServiceWatch | undefined;
  /** Services that are as they were keep their instances, and what is known of them. */
  apply(entries: readonly ServiceEntry[]): void;
  scraped(round: ServiceRound): void;
  close(): void;
}

interface Watched {
  readonly watch: ServiceWatch;
  /** `undefined` where a Prometheus finds the instances. */
  discovery: Discovery | undefined;
  /** Why the instances cannot be listed; empty while they can be. */
  lastCause: string;
}

export function createWatchedServices({ log, onListed }: WatchedServicesOptions): WatchedServices {
  const services = new Map<string, Watched>();

  /** Begins to watch a service, or goes on with what is known of its instances where they are asked in the same way. */
  function begin(entry: ServiceEntry): void {
    const before = services.get(entry.name)?.watch;
    drop(entry.name);
    const instances = before && isAskedAlike(before.entry, entry) ? before.instances : undefined;
    const watch = createServiceWatch(entry, Date.now(), instances);
    const watched: Watched = { watch, discovery: undefined, lastCause: '' };
    services.set(entry.name, watched);
    const { discover } = entry;
    if (discover.kind === 'series') return;
    watched.discovery = createDiscovery({
      discover,
      onResult(found) {
        noteCause(watched, found);
        if (watch.discovered(found, Date.now())) onListed();
      },
    });
  }

  function drop(name: string): void {
    services.get(name)?.discovery?.close();
    services.delete(name);
  }

  /** Each cause is logged once. */
  function noteCause(watched: Watched, found: Discovered | ServiceRound['found']): void {
    const cause = found.kind === 'failed' ? found.cause : '';
    if (cause !== watched.lastCause && cause !== '') {
      log.warn('the instances of a service cannot be listed', { service: watched.watch.entry.name, cause });
    }
    watched.lastCause = cause;
  }

  return {
    all: () => [...services.values()].map(({ watch }) => watch),
    get: (name) => services.get(name)?.watch,
    apply(entries) {
      const names = new Set(entries.map(({ name }) => name));
      for (const name of services.keys()) if (!names.has(name)) drop(name);
      for (const entry of entries) {
        const known = services.get(entry.name)?.watch.entry;
        if (JSON.stringify(known) !== JSON.stringify(entry)) begin(entry);
      }
    },
    scraped({ service, found }) {
      const watched = services.get(service);
      if (!watched) return;
      watched.watch.scraped(found);
      noteCause(watched, found);
    },
    close() {
      for (const name of services.keys()) drop(name);
    },
  };
}

function isAskedAlike(before: ServiceEntry, after: ServiceEntry): boolean {
  const asked = ({ polling, damping, discover }: ServiceEntry): string =>
    JSON.stringify([polling, damping, discover.kind === 'series' ? discover : null]);
  return asked(before) === asked(after);
}
