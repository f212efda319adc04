/**
 * One alert as the body that each type of receiver expects.
 */
import { PROBLEMS, type ProblemCode, type Reason, type Status } from 'portal-health';
import type { ReceiverType } from '../../config/rules.js';

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
  readonly status: Status;
  /** Begin of the status or the change; of an end, the begin of the incident. */
  readonly since: string;
  /** Only of an end; else `null`. */
  readonly until: string | null;
  /** Of the catalogue, those of the report. */
  readonly codes: readonly string[];
  /** Why, as far as it is known: sentences in which every name is one that may be shown. */
  readonly reasons: readonly Pick<Reason, 'code' | 'explains' | 'sentence' | 'next'>[];
  /** Name of the machine. */
  readonly instance: string;
  /** Of a change of the source: the numbers of files. */
  readonly files: { readonly added: number; readonly removed: number; readonly modified: number } | null;
}

const BODIES: Readonly<Record<Exclude<ReceiverType, 'generic'>, (alert: Alert, text: string) => object>> = {
  // The characters of its markup, which our texts do not use.
  slack: (_alert, text) => ({
    text: text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  }),
  discord: (_alert, text) => ({ content: text, allowed_mentions: { parse: [] } }),
  telegram: (_alert, text) => ({ text, disable_web_page_preview: true }),
};

export function bodyFor(type: ReceiverType, alert: Alert): string {
  if (type === 'generic') return JSON.stringify(documentOf(alert, TEXTS[alert.type](alert)));
  const reasons = alert.reasons.map(({ sentence, ...rest }) => ({
    ...rest,
    sentence: withoutLinks(sentence),
  }));
  return JSON.stringify(BODIES[type](alert, TEXTS[alert.type]({ ...alert, reasons })));
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
  return { type, timestamp, data: { ...data, errors: data.codes.map(sentenceOf), text } };
}

/** Shape, word and time: understood on a watch, without a colour. */
const TEXTS: Readonly<Record<AlertType, (alert: Alert) => string>> = {
  'incident.began': notWell,
  'incident.worsened': notWell,
  'incident.explained': (alert) =>
    `${shapeOf(alert)} why ${alert.status}: ${headOf(alert)}${whyWords(alert)}`,
  'incident.ended': ({ instance, since, until }) =>
    `● healthy again: ${instance}, since ${clock(until ?? since)}, after ${lasting(since, until)}`,
  'integrity.changed': ({ instance, since, files }) =>
    `▲ the source changed on disk: ${instance}, at ${clock(since)}. ` +
    `${files?.modified ?? 0} modified, ${files?.added ?? 0} added, ${files?.removed ?? 0} removed; ` +
    'their names are in /v1/admin/integrity',
  'alert.test': ({ instance, since }) =>
    `A test of alerts from ${instance}, at ${clock(since)}. Nothing has happened.`,
};

function notWell(alert: Alert): string {
  const causes = alert.codes.map(sentenceOf).join('; ');
  return `${shapeOf(alert)} ${alert.status}: ${headOf(alert)}${causes && `. ${causes}`}${whyWords(alert)}`;
}

function shapeOf({ status }: Alert): string {
  return status === 'unhealthy' ? '■' : '▲';
}

function headOf({ instance, since }: Alert): string {
  return `${instance}, since ${clock(since)}`;
}

function whyWords({ reasons }: Alert): string {
  return reasons.map(({ sentence, next }) => `. Why: ${sentence}. Next: ${next.replace(/\.$/, '')}`).join('');
}

function sentenceOf(code: string): string {
  return isProblem(code) ? `${PROBLEMS[code].sentence} (${code})` : code;
}

function isProblem(code: string): code is ProblemCode {
  return code in PROBLEMS;
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
