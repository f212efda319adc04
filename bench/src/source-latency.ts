/**
 * Claim: `GET /health` stays prompt while the source of the same process is hashed.
 */
import type { Claim } from './claim.js';
import { load, type LoadResult } from './load.js';
import { startContender } from './process.js';
import { median, spread, table } from './statistics.js';
import { makeTree } from './trees.js';

const ROUNDS = 15;
const MOST_RATIO = 2.5;
/** Far below what a server can do: this measures how long a request waits, not how many are served. */
const LOAD = { path: '/health', connections: 2, durationMs: 2_000 };

export const sourceLatency: Claim = {
  name: 'source-latency',
  title: '`GET /health` while the source is hashed',
  async measure() {
    const tree = makeTree('latency', 20_000, 10_000);
    try {
      const idle: LoadResult[] = [];
      const hashing: LoadResult[] = [];
      for (let round = 0; round <= ROUNDS; round += 1) {
        const pair = [
          [idle, ''],
          [hashing, tree.root],
        ] as const;
        // Whichever is first one time is last the next: a machine that grows busier favours neither.
        for (const [results, root] of round % 2 === 0 ? pair : pair.toReversed()) {
          const contender = await startContender('hashing', { HASH_ROOT: root });
          try {
            await load({ ...LOAD, port: contender.port, durationMs: 500 });
            const result = await load({ ...LOAD, port: contender.port });
            if (result.failed > 0) throw new Error(`${result.failed} requests failed`);
            if (round > 0) results.push(result);
          } finally {
            await contender.close();
          }
        }
      }
      const ratios = hashing.map(({ p99 }, round) => p99 / (idle[round]?.p99 ?? Number.NaN));
      const ratio = median(ratios);
      const row = (title: string, results: readonly LoadResult[], compared: readonly string[]): string[] => [
        title,
        median(results.map(({ p50 }) => p50)).toFixed(2),
        median(results.map(({ p99 }) => p99)).toFixed(2),
        spread(
          results.map(({ p99 }) => p99),
          2,
        ),
        ...compared,
      ];
      return [
        `\`npm run bench -- source-latency\`: ${ROUNDS} rounds of ${LOAD.durationMs / 1_000} s, ${LOAD.connections} connections; ` +
          '20,000 files, 200 MB, hashed again and again in the same process as the running service does it, but without its pauses. ' +
          'Medians; × is the median of the ratios of the same round, and their spread.',
        table(
          ['the hashing thread', 'p50 ms', 'p99 ms', 'spread', 'p99 ×', 'spread'],
          [
            row('idle', idle, ['1.00', '–']),
            row('hashes without a pause', hashing, [ratio.toFixed(2), spread(ratios, 2)]),
          ],
        ),
        `Wanted: at most ${MOST_RATIO} ×. ${ratio <= MOST_RATIO ? 'It holds.' : '**It does not hold.**'}`,
      ].join('\n\n');
    } finally {
      tree.remove();
    }
  },
};
