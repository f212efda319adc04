/** `GET /v1/admin/fleet/live`: the fleet, as it becomes known, for as long as the session lasts. */
import { openStream, STREAM_ANSWER } from './event-stream.js';
import { defineRoute } from './route.js';

export const adminFleetLiveRoute = defineRoute({
  path: '/v1/admin/fleet/live',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminFleetLive',
    tag: 'Fleet',
    summary: 'The fleet, as it becomes known',
    description:
      'Server-sent events, for as long as the session lasts, from memory. `fleet`: the document of `/v1/admin/fleet`, at once. ' +
      '`delta`: `{fleet, status, checked_at, blind, codes, services, removed}`, at most once a second, where `services` has those ' +
      'that have changed, each as a whole, and `removed` the names of those that are no longer watched. `gone`: the session has ' +
      'ended, and so does the answer. `draining`: the service is about to stop. A comment at least every 5 s says that the ' +
      'connection lives.',
  },
  answers: { 200: STREAM_ANSWER },
  handler: ({ request, reply, services: { fleetPages, watchSession } }) =>
    openStream({ request, reply, pages: fleetPages, watchSession }),
});
