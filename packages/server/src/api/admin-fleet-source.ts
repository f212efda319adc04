/** `GET /v1/admin/fleet/source`: what the instances of each service run, against what was released. */
import { defineRoute } from './route.js';
import { fleetSourceSchema, publishedFleetSource } from './source-schema.js';

export const adminFleetSourceRoute = defineRoute({
  path: '/v1/admin/fleet/source',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminFleetSource',
    tag: 'Fleet',
    summary: 'What all instances run, against what was released',
    description:
      'Groups of equal hashes of each service, which release is expected, and who shows a statement that is not believed. An ' +
      'axis beside health: it sets no status. An instance can lie, and then the lie must be the same everywhere.',
  },
  answers: { 200: { description: 'As it is known now.', schema: fleetSourceSchema } },
  handler: ({ services: { fleet } }) =>
    publishedFleetSource(
      fleet.view().services.map(({ name, source }) => ({
        name,
        source,
        instances: fleet.service(name)?.instances ?? [],
      })),
    ),
});
