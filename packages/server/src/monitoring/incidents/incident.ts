/**
 * What an incident is, and how it and its messages are named: from a key and a generation alone, so that every watcher with
 * the same history gives them the same names. All times in milliseconds since 1970.
 */
import { createHash } from 'node:crypto';

export const INCIDENT_KINDS = [
  'health',
  'instances',
  'source',
  'flapping',
  'discovery',
  'cause',
  'blind',
] as const;
export type IncidentKind = (typeof INCIDENT_KINDS)[number];

export type Severity = 'warning' | 'critical';

/** A code, where it was seen, and while. */
export interface IncidentCause {
  readonly code: string;
  /** `null`: of the watcher. */
  readonly service: string | null;
  /** `null`: of the whole service. */
  readonly instance: string | null;
  readonly beganAt: number;
  readonly endedAt: number | null;
}

/** Where something happened. */
export interface TouchedInstance {
  readonly service: string;
  readonly instance: string;
}

export interface Incident {
  /** The same at every watcher with the same history. */
  readonly id: string;
  /** What it is about; one is open at a time. */
  readonly key: string;
  /** The how many-th of its key. */
  readonly generation: number;
  readonly kind: IncidentKind;
  readonly fleet: string;
  /** `null`: of several services, or of the watcher. */
  readonly service: string | null;
  /** Of a common cause, what the services share, such as `database/pg-1`. */
  readonly sharedLabel: string | null;
  /** Of the service. */
  readonly labels: Readonly<Record<string, string>>;
  readonly severity: Severity;
  readonly worst: Severity;
  readonly beganAt: number;
  readonly endedAt: number | null;
  /** In the order in which they began. */
  readonly causes: readonly IncidentCause[];
  readonly services: readonly string[];
  readonly instances: readonly TouchedInstance[];
  /** The worst that was announced; `null`: nothing was, and so its end will not be. */
  readonly announced: Severity | null;
  /** Whether a message has said why. */
  readonly isExplained: boolean;
}

export type TransitionType = 'began' | 'worsened' | 'ended';

/** What is to be sent about an incident. */
export interface IncidentNotice {
  readonly type: TransitionType;
  readonly incident: Incident;
}

/** PagerDuty takes 255. */
const LONGEST_KEY = 250;

/** @param parts - names of services, kinds and labels, which have no slash */
export function incidentKey(fleet: string, ...parts: readonly string[]): string {
  const key = ['portal', fleet, ...parts].join('/');
  return Buffer.byteLength(key) <= LONGEST_KEY ? key : `portal/${digest(key)}`;
}

export function incidentId(key: string, generation: number): string {
  return digest(`${key}\n${generation}`);
}

/** The same in every attempt, from every watcher. */
export function messageId(incident: string, transition: string): string {
  return digest(`${incident}\n${transition}`);
}

/** 32 hexadecimal digits. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
