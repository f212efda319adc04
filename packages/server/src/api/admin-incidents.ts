/** `GET /v1/admin/incidents`: what went wrong, the latest first, page by page. */
import { INCIDENT_KINDS } from '../monitoring/incidents/incident.js';
import { incidentPageSchema, publishedIncidents } from './incident-schema.js';
import { choiceParameter, textParameter, wholeNumberParameter } from './parameters.js';
import { defineRoute } from './route.js';

const DEFAULT_INCIDENTS = 50;
const MOST_INCIDENTS = 200;

export const adminIncidentsRoute = defineRoute({
  path: '/v1/admin/incidents',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminIncidents',
    tag: 'Incidents',
    summary: 'What went wrong',
    description:
      'Of the fleet and of this service, the latest first. One outage is one incident, however many instances and services it touches. The last 10,000 are kept, for a year.',
  },
  query: {
    state: choiceParameter(['open', 'ended'], 'Only those that are open, or that ended.'),
    service: textParameter('^[a-z0-9][a-z0-9-]{0,62}$', 'the name of a service.'),
    kind: choiceParameter(INCIDENT_KINDS, 'Only those of this kind.'),
    code: textParameter('^[A-Z][A-Z0-9_]{1,62}$', 'a code of the catalogue.'),
    before: wholeNumberParameter('Only those before this one: `next` of the page before.', { minimum: 1 }),
    limit: wholeNumberParameter(`How many; default ${DEFAULT_INCIDENTS}.`, {
      minimum: 1,
      maximum: MOST_INCIDENTS,
    }),
  },
  answers: {
    200: {
      description: 'From a file of the service’s own; so also while the stores are down.',
      schema: incidentPageSchema,
    },
  },
  async handler({ query: { limit = DEFAULT_INCIDENTS, ...query }, services: { incidents } }) {
    const page = await incidents.page({ ...query, limit });
    return { incidents: publishedIncidents(page.incidents), next: page.next };
  },
});
