/**
 * What several services have in common: one database under five services is one outage. Found by a closed catalogue of
 * codes and by what the fleet file says that they share; never learned.
 */
import type { ServiceUpdate } from '../../fleet/fleet-update.js';
import { isUnwell, type Condition } from './condition.js';
import { incidentKey, type Incident } from './incident.js';

const FAMILIES = [
  { label: 'database', codes: /^DATABASE_/ },
  { label: 'cache', codes: /^CACHE_/ },
] as const;
/** Replicas of one outage are seen within as many intervals. */
const INTERVALS = 2;
const LEAST_SERVICES = 2;

/** Services that share a database or a cache. */
interface SharedLabel {
  readonly key: string;
  readonly label: string;
  readonly services: readonly ServiceUpdate[];
  readonly members: readonly Member[];
}

/** One of them that has a code of its family. */
interface Member {
  readonly service: ServiceUpdate;
  readonly codes: ReadonlyMap<string, number>;
}

export interface CommonCauses {
  readonly conditions: readonly Condition[];
  /** Keys of those of which nothing can be said now, since a service they touch is not known. */
  readonly unknown: ReadonlySet<string>;
  /** Until when the announcement of a service, or of a common cause by its key, waits for others to join. */
  holdUntil(name: string): number;
}

export interface CommonCauseTracker {
  /** @param open - common causes that are open, by key */
  update(
    fleet: string,
    services: readonly ServiceUpdate[],
    open: ReadonlyMap<string, Incident>,
    at: number,
  ): CommonCauses;
}

export function createCommonCauseTracker(): CommonCauseTracker {
  /** Since when a service has a code; by both. */
  let since: ReadonlyMap<string, number> = new Map();

  function remember(services: readonly ServiceUpdate[], at: number): void {
    const next = new Map<string, number>();
    for (const service of services) {
      // What is not known now is as it was.
      const known = [...since].filter(([key]) => key.startsWith(`${service.name}\n`));
      if (service.status === 'unknown') for (const [key, ms] of known) next.set(key, ms);
      if (!isUnwell(service)) continue;
      for (const code of service.codes) {
        const key = `${service.name}\n${code}`;
        next.set(key, since.get(key) ?? at);
      }
    }
    since = next;
  }

  function shared(fleet: string, services: readonly ServiceUpdate[]): readonly SharedLabel[] {
    return FAMILIES.flatMap(({ label, codes }) => {
      const values = new Set(services.flatMap(({ labels }) => labels[label] ?? []));
      return [...values].toSorted().map((value) => {
        const sharing = services.filter(({ labels }) => labels[label] === value);
        return {
          key: incidentKey(fleet, '@cause', label, value),
          label: `${label}/${value}`,
          services: sharing,
          members: sharing.flatMap((service) => memberOf(service, codes)),
        };
      });
    });
  }

  function memberOf(service: ServiceUpdate, family: RegExp): readonly Member[] {
    if (!isUnwell(service)) return [];
    const codes = new Map(
      service.codes
        .filter((code) => family.test(code))
        .map((code) => [code, since.get(`${service.name}\n${code}`) ?? 0]),
    );
    return codes.size === 0 ? [] : [{ service, codes }];
  }

  return {
    update(fleet, services, open, at) {
      remember(services, at);
      const all = shared(fleet, services);
      const conditions: Condition[] = [];
      const unknown = new Set<string>();
      const holds = new Map<string, number>();
      for (const one of all) {
        const before = open.get(one.key);
        const isUnknown = one.services.some(
          ({ name, status }) => status === 'unknown' && before?.services.includes(name),
        );
        if (isUnknown && one.members.length === 0) unknown.add(one.key);
        if (one.members.length > 0 && (before || isOneOutage(one.members)))
          conditions.push(conditionOf(one, before));
        hold(one, holds);
      }
      return { conditions, unknown, holdUntil: (name) => holds.get(name) ?? 0 };
    },
  };
}

/** Waits for as long as others may still join, and not when all of them have. */
function hold({ key, services, members }: SharedLabel, holds: Map<string, number>): void {
  if (services.length < LEAST_SERVICES || members.length === services.length) return;
  const first = Math.min(...members.map(beganAt));
  for (const member of members) {
    const until = beganAt(member) + windowMs([member]);
    holds.set(member.service.name, Math.max(holds.get(member.service.name) ?? 0, until));
  }
  if (members.length > 0) holds.set(key, first + windowMs(members));
}

function beganAt({ codes }: Member): number {
  return Math.min(...codes.values());
}

function windowMs(members: readonly Member[]): number {
  return INTERVALS * Math.max(...members.map(({ service }) => service.intervalMs));
}

/** Whether two of them have the same code since about the same time. */
function isOneOutage(members: readonly Member[]): boolean {
  const longestMs = windowMs(members);
  return members.some(({ service, codes }) =>
    members.some(
      (other) =>
        other.service.name !== service.name &&
        [...codes].some(
          ([code, since]) => Math.abs((other.codes.get(code) ?? Infinity) - since) <= longestMs,
        ),
    ),
  );
}

function conditionOf({ key, label, members }: SharedLabel, before: Incident | undefined): Condition {
  const isCritical = members.some(({ service }) => service.status === 'unhealthy');
  const names = members.map(({ service }) => service.name);
  return {
    key,
    kind: 'cause',
    service: null,
    sharedLabel: label,
    labels: {},
    severity: isCritical ? 'critical' : 'warning',
    since: Math.min(...members.map(beganAt)),
    afterMs: 0,
    causes: members.flatMap(({ service, codes }) =>
      [...codes.keys()].map((code) => ({ code, service: service.name, instance: null })),
    ),
    services: [...new Set([...(before?.services ?? []), ...names])],
    instances: members.flatMap(({ service }) =>
      service.unwell.map(({ instance }) => ({ service: service.name, instance })),
    ),
  };
}
