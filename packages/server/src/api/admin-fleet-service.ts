/** `GET /v1/admin/fleet/services/{service}`, and below it one of its instances. */
import { PortalError } from '../errors.js';
import { INSTANCE_STATES } from '../fleet/service-verdict.js';
import {
  fleetInstanceSchema,
  fleetServiceDetailSchema,
  publishedInstance,
  publishedService,
  worstInstancesFirst,
} from './fleet-schema.js';
import { choiceParameter, wholeNumberParameter } from './parameters.js';
import { defineRoute } from './route.js';

const DEFAULT_INSTANCES = 200;
const MOST_INSTANCES = 10_000;

const serviceParameter = {
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
    limit: wholeNumberParameter(`How many instances; default ${DEFAULT_INSTANCES}.`, {
      minimum: 1,
      maximum: MOST_INSTANCES,
    }),
  },
  errors: ['NotFound'],
  answers: { 200: { description: 'As it is known now.', schema: fleetServiceDetailSchema } },
  handler({ request, query: { state, limit = DEFAULT_INSTANCES }, services: { fleet } }) {
    const { service } = request.params as { readonly service: string };
    const detail = fleet.service(service);
    if (!detail) throw new PortalError('notFound');
    const wanted = worstInstancesFirst(
      detail.instances.filter((instance) => state === undefined || instance.state === state),
    );
    return {
      service: publishedService(detail.service),
      instances: wanted.slice(0, limit).map(publishedInstance),
      more: Math.max(0, wanted.length - limit),
    };
  },
});

export const adminFleetInstanceRoute = defineRoute({
  path: '/v1/admin/fleet/services/{service}/instances/{instance}',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminFleetInstance',
    tag: 'Fleet',
    summary: 'One instance',
    description: 'How it stands, what it reports, and its last polls.',
  },
  parameters: [
    serviceParameter,
    {
      name: 'instance',
      in: 'path',
      required: true,
      description: '`host:port`, as the service lists it.',
      schema: { type: 'string' },
    },
  ],
  errors: ['NotFound'],
  answers: { 200: { description: 'As it is known now.', schema: fleetInstanceSchema } },
  handler({ request, services: { fleet } }) {
    const { service, instance } = request.params as { readonly service: string; readonly instance: string };
    const found = fleet.service(service)?.instances.find((one) => one.instance === instance);
    if (!found) throw new PortalError('notFound');
    return publishedInstance(found);
  },
});
