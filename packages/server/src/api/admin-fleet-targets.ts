/** `GET /v1/admin/fleet/targets`: what is watched, as a Prometheus reads it by `http_sd`. */
import { defineRoute } from './route.js';
import { exactly, listOf, named, text } from './schema.js';

const targetGroup = named(
  'TargetGroup',
  exactly('Targets that are asked in one way.', {
    targets: listOf({ type: 'string' }, '`host:port`.'),
    labels: exactly('What Prometheus makes labels of.', {
      service: text('Name of the service.'),
      __scheme__: text('`https` or `http`.'),
      __metrics_path__: text('Where the metrics are.'),
    }),
  }),
);

export const targetGroupsSchema = listOf(targetGroup, 'All groups.');

export const adminFleetTargetsRoute = defineRoute({
  path: '/v1/admin/fleet/targets',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  // Prometheus accepts this type alone.
  contentType: 'application/json',
  docs: {
    id: 'adminFleetTargets',
    tag: 'Fleet',
    summary: 'What is watched, for a Prometheus',
    description: 'A list by `http_sd`, so that a Prometheus scrapes exactly what is watched here.',
  },
  answers: {
    200: {
      description:
        'One group a service, two where some of its instances are asked by http and some by https.',
      schema: targetGroupsSchema,
    },
  },
  handler: ({ services: { fleet } }) =>
    fleet.targets().map(({ service, scheme, instances }) => ({
      targets: instances,
      labels: { service, __scheme__: scheme, __metrics_path__: '/metrics' },
    })),
});
