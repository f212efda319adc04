/** Runs one scenario: healthy, broken, seen, mended, healthy again, under constant requests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from 'portal-test-kit';
import type { LeakScan } from './planted-secrets.js';
import { thresholdMs, watchReasons, type ReasonWatch } from './reason-watch.js';
import { startClients, type Clients } from './clients.js';
import type { ScenarioOutcome } from './scenario-outcome.js';
import { measure, type ScenarioTimeline } from './measure.js';
import { LIMITS } from './limits.js';
import { withLimits } from './broken-limits.js';
import { runIdle } from './run-idle.js';
import { isVerdict, type Scenario } from './scenario.js';
import {
  startFixture,
  startServers,
  withTwins,
  type FixtureActor,
  type Servers,
  type Fixture,
} from './fixture.js';
import { untilAlike } from './answers-below.js';
import type { TargetName } from './targets/target.js';

export interface RunOptions {
  readonly servers: Servers;
  /** Used by scenarios that need no processes of their own. */
  readonly fixture: Fixture;
  readonly bareUrl: string;
  readonly scan: LeakScan;
  /** Whether each process has a twin without reasons, with which it has to agree below administrators. */
  readonly withReasons: boolean;
}

const CLIENTS = { count: 20, everyMs: 200 };
/** Each client of a crowd sends one request a second. */
const CROWD_EVERY_MS = 1_000;
/** So that its probes run as often as those of the target. */
const TWIN_EVERY_MS = 500;
const BEFORE_MS = 500;
const STANDS_MS = 1_500;
const AFTER_MS = 500;
const HEALTHY_WITHIN_MS = 30_000;

export async function runScenario(
  group: string,
  scenario: Scenario,
  options: RunOptions,
): Promise<ScenarioOutcome[]> {
  const { fresh, servers: settings } = scenario;
  if (!fresh && !settings) return runOn(options.fixture, group, scenario, options);
  const servers = settings ? await startServers(settings) : undefined;
  try {
    const own = await startFixture(servers ?? options.servers, { ...fresh, twins: options.withReasons });
    try {
      return await runOn(own, group, scenario, options);
    } finally {
      await own.close();
    }
  } finally {
    await servers?.close();
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
  const all = withTwins(taking);
  if (!startsBroken) await Promise.all(all.map(untilHealthy));
  const { count, everyMs } =
    scenario.clients === undefined ? CLIENTS : { count: scenario.clients, everyMs: CROWD_EVERY_MS };
  const parts = taking.map((actor) => ({
    actor,
    clients: startClients(actor.target, { count, everyMs, scan }),
    twinClients: actor.twin && startClients(actor.twin.target, { count: 1, everyMs: TWIN_EVERY_MS, scan }),
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
  const mend = await scenario.inflict({ ...fixture, actors: all });
  const stoodMs = performance.now();
  let mendingMs: number;
  try {
    const patienceMs = LIMITS.detectMs + (scenario.detectExtraMs ?? 0) + 3_000;
    await untilSeen(scenario, parts, (target) => scenario.expected[target] ?? '', begunMs, patienceMs);
    await Promise.all([
      sleep(scenario.standsMs ?? STANDS_MS),
      ...parts.map((part) => untilExplained(part, scenario, stoodMs)),
    ]);
    await Promise.all(parts.map(untilTwinsAgree));
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
  await Promise.all(parts.map((part) => untilUnexplained(part, mendedMs)));
  await Promise.all(parts.map(untilTwinsAgree));
  const durationMs = performance.now() - startedMs;
  const queriesAfter = parts.map(({ actor }) => ({ ...actor.queries }));
  await Promise.all([
    machine.stop(),
    ...parts.flatMap(({ clients, twinClients, reasons }) => [
      clients.stop(),
      twinClients?.stop(),
      reasons.stop(),
    ]),
  ]);
  const machineMs = Math.max(0, ...machine.responses.map(({ ms }) => ms));
  const idleDetections =
    scenario.idle === false ? undefined : await runIdle({ ...fixture, actors: taking }, scenario);

  return parts.map(({ actor: { target, twin }, clients, reasons, expected, trouble }, index) => {
    scan.scan(`log of the ${target.name}`, `${target.takeOutput()}${twin?.target.takeOutput() ?? ''}`);
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
      ...timesOf(reasons, expected, scenario, timeline),
      reasonTrouble: trouble,
      idleDetectMs: idleDetections?.get(target.name),
    });
  });
}

interface Explained {
  readonly actor: FixtureActor;
  readonly reasons: ReasonWatch;
  readonly expected: readonly string[];
  readonly trouble: string[];
}

async function untilExplained(
  { reasons, expected, trouble }: Explained,
  { sentences = [], thresholdsMs = {} }: Scenario,
  stoodMs: number,
): Promise<void> {
  if (expected.length === 0) return;
  trouble.push(...(await reasons.untilSeen({ codes: expected, sentences, stoodMs, thresholdsMs })));
}

/** Whoever is no administrator reads the same where there are no reasons. */
async function untilTwinsAgree({ actor: { target, twin }, trouble }: Explained): Promise<void> {
  const difference = twin && (await untilAlike(target, twin.target));
  if (difference !== undefined) trouble.push(`below administrators: ${difference}`);
}

async function untilUnexplained({ reasons, trouble }: Explained, mendedMs: number): Promise<void> {
  const left = await reasons.untilGone(mendedMs);
  if (left.length > 0) trouble.push(`still gives the reason ${left.join(' and ')}`);
}

function timesOf(
  reasons: ReasonWatch,
  expected: readonly string[],
  { thresholdsMs = {} }: Scenario,
  { stoodMs, mendedMs }: ScenarioTimeline,
): Pick<ScenarioOutcome, 'saidMs' | 'unsaidMs'> {
  const [goneMs, took] = [
    reasons.goneMs(),
    expected.map((code) => (reasons.firstSeenMs(code) ?? NaN) - stoodMs - thresholdMs(code, thresholdsMs)),
  ];
  if (took.length === 0) return { saidMs: undefined, unsaidMs: undefined };
  return {
    saidMs: Math.max(0, ...took),
    unsaidMs: goneMs === undefined ? undefined : Math.max(0, goneMs - mendedMs),
  };
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
