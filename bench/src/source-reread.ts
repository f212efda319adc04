/**
 * Claim: every file is read again within a quarter of an hour, at a hundredth of one processor, whatever its stamps say.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Claim } from './claim.js';
import type { RereadCost } from './hashers/rereader.js';
import { table } from './statistics.js';
import { makeTree } from './trees.js';

const MOST_SECONDS = 15 * 60;
const MOST_DUTY = 0.01;

/** The second is as large as `node_modules` of this project. */
const TREES = [
  ['20,000 files, 200 MB', 20_000, 10_000],
  ['63,000 files, 654 MB', 63_000, 10_400],
] as const;

export const sourceReread: Claim = {
  name: 'source-reread',
  title: 'Reading everything again',
  async measure() {
    const rows: (readonly string[])[] = [];
    let holds = true;
    for (const [title, files, bytesEach] of TREES) {
      const tree = makeTree(title, files, bytesEach);
      try {
        const { seconds, cpuMs, idleDuty } = await costOf(tree.root);
        const duty = cpuMs / (seconds * 1_000);
        holds &&= seconds <= MOST_SECONDS && duty <= MOST_DUTY;
        rows.push([
          title,
          seconds.toFixed(0),
          cpuMs.toFixed(0),
          `${(duty * 100).toFixed(2)} %`,
          `${(idleDuty * 100).toFixed(2)} %`,
          `${((cpuMs / (MOST_SECONDS * 1_000)) * 100).toFixed(2)} %`,
        ]);
      } finally {
        tree.remove();
      }
    }
    return [
      '`npm run bench -- source-reread`: one round each, from the page cache, as the service reads its source again, in portions ' +
        'with rests between. Processor time is that of the whole process, all threads; of one core. A round that ends sooner than ' +
        'a quarter of an hour after the last began waits for the rest of it, which is the last column.',
      table(
        [
          'tree',
          'a round s',
          'CPU ms',
          'of a core meanwhile',
          'of a core afterwards',
          'of a core in a quarter of an hour',
        ],
        rows,
      ),
      `Wanted: everything within ${MOST_SECONDS / 60} minutes, at no time more than ${MOST_DUTY * 100} % of a core. ` +
        (holds ? 'It holds.' : '**It does not hold.**'),
    ].join('\n\n');
  },
};

async function costOf(root: string): Promise<RereadCost> {
  const child = fork(new URL('./hashers/rereader.js', import.meta.url), [root], { execArgv: [] });
  const ended = once(child, 'exit');
  const [cost]: (RereadCost | undefined)[] = await Promise.race([
    once(child, 'message'),
    ended.then(() => []),
  ]);
  await ended;
  if (!cost) throw new Error('The reader sent nothing.');
  return cost;
}
