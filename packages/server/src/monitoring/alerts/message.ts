/**
 * One alert in the words of each kind of receiver.
 */
import { PROBLEMS, type ProblemCode, type Status } from 'portal-health';
import type { ReceiverType } from '../../config/rules.js';

/** What is told. */
export type AlertType =
  'incident.began' | 'incident.worsened' | 'incident.ended' | 'integrity.changed' | 'alert.test';

/** An alert. Times are ISO 8601, UTC, with milliseconds. */
export interface Alert {
  readonly type: AlertType;
  /** Of the incident, the same in all its messages; of others, of their own. */
  readonly incident: string;
  readonly status: Status;
  /** When what is told began; of an end, when the incident began. */
  readonly since: string;
  /** Of an end only. */
  readonly until: string | null;
  /** Codes of the catalogue that hold now. */
  readonly codes: readonly string[];
  /** Which service it is: the name of its machine. */
  readonly instance: string;
  /** Of a change of the source: how many files. */
  readonly files: { readonly added: number; readonly removed: number; readonly modified: number } | null;
}

const BODIES: Readonly<Record<ReceiverType, (alert: Alert, text: string) => object>> = {
  generic: documentOf,
  // Its own marks; nothing of ours is meant as one.
  slack: (_alert, text) => ({
    text: text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  }),
  discord: (_alert, text) => ({ content: text, allowed_mentions: { parse: [] } }),
  telegram: (_alert, text) => ({ text, disable_web_page_preview: true }),
};

/** The body of the message, in JSON. */
export function bodyFor(kind: ReceiverType, alert: Alert): string {
  return JSON.stringify(BODIES[kind](alert, TEXTS[alert.type](alert)));
}

/** As standardwebhooks.com recommends it: type, time, and the rest under `data`. */
function documentOf({ type, ...data }: Alert, text: string): object {
  const timestamp = data.until ?? data.since;
  return { type, timestamp, data: { ...data, errors: data.codes.map(sentenceOf), text } };
}

/** Shape, word and time: understood on a watch, without a colour. */
const TEXTS: Readonly<Record<AlertType, (alert: Alert) => string>> = {
  'incident.began': notWell,
  'incident.worsened': notWell,
  'incident.ended': ({ instance, since, until }) =>
    `● healthy again: ${instance}, since ${clock(until ?? since)}, after ${lasting(since, until)}`,
  'integrity.changed': ({ instance, since, files }) =>
    `▲ the source changed on disk: ${instance}, at ${clock(since)}. ` +
    `${files?.modified ?? 0} modified, ${files?.added ?? 0} added, ${files?.removed ?? 0} removed; ` +
    'their names are in /v1/admin/integrity',
  'alert.test': ({ instance, since }) =>
    `A test of alerts from ${instance}, at ${clock(since)}. Nothing has happened.`,
};

function notWell({ status, instance, since, codes }: Alert): string {
  const how = status === 'unhealthy' ? '■ unhealthy' : '▲ degraded';
  const causes = codes.map(sentenceOf).join('; ');
  return `${how}: ${instance}, since ${clock(since)}${causes && `. ${causes}`}`;
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
