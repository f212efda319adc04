/**
 * `GET /v1/status/services`: how the services are that the fleet file makes public, for anybody. Of them only the public
 * name, the status, times and fixed sentences: no code, instance, host, hash, label or reason.
 */
import type { ServiceView } from '../fleet/service-watch.js';
import type { ServiceStatus } from '../fleet/service-verdict.js';
import { DAY_MS } from '../monitoring/history/history-limits.js';
import { outagesIn, statusSince, type Outage } from '../monitoring/healthy-time/outages.js';
import { readHealthyTime } from './healthy-time-schema.js';
import {
  MOST_OUTAGES,
  OUTAGES_DAYS,
  publicServicesSchema,
  type PublicServicesDocument,
} from './public-services-schema.js';
import { defineRoute } from './route.js';
import type { ApiServices } from './services.js';

/** Whoever asks more often gets the same again: it costs a look into the file for each service. */
const KEPT_MS = 10_000;
const TIME_ZONE = 'UTC';

const SENTENCES: Readonly<Record<ServiceStatus, string>> = {
  healthy: 'It works.',
  degraded: 'Some of it is slow or does not work.',
  unhealthy: 'It does not work.',
  unknown: 'It is not known whether it works.',
};
const PAST: Readonly<Record<Outage['worst'], string>> = {
  degraded: 'Some of it was slow or did not work.',
  unhealthy: 'It did not work.',
};

type PublicService = PublicServicesDocument['services'][number];
type NamedService = ServiceView & { readonly publicName: string };

export const publicServicesRoute = defineRoute({
  path: '/v1/status/services',
  method: 'GET',
  guard: 'anyone',
  cache: 'noStorePublic',
  docs: {
    id: 'publicServices',
    tag: 'Health',
    summary: 'How the public services are and were',
    description:
      'For anyone, of the services with `public` in the fleet file: what `portal status export` makes a status page of. ' +
      'No code, instance, host, hash, label or reason. At most ten seconds old.',
  },
  answers: {
    200: {
      description: 'From files of the service’s own; so also while the stores are down.',
      schema: publicServicesSchema,
    },
  },
  handler: ({ services: { publicServices } }) => publicServices(),
});

type Sources = Pick<ApiServices, 'fleet' | 'healthyTimes' | 'pauses'>;

/** @returns what reads them, or gives what was read ten seconds ago */
export function createPublicServices(sources: Sources): () => Promise<PublicServicesDocument> {
  let last: { readonly at: number; readonly document: Promise<PublicServicesDocument> } | undefined;
  return () => {
    const nowMs = Date.now();
    if (last && Math.abs(nowMs - last.at) < KEPT_MS) return last.document;
    const document = read(sources, nowMs);
    last = { at: nowMs, document };
    // What failed is asked for again.
    document.catch(() => (last = undefined));
    return document;
  };
}

async function read(services: Sources, nowMs: number): Promise<PublicServicesDocument> {
  const shown = services.fleet.view().services.filter((one): one is NamedService => one.publicName !== null);
  const published: PublicService[] = [];
  // One after the other: a file has one thread.
  for (const one of shown) published.push(await publicService(services, one, nowMs));
  return {
    updated_at: new Date(nowMs).toISOString(),
    measures: 'What automatic checks saw, not what users saw.',
    services: published,
  };
}

async function publicService(
  { healthyTimes, pauses }: Sources,
  { name, labels, publicName, verdict, since }: NamedService,
  nowMs: number,
): Promise<PublicService> {
  const service = { name, labels };
  const { complete_from, ranges, days } = await readHealthyTime(healthyTimes, service, TIME_ZONE, nowMs);
  const range = { fromMs: nowMs - OUTAGES_DAYS * DAY_MS, toMs: nowMs };
  const segments = await healthyTimes.segments(service, range);
  return {
    name: publicName,
    status: verdict.status,
    sentence: SENTENCES[verdict.status],
    since: new Date(statusSince(segments, verdict.status, since)).toISOString(),
    complete_from,
    ranges,
    days,
    outages: outagesIn(segments)
      .slice(0, MOST_OUTAGES)
      .map(({ fromMs, toMs, worst, isOpen }) => ({
        from: new Date(fromMs).toISOString(),
        to: isOpen && verdict.status !== 'healthy' ? null : new Date(toMs).toISOString(),
        worst,
        sentence: PAST[worst],
      })),
    maintenance: pauses.planned(service).map(({ from, until }) => ({
      from: new Date(from).toISOString(),
      until: new Date(until).toISOString(),
    })),
  };
}
