/** Asks a probe as the sampler does, and counts what it leaves behind. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from 'portal-test-kit';
import { startRunClock, type RunClock } from '../../src/run-clock.js';
import type { Outcome, Probe } from '../../src/types.js';

/** Wide, because the machine may be busy; a run that does not end at its signal is caught all the same. */
const SOON_MS = 2_000;

/** Of a run whose time is no question. */
export const NO_CLOCK: RunClock = {
  othersMs: () => 0,
  isHindered: () => false,
  stop: () => undefined,
};

/** One run with a deadline; what it says when the deadline passes is what the sampler makes of it. */
export async function runProbe<Figures>(
  probe: Probe<Figures>,
  deadlineMs = 5_000,
): Promise<Outcome<Figures>> {
  const controller = new AbortController();
  const deadline = setTimeout(() => controller.abort(), deadlineMs);
  const clock = startRunClock({ deadlineMs, capMs: deadlineMs, onLate: () => undefined });
  const run = probe.run(controller.signal, clock);
  const outcome = await Promise.race([run, sleep(deadlineMs + SOON_MS, undefined, { ref: false })]);
  clearTimeout(deadline);
  clock.stop();
  assert.ok(outcome, 'the run must end soon after its signal');
  return controller.signal.aborted ? probe.failed('timeout') : outcome;
}

/** State and codes, which is what most tests are about. */
export async function outcomeOf(probe: Probe<unknown>, deadlineMs?: number): Promise<string> {
  const { state, problems } = await runProbe(probe, deadlineMs);
  return [state, ...problems].join(' ');
}

/** Sockets of this process that are open, being opened or being closed. */
export function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
}

/** Waits until what the test itself has used is closed. */
export function noSockets(): Promise<void> {
  return waitFor('every socket to be closed', () => openSockets() === 0);
}
