/** The one scenario that ends with the end of the process: SIGTERM under load fails no request, and takes no five seconds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startClients } from './clients.js';
import { LIMITS } from './limits.js';
import type { Scenario } from './scenario.js';
import type { RunOptions } from './run-scenario.js';
import type { ScenarioOutcome } from './scenario-outcome.js';
import { startFixture } from './fixture.js';

/** For the table. */
export const ENDING: Scenario = {
  fault: 'SIGTERM under load',
  idle: false,
  expected: { service: 'every request answered, exit code 0' },
  inflict: async () => () => undefined,
  note: 'Detected is readiness gone, healed is the end of the process.',
};

const LOAD = { count: 20, everyMs: 20 };
const BEFORE_MS = 2_000;
const END_MS = 5_000;

/** Runs it. */
export async function runEnding(
  group: string,
  { servers, scan }: Omit<RunOptions, 'fixture'>,
): Promise<ScenarioOutcome[]> {
  const fixture = await startFixture(servers, { targets: ['service'] });
  try {
    const [actor] = fixture.actors;
    if (!actor) throw new Error('The fixture has no service.');
    const { target } = actor;
    const clients = startClients(target, { ...LOAD, scan });
    const startedMs = performance.now();
    await sleep(BEFORE_MS);
    const signalledMs = performance.now();
    const ended = target.stop('SIGTERM');
    const unreadyMs = await untilUnready(target.url);
    const exit = await ended;
    const endedMs = performance.now();
    await clients.stop();
    scan.scan('log of the service', target.takeOutput());
    // A refused connection is no failed request.
    const failed = clients.responses.filter(
      ({ httpStatus, verdict }) => httpStatus === 0 && verdict !== 'ECONNREFUSED',
    );
    const answered = clients.responses.filter(({ httpStatus }) => httpStatus !== 0);
    const wrong = failed.length === 0 ? [] : [`${failed.length} × ${failed[0]?.verdict}`];
    const slowestMs = Math.max(0, ...answered.map(({ ms }) => ms));
    const broken = wrong.map((what) => `wrong: ${what}`);
    if (exit !== 0) broken.push(`exit code ${exit}`);
    if (endedMs - signalledMs > END_MS) broken.push(`ended after ${Math.round(endedMs - signalledMs)} ms`);
    // Answers are held for a moment while the port closes.
    if (slowestMs > 2 * LIMITS.slowestMs) broken.push(`slowest answer ${Math.round(slowestMs)} ms`);
    const measurements = {
      seen: `${failed.length} requests failed, exit code ${exit}`,
      detectMs: unreadyMs === undefined ? undefined : unreadyMs - signalledMs,
      healMs: endedMs - signalledMs,
      slowestMs,
      p99Ms: answered.map(({ ms }) => ms).toSorted((a, b) => a - b)[Math.floor(answered.length * 0.99)] ?? 0,
      responses: answered.length,
      hangs: 0,
      wrong,
    };
    const queries = { ...actor.queries, durationMs: endedMs - startedMs };
    return [
      {
        group,
        scenario: ENDING,
        target: 'service',
        measurements,
        reasons: [],
        saidMs: undefined,
        unsaidMs: undefined,
        reasonTrouble: [],
        idleDetectMs: undefined,
        queries,
        machineMs: 0,
        broken,
      },
    ];
  } finally {
    await fixture.close();
  }
}

/** When readiness said no for the first time; `undefined` when it never did. */
async function untilUnready(url: string): Promise<number | undefined> {
  try {
    while ((await fetch(`${url}/readyz`)).status === 200) await sleep(10);
    return performance.now();
  } catch {
    return undefined;
  }
}
