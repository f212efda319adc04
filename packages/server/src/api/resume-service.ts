/** `POST /v1/admin/fleet/services/{service}/resume`: ends the pauses of a service. */
import { PortalError } from '../errors.js';
import { whileReachable } from '../infra/postgres.js';
import { serviceParameter } from './admin-fleet-service.js';
import { actorOf, pausedServiceSchema } from './pause-schema.js';
import { secondsOrNull } from './published-time.js';
import { defineRoute } from './route.js';

export const resumeServiceRoute = defineRoute({
  path: '/v1/admin/fleet/services/{service}/resume',
  method: 'POST',
  guard: { level: 'admin', allowFallback: false },
  cache: 'noStore',
  docs: {
    id: 'resumeService',
    tag: 'Fleet',
    summary: 'Ends the pause of a service',
    description:
      'Ends what lasts now of this service; no body. Where `paused_until` is still a time, a maintenance of a label lasts, ' +
      'which is ended by its id.',
  },
  parameters: [serviceParameter],
  errors: ['NotFound'],
  answers: { 200: { description: 'Also where it was not paused.', schema: pausedServiceSchema } },
  async handler({ request, services: { fleet, pauses } }) {
    const { service: name } = request.params as { readonly service: string };
    const detail = fleet.service(name);
    if (!detail) throw new PortalError('notFound');
    await whileReachable(pauses.resume(name, actorOf(request)));
    const until = pauses.until(detail.service, Date.now());
    return { service: name, paused_until: secondsOrNull(until) };
  },
});
