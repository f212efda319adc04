/**
 * What is wrong at one moment, by key, and of what nothing can be said. Pure.
 */
import type { FleetUpdate, ServiceUpdate } from '../../fleet/fleet-update.js';
import {
  incidentKey,
  type IncidentCause,
  type IncidentKind,
  type Severity,
  type TouchedInstance,
} from './incident.js';

export type FoundCause = Pick<IncidentCause, 'code' | 'service' | 'instance'>;

/** Something that is an incident once it has lasted `afterMs`. */
export interface Condition {
  readonly key: string;
  readonly kind: IncidentKind;
  readonly service: string | null;
  readonly sharedLabel: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly severity: Severity;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly afterMs: number;
  readonly causes: readonly FoundCause[];
  readonly services: readonly string[];
  readonly instances: readonly TouchedInstance[];
}

const DISCOVERY_CODES = new Set(['FLEET_DISCOVERY_FAILED', 'FLEET_DISCOVERY_SHORT', 'FLEET_TOO_MANY']);
const TOO_FEW = 'FLEET_TOO_FEW';
/** A list that cannot be read for a moment costs nothing: the last one is kept. */
const DISCOVERY_AFTER_MS = 5 * 60_000;

export function conditionsOfService(fleet: string, service: ServiceUpdate, at: number): readonly Condition[] {
  return [
    ...healthCondition(fleet, service),
    ...countCondition(fleet, service),
    ...discoveryCondition(fleet, service, at),
    ...sourceCondition(fleet, service),
  ];
}

function healthCondition(fleet: string, service: ServiceUpdate): readonly Condition[] {
  if (!isUnwell(service) || isByCount(service)) return [];
  return [
    {
      ...blank(fleet, service, 'health'),
      severity: service.status === 'unhealthy' ? 'critical' : 'warning',
      ...whyUnwell(service),
    },
  ];
}

function whyUnwell(service: ServiceUpdate): Pick<Condition, 'causes' | 'instances'> {
  return {
    causes: [...causesOfInstances(service), ...causesOfService(service)],
    instances: service.unwell.map(({ instance }) => ({ service: service.name, instance })),
  };
}

/** What the number of instances brought about is no matter of how they are. */
function countCondition(fleet: string, service: ServiceUpdate): readonly Condition[] {
  const isShort = service.codes.includes(TOO_FEW) || (isUnwell(service) && isByCount(service));
  if (!isShort) return [];
  const isCritical = service.listed === 0 || (service.status === 'unhealthy' && isByCount(service));
  return [
    {
      ...blank(fleet, service, 'instances'),
      severity: isCritical ? 'critical' : 'warning',
      causes: [{ code: TOO_FEW, service: service.name, instance: null }],
    },
  ];
}

function discoveryCondition(fleet: string, service: ServiceUpdate, at: number): readonly Condition[] {
  const codes = service.codes.filter((code) => DISCOVERY_CODES.has(code));
  if (codes.length === 0) return [];
  return [
    {
      ...blank(fleet, service, 'discovery'),
      severity: 'warning',
      since: at,
      afterMs: DISCOVERY_AFTER_MS,
      causes: codes.map((code) => ({ code, service: service.name, instance: null })),
    },
  ];
}

const SOURCE_CODES = { mismatched: 'FLEET_SOURCE_MISMATCH', split: 'FLEET_SOURCE_SPLIT' } as const;

/** An axis of its own: whatever runs, the service may be well. */
function sourceCondition(fleet: string, service: ServiceUpdate): readonly Condition[] {
  const { state, since, odd } = service.source ?? {};
  if ((state !== 'mismatched' && state !== 'split') || since === undefined || !odd) return [];
  const instances: readonly (string | null)[] = odd.length === 0 ? [null] : odd;
  return [
    {
      ...blank(fleet, service, 'source'),
      severity: state === 'mismatched' ? 'critical' : 'warning',
      since,
      causes: instances.map((instance) => ({ code: SOURCE_CODES[state], service: service.name, instance })),
      instances: odd.map((instance) => ({ service: service.name, instance })),
    },
  ];
}

/** Its causes are those of the moments at which the service was not well, each with its own begin and end. */
export function flappingCondition(fleet: string, service: ServiceUpdate, at: number): Condition {
  const why = isUnwell(service) ? whyUnwell(service) : {};
  return { ...blank(fleet, service, 'flapping'), severity: 'warning', since: at, ...why };
}

export function blindCondition({ name: fleet, blindSince }: FleetUpdate): readonly Condition[] {
  if (blindSince === null) return [];
  return [
    {
      key: incidentKey(fleet, '@watcher', 'blind'),
      kind: 'blind',
      service: null,
      sharedLabel: null,
      labels: {},
      severity: 'critical',
      since: blindSince,
      afterMs: 0,
      causes: [{ code: 'FLEET_BLIND', service: null, instance: null }],
      services: [],
      instances: [],
    },
  ];
}

function blank(fleet: string, { name, labels, since }: ServiceUpdate, kind: IncidentKind) {
  return {
    key: incidentKey(fleet, name, kind),
    kind,
    service: name,
    sharedLabel: null,
    labels,
    since,
    afterMs: 0,
    causes: [],
    services: [name],
    instances: [],
  };
}

export function isUnwell({ status }: ServiceUpdate): boolean {
  return status === 'degraded' || status === 'unhealthy';
}

/** Whether the service would be as it is if all that are listed were well. */
function isByCount({ status, listed, need, tolerated, counts }: ServiceUpdate): boolean {
  if (status === 'unhealthy') return listed < need;
  return counts.degraded + counts.unhealthy + counts.unreachable <= tolerated;
}

function causesOfInstances({ name, unwell }: ServiceUpdate): readonly FoundCause[] {
  return unwell.flatMap(({ instance, codes }) => codes.map((code) => ({ code, service: name, instance })));
}

/** Codes that none of the instances which are named has. */
function causesOfService({ name, codes, unwell }: ServiceUpdate): readonly FoundCause[] {
  const named = new Set(unwell.flatMap((instance) => instance.codes));
  return codes
    .filter((code) => !named.has(code) && code !== TOO_FEW && !DISCOVERY_CODES.has(code))
    .map((code) => ({ code, service: name, instance: null }));
}
