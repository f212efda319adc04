/**
 * Claim: a tenth of 10,000 instances that never answer delay no poll of the others, and no answer of the service itself.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Claim } from '../claim.js';
import { load } from '../load.js';
import { median, table } from '../statistics.js';
import { countInstances, onBed, untilKnown, writeFleet } from './bed.js';

const ANSWERING = 9_000;
const SILENT = 1_000;
const INTERVAL_MS = 10_000;
/** All connections are made, and all that are silent have been called unreachable, before it begins. */
const SETTLE_MS = 20_000;
const ROUNDS = 15;
const LOAD = { path: '/health', connections: 1, durationMs: 2_000 };

export const fleetSilence: Claim = {
  name: 'fleet-silence',
  title: 'The fleet while a tenth of it never answers',
  measure: onBed((bed) =>
    bed.group(async (group) => {
      const [answering, silent] = [await group.startInstances(), await group.startInstances()];
      const targets = mixed(answering.targets(ANSWERING), silent.silentTargets(SILENT));
      const watcher = await group.startWatcher(await writeFleet(bed, 'silence', targets, INTERVAL_MS));
      await untilKnown(watcher, { healthy: ANSWERING, unreachable: SILENT });
      await sleep(SETTLE_MS);
      await Promise.all([answering.pace(INTERVAL_MS), silent.pace(INTERVAL_MS)]);
      const rounds: { alone: number; watching: number; ratio: number }[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const alone = await load({ ...LOAD, port: bed.idle.port });
        const watching = await load({ ...LOAD, port: watcher.port });
        rounds.push({ alone: alone.p99, watching: watching.p99, ratio: watching.p99 / alone.p99 });
      }
      const [prompt, hanging] = [await answering.pace(INTERVAL_MS), await silent.pace(INTERVAL_MS)];
      const counts = await countInstances(watcher);
      const row = (name: string, { polls, inTime, p999LateMs }: typeof prompt): string[] => [
        name,
        polls.toLocaleString('en'),
        `${(inTime * 100).toFixed(2)} %`,
        p999LateMs.toFixed(0),
      ];
      const middle = (key: keyof (typeof rounds)[number]): string =>
        median(rounds.map((round) => round[key])).toFixed(2);
      return [
        `\`npm run bench -- fleet-silence\`: ${ANSWERING.toLocaleString('en')} instances that answer and ` +
          `${SILENT.toLocaleString('en')} that take a request and never do, every ${INTERVAL_MS / 1_000} s. As the instances ` +
          'saw it: *within its interval* is a poll that came an interval after the one before, give or take half of it. At the ' +
          `end the service said ${said(counts)}.`,
        table(
          ['instances', 'polls', 'within its interval', 'late at most, but for a thousandth (ms)'],
          [row('answer', prompt), row('never answer', hanging)],
        ),
        `Meanwhile \`GET /health\` of the service, beside a service that watches nothing: ${ROUNDS} rounds of ` +
          `${LOAD.durationMs / 1_000} s each in turns, one connection, medians.`,
        table(
          ['p99 ms, watches nothing', 'p99 ms, watches them', '×'],
          [[middle('alone'), middle('watching'), middle('ratio')]],
        ),
      ].join('\n\n');
    }),
  ),
};

/** Each service has as many silent ones as any other. */
function mixed(answering: readonly string[], silent: readonly string[]): readonly string[] {
  const each = Math.round(answering.length / silent.length);
  return silent.flatMap((one, index) => [one, ...answering.slice(index * each, (index + 1) * each)]);
}

function said(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count.toLocaleString('en')} ${state}`)
    .join(', ');
}
