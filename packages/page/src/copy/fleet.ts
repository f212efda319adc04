/** The fleet in words: what needs somebody, and which mark each state has. */
import type { FleetDocument } from 'portal-server/api';
import type { DisplayStatus } from './headline.js';

type FleetService = FleetDocument['services'][number];
export type InstanceState = keyof FleetService['instances'];

/** Marks by state, in the order in which they are drawn: what needs somebody comes first. */
export const CELLS: readonly (readonly [InstanceState, DisplayStatus | 'gone', string])[] = [
  ['unreachable', 'unhealthy', 'unreachable'],
  ['unhealthy', 'unhealthy', 'unhealthy'],
  ['degraded', 'degraded', 'degraded'],
  ['unknown', 'unknown', 'not known'],
  ['new', 'unknown', 'new'],
  ['healthy', 'healthy', 'healthy'],
  ['gone', 'gone', 'gone'],
];

/** "2 of 6 services need you", or that none does. */
export function fleetSummary({ services }: FleetDocument): string {
  const all = services.length;
  const needing = services.filter(({ status }) => status !== 'healthy').length;
  if (needing > 0) return `${needing} of ${counted(all)} ${needing === 1 ? 'needs' : 'need'} you`;
  return all === 1 ? 'this service alone, healthy' : `all ${counted(all)} healthy`;
}

function counted(count: number): string {
  return count === 1 ? '1 service' : `${count} services`;
}

/** "2 of 3 usable", and what the others are. */
export function usableText({ instances }: FleetService): string {
  const { healthy, degraded, unhealthy, unreachable, unknown } = instances;
  const listed = healthy + degraded + unhealthy + unreachable + unknown + instances.new;
  const others = CELLS.filter(([state]) => !['healthy', 'degraded'].includes(state))
    .map(([state, , word]) => [instances[state], word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`);
  return [`${healthy + degraded} of ${listed} usable`, ...others].join(', ');
}
