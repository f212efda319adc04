/**
 * The course of one incident: what it begins with, what joins, what ends before it does. Pure.
 */
import type { Condition, FoundCause } from './condition.js';
import type { Incident, IncidentCause, TouchedInstance } from './incident.js';

/** More names say nothing more. */
const MOST_CAUSES = 200;
const MOST_INSTANCES = 100;
/** One that is back within this time has not been away. */
const FOLDED_MS = 60_000;

export function newIncident(
  { key, kind, service, sharedLabel, labels, severity, since, causes, services, instances }: Condition,
  named: Pick<Incident, 'fleet' | 'generation' | 'id'>,
): Incident {
  return {
    ...named,
    key,
    kind,
    service,
    sharedLabel,
    labels,
    severity,
    worst: severity,
    beganAt: since,
    endedAt: null,
    causes: mergedCauses([], causes, since),
    services,
    instances: mergedInstances([], instances),
    announced: null,
    isExplained: false,
  };
}

/** @returns the same object if nothing has changed */
export function withCondition(incident: Incident, condition: Condition, at: number): Incident {
  const { severity, labels } = condition;
  const next: Incident = {
    ...incident,
    severity,
    labels,
    worst: incident.worst === 'critical' ? 'critical' : severity,
    causes: mergedCauses(incident.causes, condition.causes, at),
    services: [...new Set([...incident.services, ...condition.services])],
    instances: mergedInstances(incident.instances, condition.instances),
  };
  return JSON.stringify(next) === JSON.stringify(incident) ? incident : next;
}

export function endedIncident(incident: Incident, endedAt: number): Incident {
  const causes = incident.causes.map((cause) => ({ ...cause, endedAt: cause.endedAt ?? endedAt }));
  return { ...incident, causes, endedAt };
}

function mergedCauses(
  known: readonly IncidentCause[],
  found: readonly FoundCause[],
  at: number,
): readonly IncidentCause[] {
  const left = new Map(found.map((cause) => [nameOf(cause), cause]));
  const merged = known.map((cause) => {
    const isBack = cause.endedAt === null || at - cause.endedAt <= FOLDED_MS;
    if (isBack && left.delete(nameOf(cause))) return { ...cause, endedAt: null };
    return { ...cause, endedAt: cause.endedAt ?? at };
  });
  const added = [...left.values()].map(({ code, service, instance }) => {
    return { code, service, instance, beganAt: at, endedAt: null };
  });
  return [...merged, ...added].slice(0, MOST_CAUSES);
}

function nameOf({ code, service, instance }: FoundCause): string {
  return JSON.stringify([code, service, instance]);
}

function mergedInstances(
  known: readonly TouchedInstance[],
  found: readonly TouchedInstance[],
): readonly TouchedInstance[] {
  const all = new Map([...known, ...found].map((one) => [`${one.service}\n${one.instance}`, one]));
  return [...all.values()].slice(0, MOST_INSTANCES);
}
