/** `GET /v1/admin/fleet/services/{service}/history`: how a service was, in steps. */
import { PortalError } from '../errors.js';
import { STEP_STATUSES } from '../monitoring/fleet/service-step-store.js';
import { parseStepQuery } from '../monitoring/fleet/step-query.js';
import { serviceParameter } from './admin-fleet-service.js';
import { timeParameter, wholeNumberParameter } from './parameters.js';
import { defineRoute } from './route.js';
import { dateTimeMs, exactly, integer, listOf, named, text } from './schema.js';

const LONGEST_STEP_S = 366 * 86_400;

function figures(description: string) {
  return listOf({ type: ['number', 'null'] }, `${description} \`null\` where nothing was watched.`);
}

export const fleetHistorySchema = named(
  'FleetHistory',
  exactly('How a service was, in steps of one length, in columns: place by place one step.', {
    service: text('Name of the service.'),
    from: dateTimeMs('Begin of the first step.'),
    to: dateTimeMs('End of the last step.'),
    step_seconds: integer('Length of a step; longer than asked for where there would be more than 2,000.', {
      minimum: 60,
    }),
    times: listOf({ type: 'integer' }, 'Begin of each step, seconds since 1970.'),
    status: listOf(
      { type: ['string', 'null'], description: `The worst of a step: ${STEP_STATUSES.join(', ')}.` },
      'The worst in each step, for however short a time. `null` where nothing was watched.',
    ),
    usable: figures('The fewest usable instances of each step.'),
    listed: figures('The most listed instances of each step.'),
    poll_p95_ms: figures(
      'Milliseconds that 95 of 100 answered polls took at most, of the worst part of each step.',
    ),
  }),
);

export const adminFleetHistoryRoute = defineRoute({
  path: '/v1/admin/fleet/services/{service}/history',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  contentType: 'application/json',
  docs: {
    id: 'adminFleetHistory',
    tag: 'Fleet',
    summary: 'How a service was',
    description: 'Minutes for 7 days, hours for a year. At most 2,000 steps.',
  },
  parameters: [serviceParameter],
  query: {
    from: timeParameter('Begin; default: a day before `to`.'),
    to: timeParameter('End; default: now.'),
    step: wholeNumberParameter('Wanted length of a step in seconds; default: one that makes some hundreds.', {
      minimum: 1,
      maximum: LONGEST_STEP_S,
    }),
  },
  errors: ['NotFound'],
  answers: {
    200: {
      description: 'From a file of the service’s own; so also while the stores are down.',
      schema: fleetHistorySchema,
    },
  },
  async handler({ request, query: { from: fromMs, to: toMs, step }, services: { fleetHistory } }) {
    const { service } = request.params as { readonly service: string };
    const query = parseStepQuery(service, { fromMs, toMs, stepSeconds: step }, Date.now());
    const columns = await fleetHistory.steps(query);
    if (!columns) throw new PortalError('notFound');
    return { service, ...columns };
  },
});
