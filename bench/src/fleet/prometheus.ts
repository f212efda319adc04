/**
 * Claims: watching costs what it costs a Prometheus, and a Prometheus that collects 10,000 instances costs this process
 * next to nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startPrometheus, type Prometheus } from 'portal-test-kit';
import type { Claim } from '../claim.js';
import type { Usage } from '../servers/contender.js';
import { table } from '../statistics.js';
import {
  makeBed,
  untilKnown,
  usageOfService,
  usedWithin,
  writeFleet,
  type Bed,
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
  async measure() {
    const bed = await makeBed();
    try {
      const rows = [...(await beside(bed)), ...(await through(bed))];
      return [
        `\`npm run bench -- fleet-prometheus\`: every ${INTERVAL_MS / 1_000} s, ${MEASURED_MS / 1_000} s each after ` +
          `${SETTLE_MS / 1_000} s to settle; a group was measured at the same time, on the same instances. portal-server less ` +
          'what a service that watches nothing used in the same seconds. Each instance answers Prometheus with the ten series ' +
          'that its collector asks for, so that memory is not that of a real fleet.',
        table(['process', 'instances', '% of a core', 'memory MiB'], rows),
      ].join('\n\n');
    } finally {
      await bed.close();
    }
  },
};

async function beside(bed: Bed): Promise<string[][]> {
  const instances = await bed.startInstances();
  const targets = instances.targets(FEW);
  const prometheus = await scrape(bed, 'beside', targets);
  const watcher = await bed.startWatcher(await writeFleet(bed, 'direct', targets, INTERVAL_MS));
  try {
    await untilKnown(watcher, { healthy: FEW });
    await sleep(SETTLE_MS);
    const [idle, ours, theirs] = await usedWithin(MEASURED_MS, [
      usageOfService(bed.idle),
      usageOfService(watcher),
      usageOfService(prometheus),
    ]);
    return [row('**portal-server**', FEW, ours, idle), row('Prometheus', FEW, theirs, undefined)];
  } finally {
    await watcher.close();
    await prometheus.close();
    await instances.close();
  }
}

async function through(bed: Bed): Promise<string[][]> {
  const instances = await bed.startInstances();
  const prometheus = await scrape(bed, 'through', instances.targets(MANY));
  const fleet = {
    defaults: { collector: 'prometheus', interval: `${INTERVAL_MS}ms`, expect: { instances: PER_JOB } },
    services: jobsOf(MANY).map((name) => ({ name })),
  };
  const watcher = await bed.startWatcher(await bed.file('through.yaml', JSON.stringify(fleet)), {
    PORTAL_PROMETHEUS_URL: prometheus.url,
  });
  try {
    await untilKnown(watcher, { healthy: MANY });
    await sleep(SETTLE_MS);
    const [idle, ours, theirs] = await usedWithin(MEASURED_MS, [
      usageOfService(bed.idle),
      usageOfService(watcher),
      usageOfService(prometheus),
    ]);
    return [
      row('**portal-server**, through this Prometheus', MANY, ours, idle),
      row('Prometheus', MANY, theirs, undefined),
    ];
  } finally {
    await watcher.close();
    await prometheus.close();
    await instances.close();
  }
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
