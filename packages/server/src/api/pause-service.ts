/** `POST /v1/admin/fleet/services/{service}/pause`: nobody is told of new incidents of it for a while. */
import { PortalError } from '../errors.js';
import { whileReachable } from '../infra/postgres.js';
import { serviceParameter } from './admin-fleet-service.js';
import { actorOf, publishedPause, pauseSchema, readReason, readSpan } from './pause-schema.js';
import { defineRoute } from './route.js';
import { exactly, named, text } from './schema.js';

const newPause = named(
  'NewPause',
  exactly('A pause that begins now.', {
    until: text('Until when, ISO 8601; at most seven days ahead.'),
    reason: text('Why: a sentence for whoever wonders at the silence. At most 500 characters.'),
  }),
);

export const pauseServiceRoute = defineRoute({
  path: '/v1/admin/fleet/services/{service}/pause',
  method: 'POST',
  guard: { level: 'admin', allowFallback: false },
  cache: 'noStore',
  docs: {
    id: 'pauseService',
    tag: 'Fleet',
    summary: 'Pauses the alerts of a service',
    description:
      'Nobody is told of incidents that begin meanwhile; one that is open at the end is told of then. Polling, states and ' +
      'history go on, and incidents that were told of before are still ended. In the audit, and at Alertmanagers as a silence.',
  },
  parameters: [serviceParameter],
  body: { schema: newPause, example: { until: '2026-03-01T04:00:00Z', reason: 'A new disk for pg-2' } },
  errors: ['NotFound'],
  answers: { 200: { description: 'It is paused.', schema: pauseSchema } },
  async handler({ request, body, services: { fleet, pauses } }) {
    const { service } = request.params as { readonly service: string };
    if (!fleet.service(service)) throw new PortalError('notFound');
    const reason = readReason(body.reason);
    const pause = { service, label: null, ...readSpan(undefined, body.until), isPlanned: false, reason };
    return publishedPause(await whileReachable(pauses.begin(pause, actorOf(request))));
  },
});
