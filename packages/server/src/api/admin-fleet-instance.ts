/** `GET /v1/admin/fleet/services/{service}/instances/{instance}`: one instance. */
import { PortalError } from '../errors.js';
import { serviceParameter } from './admin-fleet-service.js';
import { fleetInstanceDetailSchema, publishedInstanceDetail } from './fleet-schema.js';
import { defineRoute } from './route.js';

export const adminFleetInstanceRoute = defineRoute({
  path: '/v1/admin/fleet/services/{service}/instances/{instance}',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminFleetInstance',
    tag: 'Fleet',
    summary: 'One instance',
    description: 'How it stands, what it reports, why it is unwell, and its last polls.',
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
  answers: { 200: { description: 'As it is known now.', schema: fleetInstanceDetailSchema } },
  handler({ request, services: { fleet } }) {
    const { service, instance } = request.params as { readonly service: string; readonly instance: string };
    const found = fleet.service(service)?.instances.find((one) => one.instance === instance);
    if (!found) throw new PortalError('notFound');
    return publishedInstanceDetail(found);
  },
});
