/**
 * The fleet as metrics. They name services, so they are for administrators and machine tokens only.
 */
import { INSTANCE_STATES, SERVICE_STATUSES } from './service-verdict.js';
import type { ServiceView } from './service-watch.js';
import { SOURCE_STATES } from './source/source-verdict.js';

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** Lines of text that both formats of Prometheus have in common. */
export function fleetMetrics(services: readonly ServiceView[]): readonly string[] {
  return [
    ...gauge(
      'portal_fleet_status',
      'The status of a service: 1 for the one that holds, 0 for the others.',
      services.flatMap(({ name: service, verdict }) =>
        SERVICE_STATUSES.map((status): Sample => [{ service, status }, verdict.status === status ? 1 : 0]),
      ),
    ),
    ...gauge(
      'portal_fleet_instances',
      'Instances of a service, by how they stand.',
      services.flatMap(({ name: service, counts }) =>
        INSTANCE_STATES.map((state): Sample => [{ service, state }, counts[state]]),
      ),
    ),
    ...gauge(
      'portal_fleet_source',
      'Instances of a service that report which source they run, that run what is expected, and that do not report; groups: different sources.',
      services.flatMap(
        ({ name: service, source: { groups, matching, reported, notReported } }): readonly Sample[] => [
          [{ service, kind: 'groups' }, groups.length],
          [{ service, kind: 'matching' }, matching],
          [{ service, kind: 'reported' }, reported],
          [{ service, kind: 'not_reported' }, notReported],
        ],
      ),
    ),
    ...gauge(
      'portal_fleet_source_state',
      'How the source of a service stands against what was released: 1 for the state that holds, 0 for the others.',
      services.flatMap(({ name: service, source }) =>
        SOURCE_STATES.map((state): Sample => [{ service, state }, source.state === state ? 1 : 0]),
      ),
    ),
  ];
}

/** @param samples - with labels that need no escape: names of services, and words of ours */
function gauge(name: string, help: string, samples: readonly Sample[]): readonly string[] {
  return [
    `# TYPE ${name} gauge`,
    `# HELP ${name} ${help}`,
    ...samples.map(([labels, value]) => {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
      return `${name}{${pairs.join(',')}} ${value}`;
    }),
  ];
}
