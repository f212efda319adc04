/** The fleet in words: what needs somebody, which mark each state has, what a filter lets through. Pure. */
import type { FleetDocument } from 'portal-server/api';
import { FLEET_ADVICE } from './fleet-problems.js';
import { problemSentence, type DisplayStatus } from './headline.js';

export type FleetService = FleetDocument['services'][number];
export type CellState = keyof FleetService['instances'];

interface StateMark {
  readonly state: CellState;
  /** Of the API's `cells`. */
  readonly letter: string;
  readonly mark: DisplayStatus | 'gone';
  readonly word: string;
}

/** In the order in which they are drawn: what needs somebody comes first. */
export const STATES: readonly StateMark[] = [
  { state: 'unreachable', letter: 'x', mark: 'unhealthy', word: 'unreachable' },
  { state: 'unhealthy', letter: 'u', mark: 'unhealthy', word: 'unhealthy' },
  { state: 'degraded', letter: 'd', mark: 'degraded', word: 'degraded' },
  { state: 'unknown', letter: '?', mark: 'unknown', word: 'not known' },
  { state: 'new', letter: 'n', mark: 'unknown', word: 'new' },
  { state: 'healthy', letter: 'h', mark: 'healthy', word: 'healthy' },
  { state: 'gone', letter: 'g', mark: 'gone', word: 'gone' },
];

export function stateOfLetter(letter: string): StateMark {
  return STATES.find((one) => one.letter === letter) ?? { ...UNKNOWN, letter };
}

export function markOf(state: CellState): StateMark {
  return STATES.find((one) => one.state === state) ?? UNKNOWN;
}

const UNKNOWN: StateMark = { state: 'unknown', letter: '?', mark: 'unknown', word: 'not known' };

export function needsSomebody({ status }: FleetService): boolean {
  return status !== 'healthy';
}

/** "2 of 6 services need you", or that none does. */
export function fleetSummary(services: readonly FleetService[]): string {
  const all = services.length;
  const needing = services.filter(needsSomebody).length;
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
  const others = STATES.filter(({ state }) => !['healthy', 'degraded'].includes(state))
    .map(({ state, word }) => [instances[state], word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`);
  return [`${healthy + degraded} of ${listed} usable`, ...others].join(', ');
}

/** The sentence of a code: the watcher's own, or the library's. */
export function codeSentence(code: string): string {
  return FLEET_ADVICE[code]?.means.replace(/\.$/, '') ?? problemSentence(code);
}

/** Each is empty where nothing is said. */
export interface ServiceFilter {
  readonly status: string;
  /** `team:shop` */
  readonly label: string;
  /** Looked for in name, labels and codes. */
  readonly search: string;
}

/** Services that the filter lets through. */
export function filtered(
  services: readonly FleetService[],
  { status, label, search }: ServiceFilter,
): readonly FleetService[] {
  const wanted = search.trim().toLowerCase();
  return services.filter(
    (service) =>
      (status === '' || service.status === status) &&
      (label === '' || labelsOf(service).includes(label)) &&
      [service.name, ...labelsOf(service), ...service.codes].some((text) =>
        text.toLowerCase().includes(wanted),
      ),
  );
}

/** `team:shop`, as the API's parameter has it. */
export function labelsOf({ labels }: FleetService): readonly string[] {
  return Object.entries(labels).map(([key, value]) => `${key}:${value}`);
}

/** Every label that a service has, for a list to choose from. */
export function allLabels(services: readonly FleetService[]): readonly string[] {
  return [...new Set(services.flatMap(labelsOf))].toSorted();
}

export function allLabelKeys(services: readonly FleetService[]): readonly string[] {
  return [...new Set(services.flatMap(({ labels }) => Object.keys(labels)))].toSorted();
}

export interface ServiceGroup {
  /** Empty: all of them. */
  readonly name: string;
  readonly services: readonly FleetService[];
}

/** @param by - a label, or `cause`: the first code; empty: one group of all */
export function groupsOf(services: readonly FleetService[], by: string): readonly ServiceGroup[] {
  const groups = new Map<string, FleetService[]>();
  for (const service of services) {
    const name = groupName(service, by);
    groups.set(name, [...(groups.get(name) ?? []), service]);
  }
  return [...groups].map(([name, members]) => ({ name, services: members }));
}

function groupName({ labels, codes }: FleetService, by: string): string {
  if (by === '') return '';
  if (by === 'cause') return codes[0] ? `${codeSentence(codes[0])} (${codes[0]})` : 'no cause known';
  return labels[by] === undefined ? `without ${by}` : `${by}: ${labels[by]}`;
}
