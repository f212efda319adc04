/**
 * Claim: a look into memory costs at most 50 ms of processor time and never holds the event loop for more than 10 ms, at the
 * size of the service.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Claim } from './claim.js';
import type { LookCost } from './hashers/looker.js';
import { median, spread, table } from './statistics.js';

const ROUNDS = 5;
const SPAN_MS = 3_000;
const MOST_CPU_MS = 50;
const MOST_HELD_MS = 10;

const WAYS = [
  ['no looks', 'none'],
  ['no looks, the same again', 'none'],
  ['**looks of the service**, told of each script since its start', 'followed'],
  ['as in the library by default, where nothing was compiled since the last look', 'asked'],
  ['the same, something compiled before each look', 'compiling'],
] as const;

export const memoryLook: Claim = {
  name: 'memory-look',
  title: 'Looking into memory',
  async measure() {
    const costs = new Map<string, LookCost[]>(WAYS.map(([title]) => [title, []]));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [title, looks] of WAYS) costs.get(title)?.push(await costOf(looks));
    }
    const [[idle], , [followed], [asked], [compiling]] = WAYS;
    const idleMs = (costs.get(idle) ?? []).map(({ cpuMs }) => cpuMs);
    const rows = Array.from(costs, ([title, measured]) => rowOf(title, measured, idleMs));
    const ours = costs.get(followed) ?? [];
    return [
      `\`npm run bench -- memory-look\`: ${ROUNDS} rounds; every module of the service in a process of its own, ` +
        `${ours[0]?.scripts ?? 0} scripts besides those of Node, nothing else to do, a look about every 180 ms (the service: every four minutes). ` +
        'Processor time is that of all threads, less that of the first row in the same round, for each look; the hold is by our own ' +
        'clock around what a look does on the event loop, the delay is the longest by `monitorEventLoopDelay` at 1 ms, which also has ' +
        `what others on the machine do. Over ${SPAN_MS / 1_000} s each, in turns. Medians of all looks, and of the longest of each round: a ` +
        'thread that was made to wait for a processor in the middle of a look holds its loop for as long.',
      table(
        [
          '',
          'looks',
          'CPU ms a look',
          'spread',
          'first hold ms',
          'hold ms',
          'longest of a round ms',
          'spread',
          'loop delay ms',
          'spread',
        ],
        rows,
      ),
      verdictOf(ours, idleMs),
      ofLibrary(costs.get(asked) ?? [], costs.get(compiling) ?? []),
    ].join('\n\n');
  },
};

function rowOf(title: string, costs: readonly LookCost[], idleMs: readonly number[]): readonly string[] {
  const each = cpuOfLooks(costs, idleMs);
  const delays = costs.map(({ delayMs }) => delayMs);
  const looks = costs.reduce((sum, cost) => sum + cost.looks, 0);
  const longest = longestHolds(costs);
  const ofLooks = [
    median(each).toFixed(1),
    spread(each, 1),
    median(costs.map(({ firstMs }) => firstMs)).toFixed(1),
    median(costs.flatMap(({ heldMs }) => heldMs)).toFixed(1),
    median(longest).toFixed(1),
    spread(longest, 1),
  ];
  return [
    title,
    String(looks),
    ...(looks === 0 ? ofLooks.map(() => '–') : ofLooks),
    median(delays).toFixed(1),
    spread(delays, 1),
  ];
}

function verdictOf(ours: readonly LookCost[], idleMs: readonly number[]): string {
  const cpuMs = median(cpuOfLooks(ours, idleMs));
  const heldMs = median(longestHolds(ours));
  const holds = cpuMs <= MOST_CPU_MS && heldMs <= MOST_HELD_MS;
  return (
    `Wanted of the service: at most ${MOST_CPU_MS} ms of processor time a look, and no hold of more than ${MOST_HELD_MS} ms, that of the ` +
    `first look included. ${holds ? 'It holds' : '**It does not hold**'}: ${cpuMs.toFixed(1)} ms, ${heldMs.toFixed(1)} ms.`
  );
}

/** Where the application did not begin with `followScripts()`. */
function ofLibrary(asked: readonly LookCost[], compiling: readonly LookCost[]): string {
  const held = (costs: readonly LookCost[]): string =>
    median(costs.flatMap(({ heldMs }) => heldMs)).toFixed(1);
  return (
    'Where V8 does not tell each script, the first look goes through all of them and the heap, and so does one before which anything was ' +
    `compiled: ${held(compiling)} ms, more with a larger heap. The others ask V8 for one number: ${held(asked)} ms.`
  );
}

/** Of each round, the first look included. */
function longestHolds(costs: readonly LookCost[]): readonly number[] {
  return costs.map(({ firstMs, heldMs }) => Math.max(firstMs, ...heldMs));
}

function cpuOfLooks(costs: readonly LookCost[], idleMs: readonly number[]): readonly number[] {
  return costs.map(({ cpuMs, looks }, round) => (cpuMs - (idleMs[round] ?? Number.NaN)) / Math.max(1, looks));
}

async function costOf(looks: string): Promise<LookCost> {
  const child = fork(new URL('./hashers/looker.js', import.meta.url), {
    env: { ...process.env, LOOKS: looks, SPAN_MS: String(SPAN_MS) },
    execArgv: [],
  });
  const ended = once(child, 'exit');
  const [cost]: (LookCost | undefined)[] = await Promise.race([once(child, 'message'), ended.then(() => [])]);
  await ended;
  if (!cost) throw new Error('The looker sent nothing.');
  return cost;
}
