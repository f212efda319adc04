/**
 * Faults after a script, until the minutes of the first argument are over, the first time each once: whether the services
 * stand the same for a watcher that asks them itself and for those that ask a Prometheus and a VictoriaMetrics. States may lag
 * by a scrape, so it is compared once each has settled. Prints a line for each fault, and at the end how many were compared.
 */
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from 'portal-test-kit';
import { startCollectors, WATCHED, type ServiceStates } from './fleet-collectors-fixture.js';
import { roundsOf, WELL, type ServiceFault, type ServiceState } from './fleet-faults.js';

export interface CollectorsResult {
  readonly minutes: number;
  /** Faults that were inflicted. */
  readonly faults: number;
  /** Services that were compared, once settled: in each fault, and after each. */
  readonly compared: number;
  /** What did not come to stand the same, or did not stay so. */
  readonly different: readonly string[];
}

/** A machine at work may need long for a scrape. */
const SETTLE = { timeoutMs: 90_000, everyMs: 250 };
/** So long nothing may change once it has settled: two scrapes, and the round that asks for them. */
const HOLD_MS = 5_000;

const [minutes = 0] = process.argv.slice(2).map(Number);
const beganMs = performance.now();
const collectors = await startCollectors();
// An interrupted run leaves no process behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void collectors.close().finally(() => process.exit(130)));
}
const different: string[] = [];
let faults = 0;
let compared = 0;

function say(line: string): void {
  process.stderr.write(`${((performance.now() - beganMs) / 1_000).toFixed(0).padStart(5)} s  ${line}\n`);
}

const isAs = (states: ServiceStates, expected: ReadonlyMap<string, ServiceState>): boolean =>
  WATCHED.every((name) => isDeepStrictEqual(states[name], expected.get(name) ?? WELL));

function tell(states: ServiceStates): string {
  return WATCHED.map((name) => {
    const { status, instances } = states[name] ?? { status: 'nothing', instances: {} };
    const counts = Object.entries(instances).filter(([, count]) => count > 0);
    return `${name} ${status} ${counts.map(([state, count]) => `${count} ${state}`).join(' ')}`;
  }).join(', ');
}

/** Until all watchers say so of all services; and that they go on to say so. */
async function settle(what: string, expected: ReadonlyMap<string, ServiceState>): Promise<void> {
  for (const { name, read } of collectors.watchers) {
    let last: ServiceStates = {};
    const wait = waitFor(`${name} after ${what}`, async () => isAs((last = await read()), expected), SETTLE);
    await wait.catch(() => different.push(`${what}: ${name} did not settle: ${tell(last)}`));
  }
  const untilMs = performance.now() + HOLD_MS;
  const changed = new Set<string>();
  while (performance.now() < untilMs) {
    for (const { name, read } of collectors.watchers) {
      const states = await read();
      if (!isAs(states, expected)) changed.add(`${what}: ${name} did not stay so: ${tell(states)}`);
    }
    await sleep(SETTLE.everyMs);
  }
  // Whoever has not settled is told of already.
  if (different.every((line) => !line.startsWith(`${what}: `))) different.push(...changed);
  compared += WATCHED.length;
}

async function play(round: ReadonlyMap<string, ServiceFault>): Promise<void> {
  const what = [...round].map(([name, fault]) => `${name} ${fault.what}`).join(', ');
  await Promise.all([...round].map(([name, fault]) => fault.inflict(collectors.victim(name))));
  faults += round.size;
  await settle(what, new Map([...round].map(([name, fault]) => [name, fault.stands])));
  await Promise.all([...round.keys()].map((name) => collectors.mend(name)));
  await settle(`the end of ${what}`, new Map());
  say(`${what}: ${different.length === 0 ? 'the same' : different.join('\n')}`);
}

/** Each time every service meets what its neighbour met the time before; the last one alone can have a wrong certificate. */
function turned(times: number): readonly string[] {
  const plain = WATCHED.slice(0, -1);
  return [...plain.map((_, index) => plain[(index + times) % plain.length] ?? ''), ...WATCHED.slice(-1)];
}

try {
  await settle('the start', new Map());
  say('all watchers see all services');
  const untilMs = performance.now() + minutes * 60_000;
  for (let times = 0; times === 0 || performance.now() < untilMs; times += 1) {
    for (const round of roundsOf(turned(times))) {
      if (different.length > 0 || (times > 0 && performance.now() >= untilMs)) break;
      await play(round);
    }
    if (different.length > 0) break;
  }
} finally {
  await collectors.close();
}
const result: CollectorsResult = {
  minutes: (performance.now() - beganMs) / 60_000,
  faults,
  compared,
  different,
};
process.stdout.write(JSON.stringify(result));
process.exitCode = different.length === 0 ? 0 : 1;
