/** Runs one scenario: healthy, broken, seen, mended, healthy again, under constant requests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from 'portal-test-kit';
import type { LeakScan } from './planted-secrets.js';
import { watchReasons, type ReasonWatch } from './reason-watch.js';
import { startClients, type Clients } from './clients.js';
import { measure, type ScenarioTimeline, type Measurements } from './measure.js';
import { LIMITS, maxQueries } from './limits.js';
import { runIdle } from './run-idle.js';
import { isVerdict, type Scenario } from './scenario.js';
import { startFixture, type FixtureActor, type Servers, type Fixture } from './fixture.js';
import type { TargetName } from './targets/target.js';

export interface ScenarioOutcome {
  readonly group: string;
  readonly scenario: Scenario;
  readonly target: TargetName;
  readonly measurements: Measurements;
  /** Time to detect it without requests; `undefined` where that was not tried or it was never detected. */
  readonly idleDetectMs: number | undefined;
  /** Queries of the probes during `durationMs`. */
  readonly queries: { readonly database: number; readonly cache: number; readonly durationMs: number };
  /** Reasons that were given, in the order in which they came. */
  readonly reasons: readonly string[];
  /** Expected ones that never came, and any that were still given 20 s after the end. */
  readonly reasonTrouble: readonly string[];
  /** Slowest response of a server that does nothing, in the same time. */
  readonly machineMs: number;
  /** Broken limits, as sentences. */
  readonly broken: readonly string[];
}

export interface RunOptions {
  readonly servers: Servers;
  /** Used by scenarios that need no processes of their own. */
  readonly fixture: Fixture;
  readonly bareUrl: string;
  readonly scan: LeakScan;
}

const CLIENTS = { count: 20, everyMs: 200 };
/** Each client of a crowd sends one request a second. */
const CROWD_EVERY_MS = 1_000;
const BEFORE_MS = 500;
const STANDS_MS = 1_500;
const AFTER_MS = 500;
const HEALTHY_WITHIN_MS = 30_000;

export async function runScenario(
  group: string,
  scenario: Scenario,
  options: RunOptions,
): Promise<ScenarioOutcome[]> {
  const own = scenario.fresh && (await startFixture(options.servers, scenario.fresh));
  try {
    return await runOn(own ?? options.fixture, group, scenario, options);
  } finally {
    await own?.close();
  }
}

async function runOn(
  fixture: Fixture,
  group: string,
  scenario: Scenario,
  { scan, bareUrl }: RunOptions,
): Promise<ScenarioOutcome[]> {
  const taking = fixture.actors.filter(({ target }) => scenario.expected[target.name] !== undefined);
  const startsBroken = scenario.fresh?.source !== undefined;
  if (!startsBroken) await Promise.all(taking.map(untilHealthy));
  const { count, everyMs } =
    scenario.clients === undefined ? CLIENTS : { count: scenario.clients, everyMs: CROWD_EVERY_MS };
  const parts = taking.map((actor) => ({
    actor,
    clients: startClients(actor.target, { count, everyMs, scan }),
    reasons: watchReasons(actor.target, scan),
    expected: scenario.reasons?.[actor.target.name] ?? [],
    trouble: [] as string[],
  }));
  const machine = startClients(bareTarget(bareUrl), { count: 4, everyMs: 50 });
  await Promise.all(parts.map(({ reasons }) => reasons.begin()));
  const startedMs = performance.now();
  const queriesBefore = parts.map(({ actor }) => ({ ...actor.queries }));
  if (!startsBroken) await sleep(BEFORE_MS);

  const begunMs = startsBroken ? 0 : performance.now();
  const mend = await scenario.inflict({ ...fixture, actors: taking });
  const stoodMs = performance.now();
  let mendingMs: number;
  try {
    const patienceMs = LIMITS.detectMs + (scenario.detectExtraMs ?? 0) + 3_000;
    await untilSeen(scenario, parts, (target) => scenario.expected[target] ?? '', begunMs, patienceMs);
    await Promise.all([sleep(scenario.standsMs ?? STANDS_MS), ...parts.map(untilExplained)]);
  } finally {
    mendingMs = performance.now();
    await mend();
  }
  const mendedMs = performance.now();
  const timeline: ScenarioTimeline = { begunMs, stoodMs, mendingMs, mendedMs };
  await untilSeen(
    scenario,
    parts,
    () => 'healthy',
    mendedMs,
    LIMITS.healMs + (scenario.healExtraMs ?? 0) + 5_000,
  );
  await sleep(AFTER_MS);
  await Promise.all(parts.map(untilUnexplained));
  const durationMs = performance.now() - startedMs;
  const queriesAfter = parts.map(({ actor }) => ({ ...actor.queries }));
  await Promise.all([
    machine.stop(),
    ...parts.flatMap(({ clients, reasons }) => [clients.stop(), reasons.stop()]),
  ]);
  const machineMs = Math.max(0, ...machine.responses.map(({ ms }) => ms));
  const idleDetections =
    scenario.idle === false ? undefined : await runIdle({ ...fixture, actors: taking }, scenario);

  return parts.map(({ actor: { target }, clients, reasons, trouble }, index) => {
    scan.scan(`log of the ${target.name}`, target.takeOutput());
    return withLimits({
      group,
      scenario,
      target: target.name,
      measurements: measure(scenario, scenario.expected[target.name] ?? '', clients.responses, timeline),
      queries: {
        database: (queriesAfter[index]?.database ?? 0) - (queriesBefore[index]?.database ?? 0),
        cache: (queriesAfter[index]?.cache ?? 0) - (queriesBefore[index]?.cache ?? 0),
        durationMs,
      },
      machineMs,
      reasons: reasons.codes(),
      reasonTrouble: trouble,
      idleDetectMs: idleDetections?.get(target.name),
    });
  });
}

interface Explained {
  readonly reasons: ReasonWatch;
  readonly expected: readonly string[];
  readonly trouble: string[];
}

async function untilExplained({ reasons, expected, trouble }: Explained): Promise<void> {
  if (await reasons.untilSeen(expected)) return;
  const missing = expected.filter((code) => !reasons.codes().includes(code));
  trouble.push(`expected the reason ${missing.join(' and ')}, was given “${reasons.codes().join(' ')}”`);
}

async function untilUnexplained({ reasons, trouble }: Explained): Promise<void> {
  const left = await reasons.untilGone();
  if (left.length > 0) trouble.push(`still gives the reason ${left.join(' and ')}`);
}

async function untilHealthy({ target }: FixtureActor): Promise<void> {
  await waitFor(
    `the ${target.name} to be healthy before the scenario`,
    async () => {
      const answer = await fetch(`${target.url}/health`);
      return ((await answer.json()) as { readonly status: string }).status === 'healthy';
    },
    { timeoutMs: HEALTHY_WITHIN_MS, everyMs: 100 },
  );
}

/** Waits until every target's clients have seen its verdict, or for `patienceMs`: the limits report a verdict that never came. */
async function untilSeen(
  scenario: Scenario,
  parts: readonly { readonly actor: FixtureActor; readonly clients: Clients }[],
  expected: (target: TargetName) => string,
  sinceMs: number,
  patienceMs: number,
): Promise<void> {
  const seen = (): boolean =>
    parts.every(({ actor, clients }) =>
      clients.responses.some(
        ({ sentMs, verdict }) =>
          sentMs >= sinceMs && isVerdict(scenario, expected(actor.target.name), verdict),
      ),
    );
  await waitFor('a verdict', seen, { timeoutMs: patienceMs, everyMs: 20 }).catch(() => undefined);
}

function bareTarget(url: string) {
  return {
    name: 'library',
    pid: 0,
    url,
    adminPath: '/',
    reasonsPath: '/',
    cookies: [],
    takeOutput: () => '',
    send: () => undefined,
    stop: () => Promise.resolve(null),
  } as const;
}

function withLimits(outcome: Omit<ScenarioOutcome, 'broken'>): ScenarioOutcome {
  return { ...outcome, broken: brokenLimits(outcome) };
}

function brokenLimits(outcome: Omit<ScenarioOutcome, 'broken'>): string[] {
  const { scenario, target, measurements, queries, machineMs, idleDetectMs } = outcome;
  const { detectMs, healMs, slowestMs, p99Ms, hangs, wrong, seen } = measurements;
  const broken: string[] = [];
  const detectLimitMs = LIMITS.detectMs + (scenario.detectExtraMs ?? 0);
  const healLimitMs = LIMITS.healMs + (scenario.healExtraMs ?? 0);
  // The delay of a server that does nothing is the machine's, not ours.
  const slowestLimitMs = LIMITS.slowestMs + (scenario.blocksMs ?? 0) + machineMs;
  const p99LimitMs = LIMITS.p99Ms + machineMs;
  if (detectMs === undefined) broken.push(`expected “${scenario.expected[target]}”, saw “${seen}”`);
  else if (detectMs > detectLimitMs)
    broken.push(`detected after ${inMs(detectMs)}, limit ${inMs(detectLimitMs)}`);
  const idleLimitMs = LIMITS.idleDetectMs + (scenario.detectExtraMs ?? 0);
  if (scenario.idle !== false && !(idleDetectMs !== undefined && idleDetectMs <= idleLimitMs))
    broken.push(
      `without requests, detected after ${inMs(idleDetectMs ?? Number.NaN)}, limit ${inMs(idleLimitMs)}`,
    );
  if (healMs === undefined) broken.push('never healthy again');
  else if (healMs > healLimitMs) broken.push(`healed after ${inMs(healMs)}, limit ${inMs(healLimitMs)}`);
  if (slowestMs > slowestLimitMs)
    broken.push(`slowest response ${inMs(slowestMs)}, limit ${inMs(slowestLimitMs)}`);
  if (scenario.clients !== undefined && p99Ms > p99LimitMs) {
    broken.push(`p99 of the public report ${inMs(p99Ms)}, limit ${inMs(p99LimitMs)}`);
  }
  if (hangs > 0) broken.push(`${hangs} hangs`);
  broken.push(...wrong.map((what) => `wrong: ${what}`), ...outcome.reasonTrouble);
  const right = new Set([...(scenario.reasons?.[target] ?? []), ...(scenario.otherReasons ?? [])]);
  // On a machine that halts everybody it is true.
  if (machineMs > LIMITS.slowestMs) right.add('EVENT_LOOP_DELAYED');
  const wrongReasons = outcome.reasons.filter((code) => !right.has(code));
  if (wrongReasons.length > 0) broken.push(`wrong reasons: ${wrongReasons.join(' ')}`);
  const most = maxQueries(queries.durationMs);
  if (Math.max(queries.database, queries.cache) > most) {
    broken.push(`${queries.database} + ${queries.cache} probe queries, limit ${most} each`);
  }
  return broken;
}

function inMs(value: number): string {
  return `${Math.round(value)} ms`;
}
