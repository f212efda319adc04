/**
 * Claim: a scan of an unchanged tree is cheap enough for one every ten seconds.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Claim } from './claim.js';
import type { ScanTimes } from './hashers/scanner.js';
import { median, spread, table } from './statistics.js';
import { makeTree } from './trees.js';

const FILES = 20_000;
const ROUNDS = 21;

export const sourceScan: Claim = {
  name: 'source-scan',
  title: 'Looking for changes',
  async measure() {
    const tree = makeTree('scan', FILES, 10_000);
    try {
      const child = fork(new URL('./hashers/scanner.js', import.meta.url), [tree.root, String(ROUNDS)], {
        execArgv: [],
      });
      const ended = once(child, 'exit');
      const [times]: ScanTimes[] = await once(child, 'message');
      await ended;
      if (!times) throw new Error('The scanner sent nothing.');
      const entries = FILES + times.folders;
      const perEntry = times.scansMs.map((ms) => (ms * 1_000) / entries);
      return [
        `\`npm run bench -- source-scan\`: ${entries} entries, none of which changed, ${ROUNDS} scans. Medians.`,
        table(
          ['first hash ms', 'a scan ms', 'µs an entry', 'spread'],
          [
            [
              times.firstMs.toFixed(0),
              median(times.scansMs).toFixed(0),
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
