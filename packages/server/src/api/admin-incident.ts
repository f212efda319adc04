/** `GET /v1/admin/incidents/{id}`: one incident. */
import { PortalError } from '../errors.js';
import { incidentDetailSchema, publishedDetail } from './incident-schema.js';
import { defineRoute } from './route.js';
import { INCIDENT_ID } from './schema.js';

export const incidentIdParameter = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'As the messages and the list have it.',
  schema: { type: 'string', pattern: INCIDENT_ID },
} as const;

export const adminIncidentRoute = defineRoute({
  path: '/v1/admin/incidents/{id}',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminIncident',
    tag: 'Incidents',
    summary: 'One incident',
    description:
      'From its begin on: causes, services and instances touched, what was sent of it to whom, and what people wrote about it.',
  },
  parameters: [incidentIdParameter],
  errors: ['NotFound'],
  answers: { 200: { description: 'As it is known now.', schema: incidentDetailSchema } },
  async handler({ request, services: { incidents, incidentNotes } }) {
    const { id } = request.params as { readonly id: string };
    const found = await incidents.one(id);
    if (!found) throw new PortalError('notFound');
    return publishedDetail(found, await incidentNotes.of(id));
  },
});
