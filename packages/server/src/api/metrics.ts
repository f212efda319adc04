/**
 * `GET /metrics` for those who show who they are, to see all of it. Everybody else is answered before Fastify is asked.
 */
import type { IncomingMessage } from 'node:http';
import { respond } from 'portal-health';
import { fleetMetrics } from '../fleet/fleet-metrics.js';
import { monitoringMetrics } from './monitoring-metrics.js';
import { applyCachePolicy, defineRoute, type SessionGuard } from './route.js';

const METRICS = `# TYPE portal_health_status gauge
# HELP portal_health_status The verdict: 1 for the status that holds, 0 for the others.
portal_health_status{status="healthy"} 1
portal_health_status{status="degraded"} 0
portal_health_status{status="unhealthy"} 0
`;

const GUARD: SessionGuard = {
  level: 'admin',
  allowFallback: true,
  isDocument: true,
  machines: true,
  isOptional: true,
};

export const metricsRoute = defineRoute({
  path: '/metrics',
  method: 'GET',
  guard: GUARD,
  cache: 'noStoreByAccept',
  docs: {
    id: 'metrics',
    tag: 'Metrics',
    summary: 'The same as metrics',
    description:
      'Prometheus text, or OpenMetrics for who asks for it. Always 200: the status is one of them. With the session of an ' +
      'administrator or the token of a machine also `portal_source_info` and `portal_fleet_…`; whatever else is shown ' +
      'counts as nothing.',
  },
  answers: {
    200: {
      description: 'A figure that was not measured has no sample.',
      content: {
        'text/plain': { schema: { type: 'string' }, example: METRICS },
        'application/openmetrics-text': { schema: { type: 'string' }, example: `${METRICS}# EOF\n` },
      },
    },
  },
  async handler({ request, reply, services: { guard, health, fleet, monitoringFigures } }) {
    // Always 200: a scrape that fails tells Prometheus nothing. Who may not see all of it sees what everybody sees.
    const isAdmitted = await guard
      .requireAdmin(GUARD)
      .call(request.server, request, reply)
      .then(
        () => true,
        () => false,
      );
    const { status, headers, body } = respond(
      health,
      { endpoint: 'metrics', method: request.method, accept: request.headers.accept },
      isAdmitted ? 'admin' : 'public',
    );
    reply.removeHeader('Retry-After').headers(headers);
    if (!isAdmitted || body === '')
      return applyCachePolicy(reply.code(status), 'noStoreByAccept').send(Buffer.from(body));
    const { services, checkedAt } = fleet.view();
    const polledAt = fleet.targets().length === 0 ? null : checkedAt;
    const isOpenMetrics = body.endsWith(OPENMETRICS_END);
    const more = monitoringMetrics(await monitoringFigures(), polledAt, { nowMs: Date.now(), isOpenMetrics });
    const text = withFleet(body, [...fleetMetrics(services), ...more]);
    return applyCachePolicy(reply.code(status), 'noStoreByAccept').send(Buffer.from(text));
  },
});

const OPENMETRICS_END = '# EOF\n';

function withFleet(text: string, lines: readonly string[]): string {
  const more = `${lines.join('\n')}\n`;
  return text.endsWith(OPENMETRICS_END)
    ? `${text.slice(0, -OPENMETRICS_END.length)}${more}${OPENMETRICS_END}`
    : text + more;
}

/** Whether the client shows who it is, to see all of the metrics. */
export function showsCredentialsForMetrics({ method, url = '', headers }: IncomingMessage): boolean {
  if (headers.authorization === undefined && headers.cookie === undefined) return false;
  return (method === 'GET' || method === 'HEAD') && /^\/+metrics\/*(\?|$)/.test(url);
}
