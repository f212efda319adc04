/** `GET /v1/admin/fleet/events`: what happened in the fleet, the latest first. */
import { timeParameter, textParameter, wholeNumberParameter } from './parameters.js';
import { defineRoute } from './route.js';
import { dateTimeMs, exactly, integer, integerOrNull, listOf, named, text, textOrNull } from './schema.js';

const DEFAULT_EVENTS = 100;
const MOST_EVENTS = 1_000;

const fleetEventSchema = named(
  'FleetEvent',
  exactly('A change of an instance, of a service, or of the watcher itself.', {
    id: integer('Later events have greater ones.', { minimum: 1 }),
    service: textOrNull('Of which service; `null`: of the watcher itself.'),
    instance: textOrNull('Of which instance; `null`: of the whole service.'),
    at: dateTimeMs('When.'),
    from: textOrNull('How it was; `null` where that is not known.'),
    to: text(
      'How it is: a state of an instance, a status of a service, or `blind` and `seeing` of the watcher.',
    ),
    codes: listOf({ type: 'string' }, 'Why.'),
  }),
);

export const fleetEventPageSchema = named(
  'FleetEvents',
  exactly('What happened in the fleet.', {
    events: listOf(fleetEventSchema, 'The latest first.'),
    next: integerOrNull('What to ask as `before` for those that follow; `null` when there are none.'),
  }),
);

export const adminFleetEventsRoute = defineRoute({
  path: '/v1/admin/fleet/events',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  contentType: 'application/json',
  docs: {
    id: 'adminFleetEvents',
    tag: 'Fleet',
    summary: 'What happened in the fleet',
    description: 'The latest first, page by page. The last 100,000 are kept, for 90 days.',
  },
  query: {
    service: textParameter('^[a-z0-9][a-z0-9-]{0,62}$', 'the name of a service.'),
    from: timeParameter('Only what happened then or later.'),
    to: timeParameter('Only what happened before.'),
    before: wholeNumberParameter('Only those before the event of this id.', { minimum: 1 }),
    limit: wholeNumberParameter(`How many; default ${DEFAULT_EVENTS}.`, { minimum: 1, maximum: MOST_EVENTS }),
  },
  answers: {
    200: {
      description: 'From a file of the service’s own; so also while the stores are down.',
      schema: fleetEventPageSchema,
    },
  },
  handler: ({ query: { service, from: fromMs, to: toMs, before, limit = DEFAULT_EVENTS }, services }) =>
    services.fleetHistory.transitions({ service, fromMs, toMs, before, limit }),
});
