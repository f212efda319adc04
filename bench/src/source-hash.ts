/**
 * Claim: hashing the source is faster than the shell line that checks it, and the application does not notice.
 */
import type { Claim } from './claim.js';
import type { Hashing } from './hashers/hasher.js';
import { shellHasher, startHasher, type Hasher } from './hashers/process.js';
import { median, spread, table } from './statistics.js';
import { makeLargeFiles, makeTree, type SampleTree } from './trees.js';

const TITLES = {
  shell: 'shell line (`find`, `sort`, `sha256sum`)',
  thread: '**portal-health**, its thread',
  main: 'the same on the main thread',
  folderHash: 'folder-hash 4.1.4 from npm, a hash of its own kind',
} as const;
type Name = keyof typeof TITLES;

interface Case {
  readonly make: () => SampleTree;
  readonly rounds: number;
  /** At least how many times as fast as the shell line. */
  readonly wanted: number;
}

const MOST_LOOP_DELAY_MS = 10;

// The fewer the files, the more rounds, so that most rounds run compiled code: a thread reaches its full speed after a
// few thousand files, and takes up to twice as long until then.
const CASES: readonly Case[] = [
  { make: () => makeTree('300 files, 1.8 MB', 300, 6_000), rounds: 101, wanted: 3 },
  { make: () => makeTree('20,000 files, 200 MB', 20_000, 10_000), rounds: 9, wanted: 2.2 },
  { make: () => makeLargeFiles('5 files of 400 MB', 5, 400e6), rounds: 5, wanted: 3.5 },
];

const ROUNDS_WATCHED = 5;
/** Of the slowest contender: its figures are not close. */
const ROUNDS_OF_FOLDER_HASH = 5;

export const sourceHash: Claim = {
  name: 'source-hash',
  title: 'Hashing the source',
  async measure() {
    const sections = [];
    for (const { make, rounds, wanted } of CASES) {
      const tree = make();
      try {
        const results = await measureTree(tree, rounds);
        sections.push(sectionOf(tree.title, results), verdictOf(results, wanted));
      } finally {
        tree.remove();
      }
    }
    return [
      '`npm run bench -- source-hash`: the whole tree each time, from the page cache, each contender in a process of its own, ' +
        'taking turns; folder-hash in the first ' +
        `${ROUNDS_OF_FOLDER_HASH} rounds only. ` +
        'Medians; × is the median of the ratios to the shell line of the same round. The first hash is the one ' +
        'that a start makes, before any of the code is compiled, and is in none of the medians. Memory is the most that the ' +
        'process had held over what it held before, after that first hash, and after all rounds, each of which ' +
        `starts without a cache; loop delay is how late its event loop was at the worst, median of ${ROUNDS_WATCHED} ` +
        'rounds of their own, because sampling the loop every millisecond takes time as well.',
      ...sections,
    ].join('\n\n');
  },
};

/** The hashings of one contender: timed ones, the first of which fills the page cache, and ones that sampled the event loop. */
interface Hashings {
  readonly timed: Hashing[];
  readonly watched: Hashing[];
}

async function measureTree({ root }: SampleTree, rounds: number): Promise<ReadonlyMap<Name, Hashings>> {
  const hashers: readonly [Name, Hasher][] = [
    ['shell', shellHasher],
    ['thread', await startHasher(new URL('./hashers/thread.js', import.meta.url))],
    ['main', await startHasher(new URL('./hashers/main-thread.js', import.meta.url))],
    ['folderHash', await startHasher(new URL('./hashers/folder-hash.js', import.meta.url))],
  ];
  try {
    const results = new Map<Name, Hashings>(hashers.map(([name]) => [name, { timed: [], watched: [] }]));
    for (let round = 0; round <= rounds; round += 1) {
      const hashes = new Set<string>();
      for (const [name, hasher] of hashers) {
        if (name === 'folderHash' && round > ROUNDS_OF_FOLDER_HASH) continue;
        const hashing = await hasher.hash({ root, watchesLoop: false });
        if (name !== 'folderHash') hashes.add(hashing.hash);
        results.get(name)?.timed.push(hashing);
      }
      if (hashes.size !== 1) throw new Error(`The contenders disagree: ${[...hashes].join(', ')}`);
    }
    for (let round = 0; round < ROUNDS_WATCHED; round += 1) {
      for (const [name, hasher] of hashers) {
        if (hasher !== shellHasher && (name !== 'folderHash' || round === 0))
          results.get(name)?.watched.push(await hasher.hash({ root, watchesLoop: true }));
      }
    }
    return results;
  } finally {
    for (const [, hasher] of hashers) await hasher.close();
  }
}

function verdictOf(results: ReadonlyMap<Name, Hashings>, wanted: number): string {
  const ratio = median(ratiosOf(results.get('thread'), timesOf(results.get('shell'))));
  const delayMs = median((results.get('thread')?.watched ?? []).map(({ loopDelayMs }) => loopDelayMs));
  const holds = ratio >= wanted && delayMs <= MOST_LOOP_DELAY_MS;
  return (
    `Wanted: at least ${wanted} ×, and a loop delay of at most ${MOST_LOOP_DELAY_MS} ms. ` +
    `${holds ? 'It holds' : '**It does not hold**'}: ${ratio.toFixed(2)} ×, ${delayMs.toFixed(1)} ms.`
  );
}

function sectionOf(title: string, results: ReadonlyMap<Name, Hashings>): string {
  const shellTimes = timesOf(results.get('shell'));
  const rows = Array.from(results, ([name, hashings]) => {
    const times = timesOf(hashings);
    const ratios = ratiosOf(hashings, shellTimes);
    const [first] = hashings.timed;
    return [
      TITLES[name],
      first?.tookMs.toFixed(1) ?? '–',
      median(times).toFixed(1),
      spread(times, 1),
      median(ratios).toFixed(2),
      orDash(median(hashings.watched.map(({ loopDelayMs }) => loopDelayMs)).toFixed(1)),
      megabytes(hashings.timed.slice(0, 1)),
      megabytes([...hashings.timed, ...hashings.watched]),
    ];
  });
  return [
    `### ${title}, ${shellTimes.length} rounds`,
    table(
      ['hasher', 'first ms', 'ms', 'spread', '× faster', 'loop delay ms', 'memory MB, first', 'all'],
      rows,
    ),
  ].join('\n\n');
}

function ratiosOf(hashings: Hashings | undefined, shellTimes: readonly number[]): readonly number[] {
  return timesOf(hashings).map((tookMs, round) => (shellTimes[round] ?? Number.NaN) / tookMs);
}

function timesOf(hashings: Hashings | undefined): readonly number[] {
  return hashings?.timed.slice(1).map(({ tookMs }) => tookMs) ?? [];
}

function megabytes(hashings: readonly Hashing[]): string {
  return orDash((Math.max(...hashings.map(({ memoryAddedBytes }) => memoryAddedBytes)) / 1e6).toFixed(0));
}

function orDash(figure: string): string {
  return figure === 'NaN' ? '–' : figure;
}
