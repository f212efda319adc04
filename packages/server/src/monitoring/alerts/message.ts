/**
 * One alert as the body that each type of receiver expects.
 */
import type { Reason, Status } from 'portal-health';
import type { ReceiverType } from '../../config/rules.js';
import type { IncidentKind, TouchedInstance } from '../incidents/incident.js';
import { pagerDutyEvent } from './pagerduty.js';

export type AlertType =
  | 'incident.began'
  | 'incident.worsened'
  | 'incident.explained'
  | 'incident.ended'
  | 'integrity.changed'
  | 'alert.test';

/** Times are ISO 8601, UTC, with milliseconds. */
export interface Alert {
  readonly type: AlertType;
  /** Id of the incident, the same in all its alerts. An alert about something else has an id of its own. */
  readonly incident: string;
  /** The same for each incident about the same. */
  readonly key: string;
  /** `null`: of something else. */
  readonly kind: IncidentKind | null;
  readonly fleet: string;
  /** `null`: of several, or of the watcher. */
  readonly service: string | null;
  /** What the services share, such as `database/pg-1`. */
  readonly shared: string | null;
  /** Touched. */
  readonly services: readonly string[];
  readonly instances: readonly TouchedInstance[];
  readonly status: Status;
  /** Begin of the incident or the change. */
  readonly since: string;
  /** Only of an end; else `null`. */
  readonly until: string | null;
  /** Those that hold. */
  readonly codes: readonly string[];
  /** Sentences of the codes. */
  readonly errors: readonly string[];
  /** What the operator has written on them; none without `PORTAL_RUNBOOK_URL`. */
  readonly runbooks: readonly Runbook[];
  /** Why, as far as it is known: sentences in which every name is one that may be shown. */
  readonly reasons: readonly Pick<Reason, 'code' | 'explains' | 'sentence' | 'next'>[];
  /** Name of the machine that sends it. */
  readonly instance: string;
  /** Where to read more; `null` without `PORTAL_PUBLIC_URL`. */
  readonly link: string | null;
  /** Of a change of the source: the numbers of files. */
  readonly files: { readonly added: number; readonly removed: number; readonly modified: number } | null;
}

export interface Runbook {
  readonly code: string;
  readonly url: string;
}

const BODIES: Readonly<
  Record<Exclude<ReceiverType, 'generic' | 'pagerduty'>, (alert: Alert, text: string) => object>
> = {
  // The characters of its markup, which our texts do not use.
  slack: (_alert, text) => ({
    text: text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  }),
  discord: (_alert, text) => ({ content: text, allowed_mentions: { parse: [] } }),
  telegram: (_alert, text) => ({ text, disable_web_page_preview: true }),
};

/** @param routingKey - of PagerDuty */
export function bodyFor(type: ReceiverType, alert: Alert, routingKey = ''): string {
  if (type === 'pagerduty')
    return JSON.stringify(pagerDutyEvent(alert, TEXTS[alert.type](alert), routingKey));
  if (type === 'generic') return JSON.stringify(documentOf(alert, TEXTS[alert.type](alert)));
  const reasons = alert.reasons.map(({ sentence, ...rest }) => ({
    ...rest,
    sentence: withoutLinks(sentence),
  }));
  const text = TEXTS[alert.type]({ ...alert, reasons });
  return JSON.stringify(BODIES[type](alert, [text, ...linkLines(alert)].join('\n')));
}

/** Of several runbooks that of the first cause: more would be no message that anybody reads at night. */
function linkLines({ link, runbooks: [first] }: Alert): readonly string[] {
  return [...(link === null ? [] : [link]), ...(first ? [`Runbook: ${first.url}`] : [])];
}

/**
 * An application may call itself `evil.example/login`, which chats make a link of. What nobody sees keeps the parts of it
 * from being one.
 */
function withoutLinks(sentence: string): string {
  return sentence.replaceAll(/([.:/])(?=[\w/])(?![\d])/g, '$1\u200C');
}

/** As standardwebhooks.com recommends: type, time, and the rest under `data`. */
function documentOf({ type, ...data }: Alert, text: string): object {
  const timestamp = data.until ?? data.since;
  return { type, timestamp, data: { ...data, text } };
}

/** Shape, word and time: understood on a watch, without a colour. */
const TEXTS: Readonly<Record<AlertType, (alert: Alert) => string>> = {
  'incident.began': notWell,
  'incident.worsened': notWell,
  'incident.explained': (alert) =>
    `${shapeOf(alert)} why ${alert.status}: ${headOf(alert)}${whyWords(alert)}`,
  'incident.ended': ({ since, until, ...alert }) =>
    `● ${ENDS[alert.kind ?? 'health']}: ${nameOf(alert)}, since ${clock(until ?? since)}, after ${lasting(since, until)}`,
  'integrity.changed': ({ instance, since, files }) =>
    `▲ the source changed on disk: ${instance}, at ${clock(since)}. ` +
    `${files?.modified ?? 0} modified, ${files?.added ?? 0} added, ${files?.removed ?? 0} removed; ` +
    'their names are in /v1/admin/integrity',
  'alert.test': ({ instance, since }) =>
    `A test of alerts from ${instance}, at ${clock(since)}. Nothing has happened.`,
};

/** A service that no longer flaps, or has its instances again, may be unwell for another reason. */
const ENDS: Readonly<Record<IncidentKind, string>> = {
  health: 'healthy again',
  instances: 'enough instances again',
  source: 'one source again',
  flapping: 'no longer changes to and fro',
  discovery: 'instances are discovered again',
  cause: 'healthy again',
  blind: 'sees again',
};

/** More names would be no message that anybody reads at night. */
const MOST_NAMES = 5;

function notWell(alert: Alert): string {
  if (alert.kind === 'source') return sourceWords(alert);
  const causes = alert.kind === 'flapping' ? 'It changes to and fro' : alert.errors.join('; ');
  return `${shapeOf(alert)} ${alert.status}: ${headOf(alert)}${causes && `. ${causes}`}${whyWords(alert)}`;
}

/** Beside the status: a service whose source differs may be well. */
function sourceWords(alert: Alert): string {
  const { instances, errors } = alert;
  const names = instances.slice(0, MOST_NAMES).map(({ instance }) => instance);
  const more = instances.length - names.length;
  const where = [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ');
  return `${shapeOf(alert)} source: ${headOf(alert)}. ${errors.join('; ')}${where && `: ${where}`}`;
}

function shapeOf({ status }: Alert): string {
  return status === 'unhealthy' ? '■' : '▲';
}

function headOf(alert: Alert): string {
  return `${nameOf(alert)}, since ${clock(alert.since)}`;
}

/** This service by its machine, as it always was; others by their names. */
function nameOf({ kind, instance, fleet, service, services, shared, instances }: Named): string {
  if (kind === 'blind') return `the watcher ${instance} of ${fleet}`;
  if (kind === 'cause') return `${services.join(', ')} by ${shared}`;
  const [first] = instances;
  if (kind === null || service === null || (instances.length === 1 && first?.instance === instance))
    return instance;
  return `${service} of ${fleet}`;
}

type Named = Pick<Alert, 'kind' | 'instance' | 'fleet' | 'service' | 'services' | 'shared' | 'instances'>;

function whyWords({ reasons }: Alert): string {
  return reasons.map(({ sentence, next }) => `. Why: ${sentence}. Next: ${next.replace(/\.$/, '')}`).join('');
}

function clock(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

function lasting(since: string, until: string | null): string {
  const seconds = Math.max(0, Math.round((Date.parse(until ?? since) - Date.parse(since)) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}
