/** Who is told, and how it stands with each, in words. Pure. */
import type { AlertsDocument } from 'portal-server/api';
import type { DisplayStatus } from './headline.js';
import type { Zone } from './time.js';

export type AlertReceiver = AlertsDocument['receivers'][number];
export type AlertDelivery = NonNullable<AlertsDocument['deliveries']>[number];

/** What is sent to each type, and when. */
const TOLD: Readonly<Record<'alertmanager' | 'heartbeat', string>> = {
  alertmanager: 'all that is open, every 30 s',
  heartbeat: 'that the watcher works, every minute',
};

export function toldWords({ type }: Pick<AlertReceiver, 'type'>): string {
  return type === 'alertmanager' || type === 'heartbeat'
    ? TOLD[type]
    : 'begin, worsening, explanation and end of incidents';
}

/** Shape and word: one that was not tried yet is not known to work. */
export function receiverMark({
  accepted_at: acceptedAt,
  failing_since: failingSince,
}: Pick<AlertReceiver, 'accepted_at' | 'failing_since'>): {
  readonly status: DisplayStatus;
  readonly word: string;
} {
  if (failingSince !== null) return { status: 'unhealthy', word: 'accepts nothing' };
  if (acceptedAt !== null) return { status: 'healthy', word: 'accepts' };
  return { status: 'unknown', word: 'not tried since the start' };
}

export function deliveryMark(state: AlertDelivery['state']): {
  readonly status: DisplayStatus;
  readonly word: string;
} {
  if (state === 'accepted') return { status: 'healthy', word: 'accepted' };
  if (state === 'waiting') return { status: 'degraded', word: 'waiting' };
  return { status: 'unhealthy', word: 'given up' };
}

const TRANSITIONS: Readonly<Record<string, string>> = {
  changed: 'the source changed',
  test: 'a test',
};

/** `began`, as it is; what is about no incident says what it is about. */
export function transitionWords(transition: string): string {
  return TRANSITIONS[transition] ?? transition;
}

/**
 * What a field for a time holds, `2026-03-01T02:00`, as a moment.
 *
 * @returns ISO 8601; `undefined` where it is empty
 */
export function momentOfField(value: string, zone: Zone): string | undefined {
  if (value === '') return undefined;
  return new Date(zone === 'utc' ? `${value}Z` : value).toISOString();
}

/** `service orders`, `label team:shop`. */
export function scopeWords(scope: {
  readonly service: string | null;
  readonly label: string | null;
}): string {
  return scope.service === null ? `all with ${scope.label ?? ''}` : scope.service;
}
