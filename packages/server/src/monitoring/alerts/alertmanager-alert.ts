/**
 * An incident as an alert of Alertmanager. Its labels are the same at every watcher of the fleet, which is what makes one
 * alert of all their reports: whatever differs is an annotation.
 */
import type { Incident, IncidentKind, Severity } from '../incidents/incident.js';

/** As `POST /api/v2/alerts` takes it. Times are ISO 8601. */
export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
}

const NAMES: Readonly<Record<IncidentKind, string>> = {
  health: 'PortalServiceUnwell',
  instances: 'PortalInstancesMissing',
  flapping: 'PortalServiceFlapping',
  discovery: 'PortalDiscoveryFailed',
  cause: 'PortalCommonCause',
  blind: 'PortalWatcherBlind',
};

/** Always fires: a dead man's switch behind Alertmanager raises the alarm when it stops. */
const WATCHDOG = 'PortalWatchdog';

/** Labels of the fleet file never take the place of ours. */
export function labelsOf(
  { kind, fleet, service, sharedLabel, labels }: Incident,
  severity: Severity,
): PostedAlert['labels'] {
  return {
    ...labels,
    alertname: NAMES[kind],
    fleet,
    kind,
    severity,
    ...(service === null ? {} : { service }),
    ...(sharedLabel === null ? {} : { cause: sharedLabel }),
  };
}

export function annotationsOf(
  incident: Incident,
  sentenceOf: (code: string) => string,
): PostedAlert['annotations'] {
  const { id, services, instances } = incident;
  const codes = [...new Set(incident.causes.map(({ code }) => code))];
  return {
    summary: codes.map(sentenceOf).join('; ') || incident.kind,
    codes: codes.join(' '),
    services: services.join(' '),
    instances: instances.map(({ service, instance }) => `${service} ${instance}`).join(', '),
    incident: id,
  };
}

export function watchdogLabels(fleet: string): PostedAlert['labels'] {
  return { alertname: WATCHDOG, fleet, severity: 'none' };
}
