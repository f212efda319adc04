/** `GET /v1/admin/events`: what happened, the latest first. */
import { eventSchema } from './event-schema.js';
import { textParameter, timeParameter, wholeNumberParameter } from './parameters.js';
import { defineRoute } from './route.js';
import { exactly, integerOrNull, listOf, named } from './schema.js';

const DEFAULT_EVENTS = 50;
const MOST_EVENTS = 200;
const KIND = '(status|integrity|service|history|alert|reason)';
const KINDS = `^${KIND}(,${KIND}){0,5}$`;

export const eventPageSchema = named(
  'Events',
  exactly('What happened.', {
    events: listOf(eventSchema, 'The latest first.'),
    next: integerOrNull('What to ask as `before` for those that follow; `null` when there are none.'),
  }),
);

export const adminEventsRoute = defineRoute({
  path: '/v1/admin/events',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  contentType: 'application/json',
  docs: {
    id: 'adminEvents',
    tag: 'History',
    summary: 'What happened',
    description: 'The latest first, page by page. The last 10,000 are kept, for a year.',
  },
  query: {
    from: timeParameter('Only those that had not ended by then.'),
    to: timeParameter('Only those that had begun by then.'),
    kind: textParameter(KINDS, 'kinds of events, separated by commas.'),
    before: wholeNumberParameter('Only those before the event of this id.', { minimum: 1 }),
    limit: wholeNumberParameter(`How many; default ${DEFAULT_EVENTS}.`, { minimum: 1, maximum: MOST_EVENTS }),
  },
  answers: {
    200: {
      description: 'From a file of the service’s own; so also while the stores are down.',
      schema: eventPageSchema,
    },
  },
  handler({ query: { from: fromMs, to: toMs, before, kind, limit = DEFAULT_EVENTS }, services }) {
    return services.history.events({ fromMs, toMs, before, kinds: kind?.split(','), limit });
  },
});
