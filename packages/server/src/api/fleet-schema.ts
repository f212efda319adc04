/** How the fleet, its services and their instances are written in JSON. */
import { REASON_CODES } from 'portal-health';
import type { FleetView } from '../fleet/fleet.js';
import type { InstanceView } from '../fleet/instances.js';
import type { ServiceView } from '../fleet/service-watch.js';
import { INSTANCE_STATES, SERVICE_STATUSES } from '../fleet/service-verdict.js';
import { seconds, secondsOrNull } from './published-time.js';
import { reasonFigures } from './reason-schema.js';
import {
  choice,
  dateTime,
  described,
  exactly,
  HASH,
  INCIDENT_ID,
  listOf,
  named,
  nonNegativeInteger,
  text,
  textOrNull,
  TIME,
  type FromSchema,
} from './schema.js';
import { publishedServiceSource, publishedStatement, serviceSourceSchema } from './source-schema.js';

const codes = listOf({ type: 'string' }, 'Why, by codes: the instances’ own, and those of the watcher.');

const counts = exactly('How many instances are in which state.', {
  healthy: nonNegativeInteger('By their own word.'),
  degraded: nonNegativeInteger('By their own word; usable.'),
  unhealthy: nonNegativeInteger('By their own word.'),
  unreachable: nonNegativeInteger('Polled, without a usable response.'),
  gone: nonNegativeInteger('No longer listed.'),
  new: nonNegativeInteger('Listed, and not judged yet.'),
  unknown: nonNegativeInteger('While the watcher itself is blind.'),
});

export const fleetServiceSchema = named(
  'FleetService',
  exactly('A service, with all its instances.', {
    name: text('As the fleet file has it.'),
    status: choice(SERVICE_STATUSES, 'Of the whole service; `unknown` while too few instances are judged.'),
    since: dateTime('Since when.'),
    labels: {
      type: 'object',
      description: 'As the fleet file has them.',
      additionalProperties: { type: 'string' },
    },
    instances: counts,
    source: serviceSourceSchema,
    expected: nonNegativeInteger('Instances that should be listed.'),
    need: nonNegativeInteger('Instances that must be usable.'),
    tolerated: nonNegativeInteger('Instances that may be unwell before the service is degraded.'),
    codes,
    paused_until: textOrNull('Until when nobody is notified of it; `null`: it is not paused.', TIME),
    incident: textOrNull('Id of the open incident of its health.', INCIDENT_ID),
    cells: text(
      'One character an instance, in the order of their names: `h` healthy, `d` degraded, `u` unhealthy, `x` unreachable, `n` ' +
        'new, `?` unknown, `g` gone.',
    ),
    source_cells: text(
      'One character an instance, in the same order: `!` runs something else than it should, or shows a statement that is not ' +
        'believed, `-` does not say what it runs, `=` neither. Empty where all are `=`, none says, or none is known by name.',
    ),
  }),
);

const instanceFields = {
  instance: text('`host:port`.'),
  pod: textOrNull('Name of its pod, where Kubernetes lists it.'),
  state: choice(INSTANCE_STATES, 'How it stands, after the damping.'),
  since: dateTime('Since when.'),
  codes,
  started_at: textOrNull('As it reports it.', TIME),
  source_hash: textOrNull('As it reports it.', HASH),
  statement: textOrNull(
    'What is known of its signed statement: `believed`, `none`, `pending`, or the code for which it is refused, such as ' +
      '`E_SIGNATURE`; `null`: none is asked for.',
  ),
  answered_at: textOrNull('When it last responded.', TIME),
  polls_ms: listOf(
    { type: ['number', 'null'] },
    'Milliseconds of its last polls, the newest last; `null`: no response.',
  ),
} as const;

export const fleetInstanceSchema = named(
  'FleetInstance',
  exactly('One instance of a service.', instanceFields),
);

export const fleetInstanceDetailSchema = named(
  'FleetInstanceDetail',
  exactly('One instance of a service, and why it is unwell.', {
    ...instanceFields,
    reasons: listOf(
      exactly('Why it is unwell, by its own word: what can be shown of it.', {
        code: choice(REASON_CODES, 'Code of the catalogue in docs/reasons.md.'),
        explains: textOrNull('Code of the problem that it explains; `null` when it explains none.'),
        figures: reasonFigures,
        checked_at: textOrNull('When the instance saw it last.', TIME),
      }),
      'The most telling first. Asked of instances that are unwell and take the token of their service.',
    ),
  }),
);

export const fleetSchema = named(
  'Fleet',
  exactly('All services, the worst first.', {
    fleet: text('Name of the fleet.'),
    status: choice(SERVICE_STATUSES, 'Of its worst service.'),
    checked_at: dateTime('Of the last polls.'),
    blind: textOrNull('Since when the watcher itself cannot see.', TIME),
    codes: listOf({ type: 'string' }, 'What is wrong with the watching itself.'),
    services: listOf(fleetServiceSchema, 'The worst first.'),
  }),
);

/** The data of the event `delta`. */
export const fleetDeltaSchema = exactly('What of the fleet has changed.', {
  fleet: text('Name of the fleet.'),
  status: choice(SERVICE_STATUSES, 'Of its worst service.'),
  checked_at: dateTime('Of the last polls.'),
  blind: textOrNull('Since when the watcher itself cannot see.', TIME),
  codes: listOf({ type: 'string' }, 'What is wrong with the watching itself.'),
  services: listOf(fleetServiceSchema, 'Those that have changed, as they are now.'),
  removed: listOf({ type: 'string' }, 'Names of those that are no longer watched.'),
});

export const fleetServiceDetailSchema = named(
  'FleetServiceDetail',
  exactly('A service and its instances.', {
    service: described(fleetServiceSchema, 'The service.'),
    instances: listOf(fleetInstanceSchema, 'Its instances, the worst first.'),
    more: nonNegativeInteger('How many more there are.'),
    next: textOrNull('What to ask as `before` for those that follow; `null` when there are none.'),
  }),
);

const WORST_INSTANCE_FIRST: readonly string[] = [
  'unreachable',
  'unhealthy',
  'degraded',
  'unknown',
  'new',
  'gone',
  'healthy',
];

export function publishedFleet(view: FleetView, notesOf: NotesOf): FromSchema<typeof fleetSchema> {
  return {
    fleet: view.name,
    status: view.status,
    checked_at: seconds(view.checkedAt),
    blind: secondsOrNull(view.blindSince),
    codes: view.codes,
    services: view.services
      .map((service) => publishedService(service, notesOf(service.name, service.labels)))
      .toSorted(
        (a, b) =>
          SERVICE_STATUSES.indexOf(a.status) - SERVICE_STATUSES.indexOf(b.status) ||
          (a.name < b.name ? -1 : 1),
      ),
  };
}

/** What is known of a service besides how it is. */
export interface ServiceNotes {
  /** Until when nobody is notified of it, milliseconds since 1970; `null`: it is not paused. */
  readonly pausedUntil: number | null;
  /** Id of the open incident of its health. */
  readonly incident: string | null;
}

export type NotesOf = (service: string, labels: Readonly<Record<string, string>>) => ServiceNotes;

export function publishedService(
  view: ServiceView,
  { pausedUntil, incident }: ServiceNotes,
): FromSchema<typeof fleetServiceSchema> {
  return {
    name: view.name,
    status: view.verdict.status,
    since: seconds(view.since),
    labels: view.labels,
    instances: view.counts,
    source: publishedServiceSource(view.source),
    expected: view.expected,
    need: view.verdict.need,
    tolerated: view.verdict.tolerated,
    codes: view.codes,
    paused_until: secondsOrNull(pausedUntil),
    incident,
    cells: view.cells,
    source_cells: view.sourceCells,
  };
}

export function publishedInstance(view: InstanceView): FromSchema<typeof fleetInstanceSchema> {
  return {
    instance: view.instance,
    pod: view.pod ?? null,
    state: view.state,
    since: seconds(view.since),
    codes: view.codes,
    started_at: secondsOrNull(view.startedAt),
    source_hash: view.sourceHash,
    statement: publishedStatement(view),
    answered_at: secondsOrNull(view.answeredAt),
    polls_ms: view.polls.map((ms) => (ms === null ? null : Math.round(ms * 10) / 10)),
  };
}

export function publishedInstanceDetail(view: InstanceView): FromSchema<typeof fleetInstanceDetailSchema> {
  const { reasons = [] } = view;
  return {
    ...publishedInstance(view),
    reasons: reasons.map(({ code, explains, figures, checkedAt }) => ({
      code,
      explains,
      figures,
      checked_at: secondsOrNull(checkedAt),
    })),
  };
}

type Place = Pick<InstanceView, 'state' | 'instance'>;

export function worstInstancesFirst(views: readonly InstanceView[]): readonly InstanceView[] {
  return views.toSorted(comparePlaces);
}

/** Those that follow a place, which may be one that no instance has any more. */
export function instancesAfter(
  sorted: readonly InstanceView[],
  place: string | undefined,
): readonly InstanceView[] {
  if (place === undefined) return sorted;
  const [state, ...rest] = place.split('/');
  const known = INSTANCE_STATES.find((one) => one === state);
  if (!known) return [];
  return sorted.filter((view) => comparePlaces(view, { state: known, instance: rest.join('/') }) > 0);
}

export function placeOf({ state, instance }: Place): string {
  return `${state}/${instance}`;
}

function comparePlaces(a: Place, b: Place): number {
  const byState = WORST_INSTANCE_FIRST.indexOf(a.state) - WORST_INSTANCE_FIRST.indexOf(b.state);
  if (byState !== 0 || a.instance === b.instance) return byState;
  return a.instance < b.instance ? -1 : 1;
}
