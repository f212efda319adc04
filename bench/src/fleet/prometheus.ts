/**
 * Claims: watching costs what it costs a Prometheus, and a Prometheus that collects 10,000 instances costs this process
 * next to nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startPrometheus, type Prometheus } from 'portal-test-kit';
import type { Claim } from '../claim.js';
import type { RunningService } from '../service.js';
import type { Usage } from '../servers/contender.js';
import { table } from '../statistics.js';
import {
  onBed,
  untilKnown,
  usageOfService,
  usedWithin,
  type Bed,
  type BenchGroup,
  type Targets,
} from './bed.js';

const FEW = 1_000;
const MANY = 10_000;
const PER_JOB = 250;
const INTERVAL_MS = 10_000;
const SETTLE_MS = 30_000;
const MEASURED_MS = 40_000;

export const fleetPrometheus: Claim = {
  name: 'fleet-prometheus',
  title: 'The fleet beside a Prometheus, and through one',
  measure: onBed(async (bed) => {
    const rows = [
      ...(await bed.group((group) => beside(bed, group))),
      ...(await bed.group((group) => through(bed, group))),
    ];
    return [
      `\`npm run bench -- fleet-prometheus\`: every ${INTERVAL_MS / 1_000} s, ${MEASURED_MS / 1_000} s each after ` +
        `${SETTLE_MS / 1_000} s to settle; a group was measured at the same time, on the same instances. portal-server less ` +
        'what a service that watches nothing used in the same seconds. Each instance answers Prometheus with the ten series ' +
        'that its collector asks for, so that memory is not that of a real fleet.',
      table(['process', 'instances', '% of a core', 'memory MiB'], rows),
    ].join('\n\n');
  }),
};

async function beside(bed: Bed, group: BenchGroup): Promise<string[][]> {
  const { instances, watcher } = await group.watch('direct', FEW, INTERVAL_MS);
  const prometheus = await group.keep(scrape(bed, 'beside', instances.targets(FEW)));
  return compare(bed, { watcher, prometheus, count: FEW, name: '**portal-server**' });
}

async function through(bed: Bed, group: BenchGroup): Promise<string[][]> {
  const instances = await group.startInstances();
  const prometheus = await group.keep(scrape(bed, 'through', instances.targets(MANY)));
  const fleet = {
    defaults: { collector: 'prometheus', interval: `${INTERVAL_MS}ms`, expect: { instances: PER_JOB } },
    services: jobsOf(MANY).map((name) => ({ name })),
  };
  const watcher = await group.startWatcher(await bed.file('through.yaml', JSON.stringify(fleet)), {
    PORTAL_PROMETHEUS_URL: prometheus.url,
  });
  const name = '**portal-server**, through this Prometheus';
  return compare(bed, { watcher, prometheus, count: MANY, name });
}

interface Compared {
  readonly watcher: RunningService;
  readonly prometheus: Prometheus;
  /** Instances. */
  readonly count: number;
  readonly name: string;
}

async function compare(bed: Bed, { watcher, prometheus, count, name }: Compared): Promise<string[][]> {
  await untilKnown(watcher, { healthy: count });
  await sleep(SETTLE_MS);
  const [idle, ours, theirs] = await usedWithin(
    MEASURED_MS,
    [bed.idle, watcher, prometheus].map(usageOfService),
  );
  return [row(name, count, ours, idle), row('Prometheus', count, theirs, undefined)];
}

function jobsOf(instances: number): readonly string[] {
  return Array.from({ length: Math.ceil(instances / PER_JOB) }, (_, index) => `job-${index}`);
}

async function scrape(bed: Bed, name: string, targets: Targets): Promise<Prometheus> {
  const jobs = await Promise.all(
    jobsOf(targets.length).map(async (job, index) => {
      const own = targets.slice(index * PER_JOB, (index + 1) * PER_JOB);
      return { job, file: await bed.file(`${name}-${job}.json`, JSON.stringify([{ targets: own }])) };
    }),
  );
  return startPrometheus({ targets: jobs, everyMs: INTERVAL_MS });
}

function row(name: string, instances: number, used: Usage | undefined, idle: Usage | undefined): string[] {
  const { cpuMs, rssBytes } = used ?? { cpuMs: Number.NaN, rssBytes: Number.NaN };
  return [
    name,
    instances.toLocaleString('en'),
    (((cpuMs - (idle?.cpuMs ?? 0)) / MEASURED_MS) * 100).toFixed(1),
    ((rssBytes - (idle?.rssBytes ?? 0)) / 2 ** 20).toFixed(0),
  ];
}
