/** How the source of the fleet is written in JSON. */
import type { InstanceView } from '../fleet/instances.js';
import type { ServiceView } from '../fleet/service-watch.js';
import { SOURCE_STATES } from '../fleet/source/source-verdict.js';
import { seconds, secondsOrNull } from './published-time.js';
import {
  choice,
  dateTime,
  exactly,
  HASH,
  integerOrNull,
  listOf,
  named,
  nonNegativeInteger,
  orNull,
  text,
  textOrNull,
  TIME,
  type FromSchema,
} from './schema.js';

const fields = {
  state: choice(
    SOURCE_STATES,
    '`mismatched`: some run what nobody signed, or show a statement that is not believed; `split`: several for longer than a ' +
      'rollout takes; `rolling`: several for now; `not_reported`; `agreed`: all equal, and nobody says what is expected; ' +
      '`verified`: all as signed.',
  ),
  since: dateTime('Since when.'),
  matching: nonNegativeInteger(
    'Instances that run what is expected; where nothing is, those of the largest group.',
  ),
  reported: nonNegativeInteger('Instances that report what they run.'),
  not_reported: nonNegativeInteger('Those that do not; they equal nothing.'),
} as const;

export const serviceSourceSchema = named(
  'FleetServiceSource',
  exactly('What the instances run, against what was released: sets neither status nor colour.', {
    ...fields,
    release: textOrNull('Version of the release that is expected; `null`: nobody says so.'),
    groups: nonNegativeInteger('Different hashes.'),
  }),
);

export const fleetSourceSchema = named(
  'FleetSource',
  exactly('What all services run, against what was released.', {
    services: listOf(
      exactly('One service.', {
        name: text('As the fleet file has it.'),
        ...fields,
        release: orNull(
          exactly('What is expected: the newest of the statements that are believed.', {
            version: textOrNull('Of the release; `null`: the hash was given by hand.'),
            sequence: nonNegativeInteger('Grows with every release.'),
            source_hash: { type: 'string', pattern: HASH, description: 'As it was signed.' },
            expires: textOrNull('Until when it counts.', TIME),
          }),
          '`null`: nobody says so.',
        ),
        mixed_since: textOrNull('Since when more than one thing runs that should be one.', TIME),
        groups: listOf(
          exactly('Instances that report the same hash.', {
            source_hash: { type: 'string', pattern: HASH, description: 'As they report it.' },
            kind: orNull(
              choice(['expected', 'previous', 'other'], 'What was signed, was signed before, or was not.'),
              '`null` where nobody says what is expected.',
            ),
            instances: nonNegativeInteger('How many.'),
            since: dateTime('Since when the watcher sees it.'),
            oldest_started_at: textOrNull('Of the one that was started first, as far as they say.', TIME),
            newest_started_at: textOrNull('Of the one that was started last.', TIME),
          }),
          'The largest first.',
        ),
        refused: listOf(
          exactly('A statement that is not believed.', {
            instance: textOrNull('That shows it; `null`: it lies at the watcher.'),
            code: text('Why, such as `E_SIGNATURE`, `E_UNKNOWN_KEY`, `E_EXPIRED` or `E_SEQUENCE`.'),
          }),
          'At most 100.',
        ),
        odd: listOf({ type: 'string' }, 'Instances that run something else, at most 100 of a hash.'),
        minimum_sequence: integerOrNull('The lowest sequence that is believed; `null`: none is pinned.'),
      }),
      'Those that need somebody first.',
    ),
  }),
);

export function publishedServiceSource(
  source: ServiceView['source'],
): FromSchema<typeof serviceSourceSchema> {
  return {
    ...publishedFields(source),
    release: source.release?.version ?? null,
    groups: source.groups.length,
  };
}

function publishedFields({ state, since, matching, reported, notReported }: ServiceView['source']) {
  return { state, since: seconds(since), matching, reported, not_reported: notReported };
}

type ServiceSource = Pick<ServiceView, 'name' | 'source'> & { readonly instances: readonly InstanceView[] };

export function publishedFleetSource(
  services: readonly ServiceSource[],
): FromSchema<typeof fleetSourceSchema> {
  const sorted = services.toSorted(
    (a, b) =>
      SOURCE_STATES.indexOf(a.source.state) - SOURCE_STATES.indexOf(b.source.state) ||
      (a.name < b.name ? -1 : 1),
  );
  return { services: sorted.map(publishedSource) };
}

function publishedSource({
  name,
  source,
  instances,
}: ServiceSource): FromSchema<typeof fleetSourceSchema>['services'][number] {
  const { release, groups, groupsSince, refused, odd, mixedSince, minimumSequence } = source;
  return {
    name,
    ...publishedFields(source),
    release: release && {
      version: release.version,
      sequence: release.sequence,
      source_hash: release.sourceHash,
      expires: Number.isFinite(release.expiresAt) ? seconds(release.expiresAt) : null,
    },
    mixed_since: secondsOrNull(mixedSince),
    groups: groups.map(({ hash, kind, instances: count }) => {
      const [oldest, newest] = startsOf(hash, instances);
      return {
        source_hash: hash,
        kind,
        instances: count,
        since: seconds(groupsSince.get(hash) ?? source.since),
        oldest_started_at: secondsOrNull(oldest),
        newest_started_at: secondsOrNull(newest),
      };
    }),
    refused,
    odd,
    minimum_sequence: minimumSequence,
  };
}

/** When the first and the last of a group were started, as far as they say. */
function startsOf(
  hash: string,
  instances: readonly InstanceView[],
): readonly [oldest: number | null, newest: number | null] {
  let oldest: number | null = null;
  let newest: number | null = null;
  for (const { sourceHash, startedAt, state } of instances) {
    if (sourceHash !== hash || startedAt === null || state === 'gone') continue;
    oldest = Math.min(oldest ?? startedAt, startedAt);
    newest = Math.max(newest ?? startedAt, startedAt);
  }
  return [oldest, newest];
}

/** What is known of the statement of one instance; `null`: none is asked for. */
export function publishedStatement({ signed }: Pick<InstanceView, 'signed'>): string | null {
  if (!signed) return null;
  return signed.kind === 'refused' ? signed.code : signed.kind;
}
