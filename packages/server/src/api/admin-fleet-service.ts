/** `GET /v1/admin/fleet/services/{service}`: one service and its instances. */
import { PortalError } from '../errors.js';
import { INSTANCE_STATES } from '../fleet/service-verdict.js';
import {
  fleetServiceDetailSchema,
  instancesAfter,
  placeOf,
  publishedInstance,
  publishedService,
  worstInstancesFirst,
} from './fleet-schema.js';
import { choiceParameter, textParameter, wholeNumberParameter } from './parameters.js';
import { defineRoute } from './route.js';

const DEFAULT_INSTANCES = 200;
const MOST_INSTANCES = 10_000;

export const serviceParameter = {
  name: 'service',
  in: 'path',
  required: true,
  description: 'Name of the service.',
  schema: { type: 'string' },
} as const;

export const adminFleetServiceRoute = defineRoute({
  path: '/v1/admin/fleet/services/{service}',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminFleetService',
    tag: 'Fleet',
    summary: 'One service and its instances',
    description:
      'The instances that need somebody come first. Those that are gone are listed for 15 minutes.',
  },
  parameters: [serviceParameter],
  query: {
    state: choiceParameter(INSTANCE_STATES, 'Only instances in this state.'),
    before: textParameter('^[a-z]+/.{1,300}$', 'the `next` of an answer.'),
    limit: wholeNumberParameter(`How many instances; default ${DEFAULT_INSTANCES}.`, {
      minimum: 1,
      maximum: MOST_INSTANCES,
    }),
  },
  errors: ['NotFound'],
  answers: { 200: { description: 'As it is known now.', schema: fleetServiceDetailSchema } },
  handler({ request, query: { state, before, limit = DEFAULT_INSTANCES }, services: { fleet, notesOf } }) {
    const { service } = request.params as { readonly service: string };
    const detail = fleet.service(service);
    if (!detail) throw new PortalError('notFound');
    const { name, labels } = detail.service;
    const wanted = instancesAfter(
      worstInstancesFirst(
        detail.instances.filter((instance) => state === undefined || instance.state === state),
      ),
      before,
    );
    const shown = wanted.slice(0, limit);
    const last = shown.at(-1);
    return {
      service: publishedService(detail.service, notesOf(name, labels)),
      instances: shown.map(publishedInstance),
      more: wanted.length - shown.length,
      next: last && wanted.length > shown.length ? placeOf(last) : null,
    };
  },
});
