/** Incidents in JSON. */
import { DELIVERY_STATES } from '../monitoring/alerts/outbox-store.js';
import type { IncidentDetail } from '../monitoring/incidents/incidents.js';
import { INCIDENT_KINDS, type Incident } from '../monitoring/incidents/incident.js';
import type { IncidentNote } from '../monitoring/incidents/incident-notes.js';
import type { StoredIncident } from '../monitoring/incidents/incident-store.js';
import {
  choice,
  dateTimeMs,
  described,
  exactly,
  INCIDENT_ID,
  integer,
  listOf,
  MOMENT,
  named,
  text,
  textOrNull,
  type FromSchema,
} from './schema.js';

const STATUSES = ['healthy', 'degraded', 'unhealthy'] as const;

const causeSchema = named(
  'IncidentCause',
  exactly('A code, where it was seen, and while.', {
    code: text('Of the catalogues in docs/errors.md, or an instance’s own.'),
    service: textOrNull('Of which service; `null`: of the watcher itself.'),
    instance: textOrNull('Of which instance; `null`: of the whole service.'),
    began_at: dateTimeMs('When it was first seen.'),
    ended_at: textOrNull('Since when it is gone; `null`: it is not.', MOMENT),
  }),
);

const instanceSchema = named(
  'IncidentInstance',
  exactly('Where something happened.', {
    service: text('Name of the service.'),
    instance: text('`host:port`; of this service, the name of its machine.'),
  }),
);

export const incidentSchema = named(
  'Incident',
  exactly('Something that went wrong, from its begin to its end.', {
    id: {
      type: 'string',
      pattern: INCIDENT_ID,
      description: 'The same at every watcher with the same history.',
    },
    key: text('What it is about; one incident of a key is open at a time.'),
    generation: integer('The how many-th of its key.', { minimum: 1 }),
    kind: choice(
      INCIDENT_KINDS,
      '`health` of a service, `instances`: too few of them, `flapping`, `discovery` of the instances, a `cause` that services have in common, or a `blind` watcher.',
    ),
    fleet: text('Name of the fleet.'),
    service: textOrNull('Of which service; `null`: of several, or of the watcher.'),
    shared: textOrNull('What the services share, such as `database/pg-1`; `null` but of a common cause.'),
    status: choice(STATUSES, 'How bad it is now; `healthy` once it has ended.'),
    worst: choice(['degraded', 'unhealthy'], 'How bad it was at worst.'),
    began_at: dateTimeMs('When it began.'),
    ended_at: textOrNull('When it ended; `null`: it is open.', MOMENT),
    causes: listOf(causeSchema, 'In the order in which they began; at most 200.'),
    services: listOf({ type: 'string' }, 'Names of the services touched.'),
    instances: listOf(instanceSchema, 'Instances touched; at most 100.'),
  }),
);

export const alertSchema = named(
  'IncidentAlert',
  exactly('A message about it.', {
    receiver: text('Type and place in the setting; never a URL.'),
    transition: text('`began`, `worsened`, `explained` or `ended`.'),
    message: text('Its id, the same in every attempt and from every watcher.'),
    state: choice(DELIVERY_STATES, 'Whether it was accepted, waits, or was given up after a day.'),
    at: dateTimeMs('Since when.'),
  }),
);

export const noteSchema = named(
  'IncidentNote',
  exactly('What somebody wrote about it.', {
    at: dateTimeMs('When.'),
    author: text('Name of the user.'),
    text: text('At most 4,000 characters.'),
  }),
);

export const incidentDetailSchema = named(
  'IncidentDetail',
  exactly('One incident, and what was sent of it.', {
    incident: described(incidentSchema, 'The incident.'),
    alerts: listOf(
      alertSchema,
      'What was sent to receivers of messages, in order. Alertmanagers are told ever again.',
    ),
    notes: {
      type: ['array', 'null'],
      description: 'The oldest first; `null` while the database cannot be asked for them.',
      items: noteSchema,
    } as const,
  }),
);

export const incidentPageSchema = named(
  'Incidents',
  exactly('One page of the incidents.', {
    incidents: listOf(incidentSchema, 'The latest first.'),
    next: {
      type: ['integer', 'null'],
      description: '`before` of the next page; `null` on the last.',
    } as const,
  }),
);

function publishedIncident(incident: Incident): FromSchema<typeof incidentSchema> {
  const { id, key, generation, kind, fleet, service, services, instances, endedAt, causes } = incident;
  return {
    id,
    key,
    generation,
    kind,
    fleet,
    service,
    shared: incident.sharedLabel,
    status: endedAt === null ? statusOf(incident.severity) : 'healthy',
    worst: statusOf(incident.worst),
    began_at: moment(incident.beganAt),
    ended_at: momentOrNull(endedAt),
    causes: causes.map((cause) => ({
      code: cause.code,
      service: cause.service,
      instance: cause.instance,
      began_at: moment(cause.beganAt),
      ended_at: momentOrNull(cause.endedAt),
    })),
    services,
    instances,
  };
}

export function publishedNote({ at, author, text: words }: IncidentNote): FromSchema<typeof noteSchema> {
  return { at: at.toISOString(), author, text: words };
}

/** @param notes - `null`: cannot be asked for now */
export function publishedDetail(
  { incident, deliveries }: IncidentDetail,
  notes: readonly IncidentNote[] | null,
): FromSchema<typeof incidentDetailSchema> {
  return {
    incident: publishedIncident(incident),
    alerts: deliveries.map(({ at, ...delivery }) => ({ ...delivery, at: moment(at) })),
    notes: notes?.map(publishedNote) ?? null,
  };
}

export function publishedIncidents(stored: readonly StoredIncident[]) {
  return stored.map(({ incident }) => publishedIncident(incident));
}

function statusOf(severity: Incident['severity']): 'degraded' | 'unhealthy' {
  return severity === 'critical' ? 'unhealthy' : 'degraded';
}

function moment(ms: number): string {
  return new Date(ms).toISOString();
}

export function momentOrNull(ms: number | null): string | null {
  return ms === null ? null : moment(ms);
}
