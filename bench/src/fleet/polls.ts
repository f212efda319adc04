/**
 * Claim: one process polls 10,000 instances every ten seconds, at little more than what undici alone costs, and as cheaply
 * as a tenth of them at the same number of polls a second.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Claim } from '../claim.js';
import { startContender } from '../process.js';
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
  type InstanceProcess,
} from './bed.js';
import type { PollPace } from './pace.js';

const MANY = 10_000;
const FEW = 1_000;
/**
 * Connections are made, code is compiled, and what a start leaves behind is collected by then: V8 does that once, three times in a
 * row, some 80 s after the start of a service that has much to do at its start.
 */
const SETTLE_MS = 100_000;
const MEASURED_MS = 40_000;

export const fleetPolls: Claim = {
  name: 'fleet-polls',
  title: 'A poll of the fleet beside undici alone',
  measure: onBed(async (bed) => {
    const rows = [
      ...(await bed.group((group) => besideTheLoop(bed, group))),
      ...(await bed.group((group) => atEqualPolls(bed, group))),
      ...(await bed.group((group) => withoutKeptConnections(bed, group))),
    ];
    return [
      `\`npm run bench -- fleet-polls\`: ${MEASURED_MS / 1_000} s each after ${SETTLE_MS / 1_000} s to settle, all ` +
        'instances in one process, each at an address of its own, each answering what `GET /health` answers. Processor time ' +
        'is of the whole service, less what a service that watches nothing used in the same seconds; memory likewise. A ' +
        'group was measured at the same time.',
      table(['contender', 'instances', 'interval s', 'polls', 'CPU µs a poll', '×', 'memory MiB'], rows),
    ].join('\n\n');
  }),
};

interface Measured {
  readonly polls: number;
  readonly cpuUsPerPoll: number;
  readonly memoryMiB: number;
}

async function besideTheLoop(bed: Bed, group: BenchGroup): Promise<string[][]> {
  const intervalMs = 10_000;
  const loop = await startLoop(bed, group, MANY, intervalMs);
  const { instances, watcher } = await group.watch('many', MANY, intervalMs);
  await settle([[watcher, MANY]]);
  await Promise.all([instances.pace(intervalMs), loop.instances.pace(intervalMs)]);
  const [idle, used, bare] = await usedWithin(MEASURED_MS, [
    usageOfService(bed.idle),
    usageOfService(watcher),
    loop.usage,
  ]);
  const [polled, asked] = await Promise.all([instances.pace(intervalMs), loop.instances.pace(intervalMs)]);
  const ofBare = measured(bare, undefined, asked.polls);
  return [
    row('undici alone', MANY, intervalMs, ofBare, ofBare),
    row('**portal-server**', MANY, intervalMs, measured(used, idle, polled.polls), ofBare),
  ];
}

/** Undici alone at the same settings tells what of it is the connections' own. */
async function atEqualPolls(bed: Bed, group: BenchGroup): Promise<string[][]> {
  const [slowMs, quickMs] = [20_000, 2_000];
  const many = await group.watch('slow', MANY, slowMs);
  const few = await group.watch('quick', FEW, quickMs);
  const manyAlone = await startLoop(bed, group, MANY, slowMs);
  const fewAlone = await startLoop(bed, group, FEW, quickMs);
  await settle([
    [many.watcher, MANY],
    [few.watcher, FEW],
  ]);
  const paces = (): Promise<readonly PollPace[]> =>
    Promise.all([
      fewAlone.instances.pace(quickMs),
      manyAlone.instances.pace(slowMs),
      few.instances.pace(quickMs),
      many.instances.pace(slowMs),
    ]);
  await paces();
  const [idle, ...used] = await usedWithin(MEASURED_MS, [
    usageOfService(bed.idle),
    fewAlone.usage,
    manyAlone.usage,
    usageOfService(few.watcher),
    usageOfService(many.watcher),
  ]);
  const polls = (await paces()).map((pace) => pace.polls);
  const result = (place: number, besides: Usage | undefined): Measured =>
    measured(used[place], besides, polls[place] ?? Number.NaN);
  const [fewBare, manyBare] = [result(0, undefined), result(1, undefined)];
  const [ofFew, ofMany] = [result(2, idle), result(3, idle)];
  const [bare, name] = ['undici alone', '**portal-server**'].map((one) => `${one}, equal polls a second`);
  return [
    row(bare ?? '', FEW, quickMs, fewBare, fewBare),
    row(bare ?? '', MANY, slowMs, manyBare, fewBare),
    row(name ?? '', FEW, quickMs, ofFew, ofFew),
    row(name ?? '', MANY, slowMs, ofMany, ofFew),
  ];
}

interface RunningLoop {
  readonly instances: InstanceProcess;
  readonly usage: () => Promise<Usage>;
}

/** Undici alone, on instances of its own. */
async function startLoop(
  bed: Bed,
  group: BenchGroup,
  count: number,
  intervalMs: number,
): Promise<RunningLoop> {
  const instances = await group.startInstances();
  const origins = instances.targets(count).map((target) => `http://${target}`);
  const loop = await group.keep(
    startContender('fleet-loop', {
      ORIGINS: await bed.file(`origins-${count}-${intervalMs}`, origins.join('\n')),
      INTERVAL_MS: String(intervalMs),
    }),
  );
  return { instances, usage: () => loop.usage() };
}

/** Node closes a connection that was not used for five seconds, unless an application says otherwise. */
async function withoutKeptConnections(bed: Bed, group: BenchGroup): Promise<string[][]> {
  const intervalMs = 10_000;
  const { instances, watcher } = await group.watch('closing', MANY, intervalMs, 5_000);
  await settle([[watcher, MANY]]);
  await instances.pace(intervalMs);
  const [idle, used] = await usedWithin(MEASURED_MS, [bed.idle, watcher].map(usageOfService));
  const { polls } = await instances.pace(intervalMs);
  const result = measured(used, idle, polls);
  return [
    row('the same, instances that close a connection unused for 5 s', MANY, intervalMs, result, result),
  ];
}

async function settle(watchers: readonly (readonly [RunningService, number])[]): Promise<void> {
  await Promise.all(watchers.map(([watcher, healthy]) => untilKnown(watcher, { healthy })));
  await sleep(SETTLE_MS);
}

function measured(used: Usage | undefined, idle: Usage | undefined, polls: number): Measured {
  const { cpuMs, rssBytes } = used ?? { cpuMs: Number.NaN, rssBytes: Number.NaN };
  return {
    polls,
    cpuUsPerPoll: ((cpuMs - (idle?.cpuMs ?? 0)) * 1_000) / polls,
    memoryMiB: (rssBytes - (idle?.rssBytes ?? 0)) / 2 ** 20,
  };
}

function row(
  name: string,
  instances: number,
  intervalMs: number,
  result: Measured,
  base: Measured,
): string[] {
  return [
    name,
    instances.toLocaleString('en'),
    String(intervalMs / 1_000),
    result.polls.toLocaleString('en'),
    result.cpuUsPerPoll.toFixed(0),
    (result.cpuUsPerPoll / base.cpuUsPerPoll).toFixed(2),
    result.memoryMiB.toFixed(0),
  ];
}
