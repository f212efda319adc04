/**
 * The same fault once more, while no client asks for a report and every probe runs at its slow pace. The result is read
 * where reading it does not count as use.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS, QUIET_MS } from './limits.js';
import type { Scenario } from './scenario.js';
import type { TargetName } from './targets/target.js';
import type { FixtureActor, Fixture } from './fixture.js';

const POLL_MS = 100;
const PATIENCE_MS = 3_000;

/** Milliseconds from the moment that the fault stood until each target knew; a target that never did is left out. */
export async function runIdle(
  fixture: Fixture,
  scenario: Scenario,
): Promise<ReadonlyMap<TargetName, number>> {
  await sleep(QUIET_MS);
  const mend = await scenario.inflict(fixture);
  try {
    const stoodMs = performance.now();
    const untilMs = stoodMs + LIMITS.idleDetectMs + (scenario.detectExtraMs ?? 0) + PATIENCE_MS;
    const detected = await Promise.all(
      fixture.actors.map(
        async (actor) => [actor.target.name, await detection(actor, scenario, untilMs)] as const,
      ),
    );
    return new Map(
      detected.flatMap(([name, atMs]) => (atMs === undefined ? [] : [[name, Math.max(0, atMs - stoodMs)]])),
    );
  } finally {
    await mend();
  }
}

async function detection(
  { target }: FixtureActor,
  scenario: Scenario,
  untilMs: number,
): Promise<number | undefined> {
  const codes = (scenario.expected[target.name] ?? '').split(' ').slice(1);
  while (performance.now() < untilMs) {
    const known = await (await fetch(`${target.url}/readyz?verbose`)).text();
    if (codes.every((code) => known.includes(code))) return performance.now();
    await sleep(POLL_MS);
  }
  return undefined;
}
