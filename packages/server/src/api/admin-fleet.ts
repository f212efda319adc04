/** `GET /v1/admin/fleet`: every service that is watched, with its instances counted. */
import { SERVICE_STATUSES } from '../fleet/service-verdict.js';
import { fleetSchema, publishedFleet } from './fleet-schema.js';
import { choiceParameter, textParameter } from './parameters.js';
import { defineRoute } from './route.js';

export const adminFleetRoute = defineRoute({
  path: '/v1/admin/fleet',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminFleet',
    tag: 'Fleet',
    summary: 'All services, with their instances',
    description:
      'What is watched, from memory; so also while the stores of this service are down. This service is always one of ' +
      'them. The answer is 200 whatever the status, which is a value.',
  },
  query: {
    status: choiceParameter(SERVICE_STATUSES, 'Only services of this status.'),
    label: textParameter('^[a-z][a-z0-9_]{0,62}:.{1,128}$', 'a label and its value, such as team:shop.'),
  },
  answers: { 200: { description: 'As it is known now.', schema: fleetSchema } },
  handler({ query: { status, label }, services: { fleet, notesOf } }) {
    const document = publishedFleet(fleet.view(), notesOf);
    const [key, ...rest] = (label ?? '').split(':');
    const value = rest.join(':');
    return {
      ...document,
      services: document.services.filter(
        (service) =>
          (status === undefined || service.status === status) &&
          (label === undefined || service.labels[key ?? ''] === value),
      ),
    };
  },
});
