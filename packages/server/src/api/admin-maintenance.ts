/** `GET /v1/admin/maintenance`: what is paused, and what is planned. */
import { pauseSchema, publishedPause } from './pause-schema.js';
import { defineRoute } from './route.js';
import { exactly, listOf, named } from './schema.js';

export const maintenanceSchema = named(
  'Maintenance',
  exactly('Pauses, those that last and those that are planned.', {
    pauses: listOf(pauseSchema, 'The next first.'),
  }),
);

export const adminMaintenanceRoute = defineRoute({
  path: '/v1/admin/maintenance',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminMaintenance',
    tag: 'Fleet',
    summary: 'What is paused, and what is planned',
    description:
      'From memory, so also while the stores are down; of other watchers ten seconds late at most.',
  },
  answers: { 200: { description: 'As it is known now.', schema: maintenanceSchema } },
  handler: ({ services: { pauses } }) => ({ pauses: pauses.list().map(publishedPause) }),
});
