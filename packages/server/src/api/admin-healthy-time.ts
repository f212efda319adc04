/** `GET /v1/admin/fleet/services/{service}/healthy-time`: for how long a service was healthy. */
import { PortalError } from '../errors.js';
import { isTimeZone } from '../monitoring/healthy-time/local-days.js';
import { serviceParameter } from './admin-fleet-service.js';
import { healthyTimeSchema, readHealthyTime } from './healthy-time-schema.js';
import { textParameter } from './parameters.js';
import { defineRoute } from './route.js';

const TIME_ZONE = 'a time zone such as Europe/Berlin.';

export const adminHealthyTimeRoute = defineRoute({
  path: '/v1/admin/fleet/services/{service}/healthy-time',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  contentType: 'application/json',
  docs: {
    id: 'adminHealthyTime',
    tag: 'Fleet',
    summary: 'For how long a service was healthy',
    description:
      'The last 1, 7, 30 and 90 days, and each of 90 days, from events to the millisecond; what is too old to be kept as ' +
      'events, by the quarter of an hour, so that days stay exact in every time zone. Maintenance is apart.',
  },
  parameters: [serviceParameter],
  query: { time_zone: textParameter('^[A-Za-z0-9_+/-]{1,64}$', TIME_ZONE) },
  errors: ['NotFound'],
  answers: {
    200: {
      description: 'From files of the service’s own; so also while the stores are down.',
      schema: healthyTimeSchema,
    },
  },
  async handler({ request, query: { time_zone: timeZone = 'UTC' }, services: { fleet, healthyTimes } }) {
    if (!isTimeZone(timeZone))
      throw new PortalError('badRequest', `Expected \`time_zone\` to be ${TIME_ZONE}`);
    const { service } = request.params as { readonly service: string };
    const found = fleet.service(service);
    if (!found) throw new PortalError('notFound');
    const { name, labels } = found.service;
    return readHealthyTime(healthyTimes, { name, labels }, timeZone, Date.now());
  },
});
