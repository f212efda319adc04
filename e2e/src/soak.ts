/**
 * A long run: random faults on both stores, one after the other and at once, under constant load. What a process holds
 * must be the same at the end as at the start, and every change of the status must be explained by the log itself.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from 'portal-test-kit';
import type { LeakScan } from './planted-secrets.js';
import { startClients, type Clients } from './clients.js';
import { LIMITS } from './limits.js';
import { CACHE_SCENARIOS } from './matrix/cache.js';
import { DATABASE_SCENARIOS } from './matrix/database.js';
import type { Scenario } from './scenario.js';
import { startFixture, type FixtureActor, type Servers, type Fixture } from './fixture.js';
import { statusChanges, unexplained } from './status-changes.js';
import { alignedTable } from './table.js';

/** What a soak came to. */
export interface SoakResult {
  readonly table: string;
  /** Bounds that were broken, in words. */
  readonly broken: readonly string[];
}

/** What a soak is run with. */
export interface SoakOptions {
  readonly servers: Servers;
  readonly minutes: number;
  readonly bareUrl: string;
  readonly scan: LeakScan;
}

/** What a process holds at a moment. */
interface ResourceUsage {
  readonly memoryMiB: number;
  readonly descriptors: number;
  readonly connections: number;
}

const MINUTE_MS = 60_000;
const WARM_UP_MS = 20_000;
const SAMPLE_MS = 2_000;
/** Longer than any connection that is not in use is kept. */
const REST_MS = 15_000;
const LOAD = { count: 20, everyMs: 200 };
/** A heap is collected when it pleases; what leaks in minutes of this load is far more. */
const MOST_MEMORY_GROWTH_MIB = 30;
/** Connections of the pools that are kept warm, and one probe at a time. */
const MOST_GROWTH = 8;
/** Rows that take the server down for seconds say nothing that these do not. */
const TOO_LONG = ['standby', 'starting', 'LOADING', 'NOAUTH', 'lock'];

/** Runs for `minutes`, and looks back. */
export async function soak({ servers, minutes, bareUrl, scan }: SoakOptions): Promise<SoakResult> {
  const stage = await startFixture(servers);
  try {
    const load = stage.actors.map(({ target: side }) => startClients(side, { ...LOAD, scan }));
    const logs = stage.actors.map(() => '');
    const samples = stage.actors.map((): ResourceUsage[] => []);
    const watch = setInterval(() => {
      for (const [index, actor] of stage.actors.entries()) {
        samples[index]?.push(resourceUsageOf(actor));
        logs[index] += actor.target.takeOutput();
      }
    }, SAMPLE_MS);
    const machine = startClients(
      { ...onlyTarget(stage), url: bareUrl, adminPath: '/' },
      { count: 2, everyMs: 100 },
    );
    await sleep(WARM_UP_MS);
    const before = stage.actors.map(resourceUsageOf);
    const warmMs = performance.now();
    countTimers(stage);
    const faults = await breakAndMend(stage, performance.now() + minutes * MINUTE_MS);
    await untilHealthy(stage);
    await sleep(REST_MS);
    const after = stage.actors.map(resourceUsageOf);
    countTimers(stage);
    await sleep(SAMPLE_MS);
    clearInterval(watch);
    await Promise.all([machine.stop(), ...load.map((clients) => clients.stop())]);
    const machineMs = Math.max(0, ...machine.responses.map(({ ms }) => ms));

    const broken: string[] = [];
    const rows = stage.actors.map((actor, index) => {
      const log = `${logs[index]}${actor.target.takeOutput()}`;
      scan.scan(`log of the ${actor.target.name}`, log);
      const answers = load[index]?.responses ?? [];
      const [start, end] = [before[index] ?? NOTHING, after[index] ?? NOTHING];
      const memory = memoryGrowth(samples[index] ?? []);
      broken.push(
        ...[
          ...brokenByUsage(start, end, memory),
          ...brokenByTimers(log),
          ...brokenByResponses(answers, machineMs, warmMs),
          ...unexplained(log),
        ].map((what) => `soak, ${actor.target.name}: ${what}`),
      );
      return [
        actor.target.name,
        String(faults),
        String(statusChanges(log).length),
        String(answers.length),
        String(Math.round(Math.max(0, ...answers.map(({ ms }) => ms)))),
        `${start.memoryMiB} → ${end.memoryMiB} MiB`,
        `${start.descriptors} → ${end.descriptors}`,
        `${start.connections} → ${end.connections}`,
      ];
    });
    const head = [
      'side',
      'faults',
      'changes',
      'answers',
      'slowest ms',
      'memory',
      'descriptors',
      'connections',
    ];
    return { table: alignedTable(head, rows), broken };
  } finally {
    await stage.close();
  }
}

/** Breaks one store or both, for a while, again and again; gives how often. */
async function breakAndMend(stage: Fixture, untilMs: number): Promise<number> {
  const database = DATABASE_SCENARIOS.filter(isShort);
  const cache = CACHE_SCENARIOS.filter(isShort);
  let faults = 0;
  while (performance.now() < untilMs) {
    const chosen = [one(database), one(cache)].filter(() => Math.random() < 0.7);
    printLine(chosen.map(({ fault }) => fault).join(' and ') || 'nothing');
    const mends: (() => unknown)[] = [];
    try {
      for (const row of chosen) mends.push(await row.inflict(stage));
      await sleep(Math.random() * 6_000);
    } finally {
      printLine('  over');
      for (const mend of mends.toReversed()) await mend();
    }
    faults += chosen.length;
    await sleep(Math.random() * 6_000);
  }
  return faults;
}

/** What is done and when, by the clock of the answers, for whoever looks for a cause. */
function printLine(what: string): void {
  process.stderr.write(`${clock(performance.now())}  ${what}\n`);
}

function clock(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function isShort({ fault }: Scenario): boolean {
  return !TOO_LONG.some((word) => fault.includes(word));
}

function one(rows: readonly Scenario[]): Scenario {
  const row = rows[Math.floor(Math.random() * rows.length)];
  if (!row) throw new Error('There is no row to choose from.');
  return row;
}

async function untilHealthy({ actors }: Fixture): Promise<void> {
  for (const { target: side } of actors) {
    await waitFor(
      `the ${side.name} to be healthy after it all`,
      async () => (await (await fetch(`${side.url}/health`)).text()).includes('"status":"healthy"'),
      { timeoutMs: 30_000, everyMs: 100 },
    );
  }
}

const NOTHING: ResourceUsage = { memoryMiB: 0, descriptors: 0, connections: 0 };

function resourceUsageOf({ target: { pid }, database, cache }: FixtureActor): ResourceUsage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    memoryMiB: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    connections: database.connections + cache.connections,
  };
}

/** Of the last quarter over the second, when everything had been loaded and compiled; medians. */
function memoryGrowth(samples: readonly ResourceUsage[]): number {
  const quarter = Math.floor(samples.length / 4);
  const median = (from: number, to: number): number =>
    samples
      .slice(from, to)
      .map(({ memoryMiB }) => memoryMiB)
      .toSorted((a, b) => a - b)[Math.floor((to - from) / 2)] ?? 0;
  return median(samples.length - quarter, samples.length) - median(quarter, 2 * quarter);
}

function brokenByUsage(start: ResourceUsage, end: ResourceUsage, memory: number): string[] {
  const broken: string[] = [];
  if (memory > MOST_MEMORY_GROWTH_MIB) broken.push(`memory grew by ${memory} MiB`);
  for (const what of ['descriptors', 'connections'] as const) {
    if (end[what] > start[what] + MOST_GROWTH)
      broken.push(`${what} went from ${start[what]} to ${end[what]}`);
  }
  return broken;
}

/** Only the application that embeds the library can be asked; the service takes no orders. */
function countTimers({ actors }: Fixture): void {
  for (const { target: side } of actors) if (side.name === 'library') side.send('count');
}

function brokenByTimers(log: string): string[] {
  const counts = Array.from(log.matchAll(/"timers":(\d+)/g), ([, count]) => Number(count));
  const [start = 0, end = 0] = counts;
  return end > start + MOST_GROWTH ? [`timers went from ${start} to ${end}`] : [];
}

function brokenByResponses(answers: Clients['responses'], machineMs: number, warmMs: number): string[] {
  const broken: string[] = [];
  const lost = answers.filter(({ httpStatus }) => httpStatus === 0 || httpStatus === 500).length;
  if (lost > 0) broken.push(`${lost} requests without an answer`);
  // Whom the process has never seen it may turn away, when a busy machine makes the first look-up late.
  const shut = answers.filter(
    ({ endpoint, sentMs: askedMs, httpStatus }) =>
      endpoint === 'admin' && askedMs >= warmMs && ![200, 503].includes(httpStatus),
  );
  if (shut.length > 0)
    broken.push(
      `${shut.length} administrators shut out: ${shut
        .slice(0, 8)
        .map(({ sentMs: askedMs, httpStatus }) => `${httpStatus} at ${clock(askedMs)}`)
        .join(', ')}`,
    );
  const slowestMs = Math.max(0, ...answers.map(({ ms }) => ms));
  // What a server that does nothing takes as well is the machine's.
  if (slowestMs > LIMITS.slowestMs + machineMs) broken.push(`slowest answer ${Math.round(slowestMs)} ms`);
  return broken;
}

function onlyTarget({ actors: [actor] }: Fixture): FixtureActor['target'] {
  if (!actor) throw new Error('Nobody is on the stage.');
  return actor.target;
}
