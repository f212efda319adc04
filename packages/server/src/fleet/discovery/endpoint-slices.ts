/**
 * EndpointSlices of Kubernetes (`discovery.k8s.io/v1`): which pods they list, and where each is asked. Pure.
 */
import { asObject } from 'portal-shared/json';
import { DiscoveryError } from './target-list.js';

export interface Slice {
  readonly name: string;
  readonly family: Family;
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly SliceEndpoint[];
}

interface SlicePort {
  readonly name: string;
  readonly port: number;
}

interface SliceEndpoint {
  readonly address: string;
  readonly isTerminating: boolean;
  /** `undefined`: it is no pod. */
  readonly pod: string | undefined;
}

/** In the order in which a pod with several is asked. */
const FAMILIES = ['IPv4', 'IPv6', 'FQDN'] as const;
type Family = (typeof FAMILIES)[number];

export interface PodTargets {
  readonly targets: readonly string[];
  /** Names of pods by target. */
  readonly pods: ReadonlyMap<string, string>;
}

/**
 * @param object - as the API has it, of a list or of an event
 * @throws DiscoveryError
 */
export function readSlice(object: unknown): Slice {
  const slice = asObject(object);
  const name = asObject(slice?.['metadata'])?.['name'];
  const family = FAMILIES.find((one) => one === slice?.['addressType']);
  if (typeof name !== 'string' || !family) throw new DiscoveryError('an EndpointSlice is none');
  return {
    name,
    family,
    ports: listIn(slice?.['ports']).flatMap((port) => {
      const { name: of = '', port: number, protocol = 'TCP' } = asObject(port) ?? {};
      if (protocol !== 'TCP' || typeof number !== 'number') return [];
      return { name: typeof of === 'string' ? of : '', port: number };
    }),
    endpoints: listIn(slice?.['endpoints']).flatMap(readEndpoint),
  };
}

function readEndpoint(value: unknown): readonly SliceEndpoint[] {
  const endpoint = asObject(value);
  // More than the first have no meaning of their own.
  const [address] = listIn(endpoint?.['addresses']);
  if (typeof address !== 'string') return [];
  const { kind, name } = asObject(endpoint?.['targetRef']) ?? {};
  return [
    {
      address,
      // Left out, it is not known, and a pod that is not ready is the one that is watched for.
      isTerminating: asObject(endpoint?.['conditions'])?.['terminating'] === true,
      pod: kind === 'Pod' && typeof name === 'string' ? name : undefined,
    },
  ];
}

/**
 * Each pod once, however many slices and families list it; those that end are not listed any more.
 *
 * @param port - name or number; default: the only one
 * @throws DiscoveryError where the port is not known
 */
export function targetsIn(slices: Iterable<Slice>, port: string | number | undefined): PodTargets {
  const sorted = [...slices].toSorted(
    (a, b) => FAMILIES.indexOf(a.family) - FAMILIES.indexOf(b.family) || (a.name < b.name ? -1 : 1),
  );
  const familyOf = new Map<string, Family>();
  const pods = new Map<string, string>();
  const targets = new Set<string>();
  for (const { family, ports, endpoints } of sorted) {
    const listed = endpoints.filter(({ isTerminating }) => !isTerminating);
    // Without a pod a slice may have no port either.
    if (listed.length === 0) continue;
    const number = portOf(ports, port);
    for (const { address, pod } of listed) {
      if (pod !== undefined && (familyOf.get(pod) ?? family) !== family) continue;
      const target = `${family === 'IPv6' ? `[${address}]` : address}:${number}`;
      targets.add(target);
      if (pod === undefined) continue;
      familyOf.set(pod, family);
      pods.set(target, pod);
    }
  }
  return { targets: [...targets], pods };
}

function portOf(ports: readonly SlicePort[], wanted: string | number | undefined): number {
  if (typeof wanted === 'number') return wanted;
  const found = wanted === undefined ? ports : ports.filter(({ name }) => name === wanted);
  const [first, second] = found;
  if (!first) throw new DiscoveryError('an EndpointSlice has no such port of TCP');
  if (second) throw new DiscoveryError('an EndpointSlice has several ports: name one by port');
  return first.port;
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
