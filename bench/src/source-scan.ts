/**
 * Claim: looking whether anything changed costs so little that it can be done every ten seconds.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Claim } from './claim.js';
import { median, spread, table } from './statistics.js';
import { makeTree } from './trees.js';

const FILES = 20_000;
const ROUNDS = 21;

interface ScanTimes {
  readonly firstMs: number;
  readonly scansMs: readonly number[];
  readonly folders: number;
}

export const sourceScan: Claim = {
  name: 'source-sweep',
  async measure() {
    const tree = makeTree('sweep', FILES, 10_000);
    try {
      const child = fork(new URL('./hashers/scanner.js', import.meta.url), [tree.root, String(ROUNDS)], {
        execArgv: [],
      });
      const ended = once(child, 'exit');
      const [looks]: ScanTimes[] = await once(child, 'message');
      await ended;
      if (!looks) throw new Error('The sweeper answered nothing.');
      const entries = FILES + looks.folders;
      const perEntry = looks.scansMs.map((ms) => (ms * 1_000) / entries);
      return [
        '## Looking for changes',
        `\`npm run bench -- source-sweep\`: ${entries} entries, none of which changed, ${ROUNDS} looks. Medians.`,
        table(
          ['first hash ms', 'a look ms', 'µs an entry', 'spread'],
          [
            [
              looks.firstMs.toFixed(0),
              median(looks.scansMs).toFixed(0),
              median(perEntry).toFixed(2),
              spread(perEntry, 2),
            ],
          ],
        ),
      ].join('\n\n');
    } finally {
      tree.remove();
    }
  },
};
