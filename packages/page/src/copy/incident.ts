/** An incident in words, and which of several a moment belongs to. Pure. */
import type { IncidentDocument } from 'portal-server/api';
import type { DisplayStatus } from './headline.js';

export const KINDS: Readonly<Record<IncidentDocument['kind'], string>> = {
  health: 'not well',
  instances: 'too few instances',
  source: 'the source differs',
  flapping: 'changes to and fro',
  discovery: 'instances are not discovered',
  cause: 'a common cause',
  blind: 'the watcher cannot see',
};

export function isKind(text: string): text is IncidentDocument['kind'] {
  return Object.hasOwn(KINDS, text);
}

/** `orders: not well`. */
export function incidentTitle({ kind, service, shared, services }: Titled): string {
  if (kind === 'cause') return `${services.join(', ')}: a common cause, ${shared}`;
  return service === null ? `The fleet: ${KINDS[kind]}` : `${service}: ${KINDS[kind]}`;
}

type Titled = Pick<IncidentDocument, 'kind' | 'service' | 'shared' | 'services'>;

/** Now, while it is open; else at its worst. */
export function shownStatus({ status, worst, ended_at: ended }: IncidentDocument): DisplayStatus {
  return ended === null ? status : worst;
}

export function lastedMs({ began_at: began, ended_at: ended }: IncidentDocument, nowMs: number): number {
  return (ended === null ? nowMs : Date.parse(ended)) - Date.parse(began);
}

/** From when to when, in milliseconds. */
export interface Frame {
  readonly fromMs: number;
  readonly toMs: number;
}

const LEAST_BEFORE_MS = 5 * 60_000;
const MOST_BEFORE_MS = 6 * 3_600_000;

/** The time of an incident with what was before it and after it, half as long as it is, so that its begin and end are seen. */
export function frameAround(incident: IncidentDocument, nowMs: number): Frame {
  const fromMs = Date.parse(incident.began_at);
  const toMs = fromMs + lastedMs(incident, nowMs);
  const marginMs = Math.min(MOST_BEFORE_MS, Math.max(LEAST_BEFORE_MS, (toMs - fromMs) / 2));
  return { fromMs: fromMs - marginMs, toMs: Math.min(nowMs, toMs + marginMs) };
}

/** Those that were open at some moment of it, the latest first. */
export function incidentsIn(
  incidents: readonly IncidentDocument[],
  { fromMs, toMs }: Frame,
  nowMs: number,
): readonly IncidentDocument[] {
  return incidents.filter((incident) => {
    const beganMs = Date.parse(incident.began_at);
    return beganMs <= toMs && beganMs + lastedMs(incident, nowMs) >= fromMs;
  });
}
