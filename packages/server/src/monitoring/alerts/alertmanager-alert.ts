/**
 * An incident as an alert of Alertmanager. Its labels are the same at every watcher of the fleet, which is what makes one
 * alert of all their reports: whatever differs is an annotation.
 */
import type { Incident, IncidentKind, Severity } from '../incidents/incident.js';
import type { AlertWords } from './describe-alert.js';

/** As `POST /api/v2/alerts` takes it. Times are ISO 8601. */
export interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
}

/** An alert that this watcher has reported. Times in milliseconds since 1970. */
export interface FiredAlert {
  /** Of its labels. */
  readonly key: string;
  readonly labels: PostedAlert['labels'];
  readonly annotations: PostedAlert['annotations'];
  readonly startsAt: number;
  readonly link: string | null;
  /** `null`: it goes on. */
  readonly endedAt: number | null;
  /** Whether its end is to be told, and not only left to come. */
  readonly isEndTold: boolean;
  /** Whether this watcher does not see that it goes on. */
  readonly isRemembered: boolean;
}

/** Several reports may be lost before an alert ends by itself. */
export const LASTS_FOR_MS = 5 * 60_000;

const NAMES: Readonly<Record<IncidentKind, string>> = {
  health: 'PortalServiceUnwell',
  instances: 'PortalInstancesMissing',
  source: 'PortalSourceDiffers',
  flapping: 'PortalServiceFlapping',
  discovery: 'PortalDiscoveryFailed',
  cause: 'PortalCommonCause',
  blind: 'PortalWatcherBlind',
};

/** Always fires: a dead man's switch behind Alertmanager raises the alarm when it stops. */
const WATCHDOG = 'PortalWatchdog';
const TEST = 'PortalTest';
/** Longer than the `group_wait` of those that wait for more. */
const TEST_MS = 2 * 60_000;

/** Labels of the fleet file never take the place of ours. */
export function alertLabels(
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

/** Labels as a text, the same wherever they are equal; those without a value are none at an Alertmanager. */
export function alertKey(labels: PostedAlert['labels']): string {
  return JSON.stringify(
    Object.entries(labels)
      .filter(([, value]) => value !== '')
      .toSorted(),
  );
}

export function alertAnnotations(
  incident: Incident,
  { sentenceOf, runbookOf }: Pick<AlertWords, 'sentenceOf' | 'runbookOf'>,
): PostedAlert['annotations'] {
  const { id, services, instances } = incident;
  const codes = [...new Set(incident.causes.map(({ code }) => code))];
  // One, as everything that shows alerts of Alertmanager expects it: of what holds, if anything does.
  const held = incident.causes.find(({ endedAt }) => endedAt === null)?.code ?? codes[0];
  const runbook = held === undefined ? null : runbookOf(held);
  return {
    summary: codes.map(sentenceOf).join('; ') || incident.kind,
    codes: codes.join(' '),
    services: services.join(' '),
    instances: instances.map(({ service, instance }) => `${service} ${instance}`).join(', '),
    incident: id,
    ...(runbook === null ? {} : { runbook_url: runbook }),
  };
}

/** All that is to be reported at the moment: that the watcher runs, and each alert that lasts, or whose end is to be told. */
export function postedAlerts(
  fleet: string,
  alerts: readonly FiredAlert[],
  nowMs: number,
): readonly PostedAlert[] {
  const lasting = new Date(nowMs + LASTS_FOR_MS).toISOString();
  const posted: PostedAlert[] = [
    {
      labels: { alertname: WATCHDOG, fleet, severity: 'none' },
      annotations: { summary: 'The watcher of the fleet runs' },
      startsAt: new Date(nowMs).toISOString(),
      endsAt: lasting,
    },
  ];
  for (const { labels, annotations, startsAt, link, endedAt, isEndTold } of alerts) {
    if (endedAt !== null && !isEndTold) continue;
    posted.push({
      labels,
      annotations,
      startsAt: new Date(startsAt).toISOString(),
      // An end before the begin is refused.
      endsAt: endedAt === null ? lasting : new Date(Math.max(endedAt, startsAt)).toISOString(),
      ...(link === null ? {} : { generatorURL: link }),
    });
  }
  return posted;
}

/** Goes the way of a warning about the fleet, and ends by itself, which is told as well. */
export function alertmanagerTest(fleet: string, nowMs: number): PostedAlert {
  return {
    labels: { alertname: TEST, fleet, kind: 'test', severity: 'warning' },
    annotations: { summary: 'A test of alerts. Nothing has happened.' },
    startsAt: new Date(nowMs).toISOString(),
    endsAt: new Date(nowMs + TEST_MS).toISOString(),
  };
}
