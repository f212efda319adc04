/**
 * A long run: random faults on both stores, in turn and at once, under constant load. A process must hold at the end what it
 * held at the start, and the log must explain every change of the status.
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
import { watchReasons } from './reason-watch.js';
import { statusChanges, unexplained } from './status-changes.js';
import { alignedTable } from './table.js';

export interface SoakResult {
  readonly table: string;
  /** Broken limits, as sentences. */
  readonly broken: readonly string[];
}

export interface SoakOptions {
  readonly servers: Servers;
  readonly minutes: number;
  /** Without a fault: then no reason may be given for anything. */
  readonly isCalm: boolean;
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
/** Left out: scenarios that keep the server down for seconds. */
const TOO_LONG = ['standby', 'starting', 'LOADING', 'NOAUTH', 'lock'];

export async function soak({ servers, minutes, isCalm, bareUrl, scan }: SoakOptions): Promise<SoakResult> {
  const fixture = await startFixture(servers);
  try {
    const load = fixture.actors.map(({ target }) => startClients(target, { ...LOAD, scan }));
    const logs = fixture.actors.map(() => '');
    const samples = fixture.actors.map((): ResourceUsage[] => []);
    const watch = setInterval(() => {
      for (const [index, actor] of fixture.actors.entries()) {
        samples[index]?.push(resourceUsageOf(actor));
        logs[index] += actor.target.takeOutput();
      }
    }, SAMPLE_MS);
    const machine = startClients(
      { ...onlyTarget(fixture), url: bareUrl, adminPath: '/' },
      { count: 2, everyMs: 100 },
    );
    await sleep(WARM_UP_MS);
    const before = fixture.actors.map(resourceUsageOf);
    const warmMs = performance.now();
    countTimers(fixture);
    const given = fixture.actors.map(({ target }) => watchReasons(target, scan));
    const untilMs = performance.now() + minutes * MINUTE_MS;
    const faults = isCalm ? await sleep(minutes * MINUTE_MS, 0) : await breakAndMend(fixture, untilMs);
    await Promise.all(given.map((reasons) => reasons.stop()));
    await untilHealthy(fixture);
    await sleep(REST_MS);
    const after = fixture.actors.map(resourceUsageOf);
    countTimers(fixture);
    await sleep(SAMPLE_MS);
    clearInterval(watch);
    await Promise.all([machine.stop(), ...load.map((clients) => clients.stop())]);
    const machineMs = Math.max(0, ...machine.responses.map(({ ms }) => ms));

    const broken: string[] = [];
    const rows = fixture.actors.map((actor, index) => {
      const log = `${logs[index]}${actor.target.takeOutput()}`;
      scan.scan(`log of the ${actor.target.name}`, log);
      const responses = load[index]?.responses ?? [];
      const [start, end] = [before[index] ?? NOTHING, after[index] ?? NOTHING];
      const memory = memoryGrowth(samples[index] ?? []);
      broken.push(
        ...[
          ...brokenByUsage(start, end, memory),
          ...brokenByTimers(log),
          ...brokenByResponses(responses, machineMs, warmMs),
          ...unexplained(log),
          ...(isCalm ? wrongReasons(given[index]?.texts() ?? []) : []),
        ].map((what) => `soak, ${actor.target.name}: ${what}`),
      );
      return [
        actor.target.name,
        String(faults),
        String(statusChanges(log).length),
        String(responses.length),
        String(Math.round(Math.max(0, ...responses.map(({ ms }) => ms)))),
        `${start.memoryMiB} → ${end.memoryMiB} MiB`,
        `${start.descriptors} → ${end.descriptors}`,
        `${start.connections} → ${end.connections}`,
      ];
    });
    const head = [
      'target',
      'faults',
      'changes',
      'responses',
      'slowest ms',
      'memory',
      'descriptors',
      'connections',
    ];
    return { table: alignedTable(head, rows), broken };
  } finally {
    await fixture.close();
  }
}

/** Breaks one store or both, for a while, again and again; gives how often. */
async function breakAndMend(fixture: Fixture, untilMs: number): Promise<number> {
  const database = DATABASE_SCENARIOS.filter(isShort);
  const cache = CACHE_SCENARIOS.filter(isShort);
  let faults = 0;
  while (performance.now() < untilMs) {
    const chosen = [one(database), one(cache)].filter(() => Math.random() < 0.7);
    printLine(chosen.map(({ fault }) => fault).join(' and ') || 'nothing');
    const mends: (() => unknown)[] = [];
    try {
      for (const scenario of chosen) mends.push(await scenario.inflict(fixture));
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

/** Prints what is done and when, by the clock of the responses. */
function printLine(what: string): void {
  process.stderr.write(`${clock(performance.now())}  ${what}\n`);
}

function clock(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

function isShort({ fault }: Scenario): boolean {
  return !TOO_LONG.some((word) => fault.includes(word));
}

function one(scenarios: readonly Scenario[]): Scenario {
  const scenario = scenarios[Math.floor(Math.random() * scenarios.length)];
  if (!scenario) throw new Error('There is no scenario to choose from.');
  return scenario;
}

async function untilHealthy({ actors }: Fixture): Promise<void> {
  for (const { target } of actors) {
    await waitFor(
      `the ${target.name} to be healthy after it all`,
      async () => (await (await fetch(`${target.url}/health`)).text()).includes('"status":"healthy"'),
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

/** Only the application that embeds the library takes commands. */
function countTimers({ actors }: Fixture): void {
  for (const { target } of actors) if (target.name === 'library') target.send('count');
}

function brokenByTimers(log: string): string[] {
  const counts = Array.from(log.matchAll(/"timers":(\d+)/g), ([, count]) => Number(count));
  const [start = 0, end = 0] = counts;
  return end > start + MOST_GROWTH ? [`timers went from ${start} to ${end}`] : [];
}

function brokenByResponses(responses: Clients['responses'], machineMs: number, warmMs: number): string[] {
  const broken: string[] = [];
  const lost = responses.filter(({ httpStatus }) => httpStatus === 0 || httpStatus === 500).length;
  if (lost > 0) broken.push(`${lost} requests without a response`);
  // Before the warm-up is over, a first session look-up may be late on a busy machine.
  const shut = responses.filter(
    ({ endpoint, sentMs, httpStatus }) =>
      endpoint === 'admin' && sentMs >= warmMs && ![200, 503].includes(httpStatus),
  );
  if (shut.length > 0)
    broken.push(
      `${shut.length} administrators rejected: ${shut
        .slice(0, 8)
        .map(({ sentMs, httpStatus }) => `${httpStatus} at ${clock(sentMs)}`)
        .join(', ')}`,
    );
  const slowestMs = Math.max(0, ...responses.map(({ ms }) => ms));
  // The delay of a server that does nothing is the machine's, not ours.
  if (slowestMs > LIMITS.slowestMs + machineMs) broken.push(`slowest response ${Math.round(slowestMs)} ms`);
  return broken;
}

/** Said of a machine on which others have the processors, it is true, and no fault of ours. */
const OF_THE_MACHINE = /^EVENT_LOOP_DELAYED: .* for a processor that others used/;

function wrongReasons(texts: readonly string[]): string[] {
  const isOurs = (text: string): boolean => !OF_THE_MACHINE.test(text);
  const others = texts.length - texts.filter(isOurs).length;
  if (others > 0) process.stderr.write(`others had the processors: said ${others} times\n`);
  return texts.filter(isOurs).map((text) => `gave the reason ${text}`);
}

function onlyTarget({ actors: [actor] }: Fixture): FixtureActor['target'] {
  if (!actor) throw new Error('The fixture has no actor.');
  return actor.target;
}
