/** Runs one row: healthy, broken, seen, mended, healthy again, with clients asking all the while. */
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from 'portal-test-kit';
import type { LeakScan } from './planted-secrets.js';
import { startClients, type Clients } from './clients.js';
import { measure, type ScenarioTimeline, type Measurements } from './measure.js';
import { LIMITS, maxQueries } from './limits.js';
import { runIdle } from './run-idle.js';
import { isVerdict, type Scenario } from './scenario.js';
import { startFixture, type FixtureActor, type Servers, type Fixture } from './fixture.js';
import type { TargetName } from './targets/target.js';

/** What a row came to on one side. */
export interface ScenarioOutcome {
  readonly group: string;
  readonly scenario: Scenario;
  readonly target: TargetName;
  readonly measurements: Measurements;
  /** How long it took to be found out while nobody asked; `undefined` where that was not tried or never came. */
  readonly idleDetectMs: number | undefined;
  /** Questions of the probes, and the time in which they were asked. */
  readonly queries: { readonly database: number; readonly cache: number; readonly durationMs: number };
  /** Slowest answer in the same time of a server that does nothing. */
  readonly machineMs: number;
  /** Limits that were broken, in words; empty when all is well. */
  readonly broken: readonly string[];
}

/** What a row is run with. */
export interface RunOptions {
  readonly servers: Servers;
  /** The processes of the rows that need none of their own. */
  readonly fixture: Fixture;
  readonly bareUrl: string;
  readonly scan: LeakScan;
}

const CLIENTS = { count: 20, everyMs: 200 };
/** As many questions a second in all, however many ask. */
const CROWD_EVERY_MS = 1_000;
const BEFORE_MS = 500;
const STANDS_MS = 1_500;
const AFTER_MS = 500;
const HEALTHY_WITHIN_MS = 30_000;

/** Runs `row` once. */
export async function runScenario(
  group: string,
  row: Scenario,
  options: RunOptions,
): Promise<ScenarioOutcome[]> {
  const own = row.fresh && (await startFixture(options.servers, row.fresh));
  try {
    return await runOn(own ?? options.fixture, group, row, options);
  } finally {
    await own?.close();
  }
}

async function runOn(
  stage: Fixture,
  group: string,
  row: Scenario,
  { scan, bareUrl }: RunOptions,
): Promise<ScenarioOutcome[]> {
  const taking = stage.actors.filter(({ target: side }) => row.expected[side.name] !== undefined);
  const startsBroken = row.fresh?.source !== undefined;
  if (!startsBroken) await Promise.all(taking.map(untilHealthy));
  const { count, everyMs } =
    row.clients === undefined ? CLIENTS : { count: row.clients, everyMs: CROWD_EVERY_MS };
  const parts = taking.map((actor) => ({
    actor,
    clients: startClients(actor.target, { count, everyMs, scan }),
    askedBefore: { ...actor.queries },
  }));
  const machine = startClients(bareTarget(bareUrl), { count: 4, everyMs: 50 });
  const startedMs = performance.now();
  if (!startsBroken) await sleep(BEFORE_MS);

  const begunMs = startsBroken ? 0 : performance.now();
  const mend = await row.inflict({ ...stage, actors: taking });
  const stoodMs = performance.now();
  let mendingMs: number;
  try {
    const patienceMs = LIMITS.detectMs + (row.detectExtraMs ?? 0) + 3_000;
    await untilSeen(row, parts, (side) => row.expected[side] ?? '', begunMs, patienceMs);
    await sleep(row.standsMs ?? STANDS_MS);
  } finally {
    mendingMs = performance.now();
    await mend();
  }
  const mendedMs = performance.now();
  const course: ScenarioTimeline = { begunMs, stoodMs, mendingMs, mendedMs };
  await untilSeen(row, parts, () => 'healthy', mendedMs, LIMITS.healMs + (row.healExtraMs ?? 0) + 5_000);
  await sleep(AFTER_MS);
  const durationMs = performance.now() - startedMs;
  await Promise.all([machine.stop(), ...parts.map(({ clients }) => clients.stop())]);
  const machineMs = Math.max(0, ...machine.responses.map(({ ms }) => ms));
  const askedAfter = parts.map(({ actor }) => ({ ...actor.queries }));
  const unasked = row.idle === false ? undefined : await runIdle({ ...stage, actors: taking }, row);

  return parts.map(({ actor: { target: side }, clients, askedBefore }, index) => {
    scan.scan(`log of the ${side.name}`, side.takeOutput());
    return withLimits({
      group,
      scenario: row,
      target: side.name,
      measurements: measure(row, row.expected[side.name] ?? '', clients.responses, course),
      queries: {
        database: (askedAfter[index]?.database ?? 0) - askedBefore.database,
        cache: (askedAfter[index]?.cache ?? 0) - askedBefore.cache,
        durationMs,
      },
      machineMs,
      idleDetectMs: unasked?.get(side.name),
    });
  });
}

async function untilHealthy({ target: side }: FixtureActor): Promise<void> {
  await waitFor(
    `the ${side.name} to be healthy before the row`,
    async () => {
      const answer = await fetch(`${side.url}/health`);
      return ((await answer.json()) as { readonly status: string }).status === 'healthy';
    },
    { timeoutMs: HEALTHY_WITHIN_MS, everyMs: 100 },
  );
}

/** Waits until every side's clients have read the verdict on it, or for `patienceMs`: what never comes is a finding. */
async function untilSeen(
  row: Scenario,
  parts: readonly { readonly actor: FixtureActor; readonly clients: Clients }[],
  expected: (side: TargetName) => string,
  sinceMs: number,
  patienceMs: number,
): Promise<void> {
  const seen = (): boolean =>
    parts.every(({ actor, clients }) =>
      clients.responses.some(
        ({ sentMs: askedMs, verdict }) =>
          askedMs >= sinceMs && isVerdict(row, expected(actor.target.name), verdict),
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
  const {
    scenario: row,
    target: side,
    measurements: findings,
    queries: asked,
    machineMs,
    idleDetectMs,
  } = outcome;
  const { detectMs, healMs, slowestMs, p99Ms, hangs, wrong, seen } = findings;
  const broken: string[] = [];
  const detectLimitMs = LIMITS.detectMs + (row.detectExtraMs ?? 0);
  const healLimitMs = LIMITS.healMs + (row.healExtraMs ?? 0);
  // What a server that does nothing is late by at the same time is no doing of ours.
  const slowestLimitMs = LIMITS.slowestMs + (row.blocksMs ?? 0) + machineMs;
  const p99LimitMs = LIMITS.p99Ms + machineMs;
  if (detectMs === undefined) broken.push(`expected “${row.expected[side]}”, saw “${seen}”`);
  else if (detectMs > detectLimitMs)
    broken.push(`detected after ${inMs(detectMs)}, limit ${inMs(detectLimitMs)}`);
  const idleLimitMs = LIMITS.idleDetectMs + (row.detectExtraMs ?? 0);
  if (row.idle !== false && !(idleDetectMs !== undefined && idleDetectMs <= idleLimitMs))
    broken.push(`unasked, detected after ${inMs(idleDetectMs ?? Number.NaN)}, limit ${inMs(idleLimitMs)}`);
  if (healMs === undefined) broken.push('never healthy again');
  else if (healMs > healLimitMs) broken.push(`healed after ${inMs(healMs)}, limit ${inMs(healLimitMs)}`);
  if (slowestMs > slowestLimitMs)
    broken.push(`slowest answer ${inMs(slowestMs)}, limit ${inMs(slowestLimitMs)}`);
  if (row.clients !== undefined && p99Ms > p99LimitMs) {
    broken.push(`p99 of the public report ${inMs(p99Ms)}, limit ${inMs(p99LimitMs)}`);
  }
  if (hangs > 0) broken.push(`${hangs} hangs`);
  broken.push(...wrong.map((what) => `wrong: ${what}`));
  const most = maxQueries(asked.durationMs);
  if (Math.max(asked.database, asked.cache) > most) {
    broken.push(`${asked.database} + ${asked.cache} questions, limit ${most} each`);
  }
  return broken;
}

function inMs(value: number): string {
  return `${Math.round(value)} ms`;
}
