/**
 * Claim: every file of the source and of its dependencies is read again within a quarter of an hour, at a hundredth of one
 * processor together, whatever its stamps say.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Claim } from './claim.js';
import type { RereadCost } from './hashers/rereader.js';
import { table } from './statistics.js';
import { makeTree, type SampleTree } from './trees.js';

/** From one look at the dependencies to the next: what is read again waits for what a look costs. */
const SPAN_MS = 300_000;
const MOST_SECONDS = 15 * 60;
const MOST_DUTY = 0.01;
/** From the end of one round through the dependencies to the next. */
const PAUSE_SECONDS = 60;

/** As large as `node_modules` of this project. */
const DEPENDENCIES = { files: 63_000, bytesEach: 10_400 };
const SOURCES = [
  { title: '900 files, 9 MB', files: 900, bytesEach: 10_000, scanIntervalMs: 10_000 },
  // Scans of a large source are measured elsewhere.
  {
    title: '20,000 files, 200 MB, scanned every five minutes',
    files: 20_000,
    bytesEach: 10_000,
    scanIntervalMs: 300_000,
  },
];

export const sourceReread: Claim = {
  name: 'source-reread',
  title: 'Reading everything again',
  async measure() {
    const { files, bytesEach } = DEPENDENCIES;
    const modules = makeTree('dependencies', files, bytesEach);
    const sources = SOURCES.map((source) => makeTree(source.title, source.files, source.bytesEach));
    try {
      const lockFile = makeProject(modules);
      const costs = await Promise.all(
        sources.map(({ root }, index) =>
          costOf([root, lockFile, String(SOURCES[index]?.scanIntervalMs), String(SPAN_MS)]),
        ),
      );
      return pageOf(costs.map(figuresOf));
    } finally {
      for (const tree of [modules, ...sources]) tree.remove();
    }
  },
};

interface Figures {
  readonly title: string;
  readonly duty: number;
  readonly megabytes: number;
  readonly seconds: number;
}

function figuresOf({ duty, bytesRead }: RereadCost, index: number): Figures {
  const { title = '', files = 0, bytesEach = 0 } = SOURCES[index] ?? {};
  const sizes = [DEPENDENCIES.files * DEPENDENCIES.bytesEach, files * bytesEach];
  // A small source is read several times meanwhile.
  const read = sizes.reduce((sum, size, thread) => sum + Math.min(size, bytesRead[thread] ?? 0), 0);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  return { title, duty, megabytes: read / 1e6, seconds: (SPAN_MS / 1_000) * (all / read) + PAUSE_SECONDS };
}

function pageOf(rows: readonly Figures[]): string {
  const holds = rows.every(({ duty, seconds }) => duty <= MOST_DUTY && seconds <= MOST_SECONDS);
  return [
    `\`npm run bench -- source-reread\`: from the page cache, beside ${DEPENDENCIES.files.toLocaleString('en')} files of dependencies, ` +
      `${Math.round((DEPENDENCIES.files * DEPENDENCIES.bytesEach) / 1e6)} MB, for ${SPAN_MS / 1_000} s of a process that has started and ` +
      'does nothing else; both processes at the same time. Processor time is that of the whole process, of one core: scans, looks at the ' +
      'dependencies and all. How long everything takes is by the bytes that were read meanwhile, with the minute between two rounds.',
    table(
      ['source', 'of a core', 'MB read', 'everything once, s'],
      rows.map(({ title, duty, megabytes, seconds }) => [
        title,
        `${(duty * 100).toFixed(2)} %`,
        megabytes.toFixed(0),
        seconds.toFixed(0),
      ]),
    ),
    `Wanted: everything within ${MOST_SECONDS / 60} minutes, at no more than ${MOST_DUTY * 100} % of a core. ` +
      (holds ? 'It holds.' : '**It does not hold.**'),
  ].join('\n\n');
}

/** Makes packages of the folders of a tree, and a lock file that has them. */
function makeProject({ root }: SampleTree): string {
  const names = readdirSync(root);
  const modules = join(root, 'node_modules');
  mkdirSync(modules);
  for (const name of names) renameSync(join(root, name), join(modules, name));
  const integrity = `sha512-${Buffer.alloc(64, 1).toString('base64')}`;
  const packages = Object.fromEntries(
    names.map((name) => [`node_modules/${name}`, { version: '1.0.0', integrity }]),
  );
  const lockFile = join(root, 'package-lock.json');
  writeFileSync(lockFile, JSON.stringify({ lockfileVersion: 3, packages: { '': {}, ...packages } }));
  return lockFile;
}

async function costOf(args: readonly string[]): Promise<RereadCost> {
  const child = fork(new URL('./hashers/rereader.js', import.meta.url), [...args], { execArgv: [] });
  const ended = once(child, 'exit');
  const [cost]: (RereadCost | undefined)[] = await Promise.race([
    once(child, 'message'),
    ended.then(() => []),
  ]);
  await ended;
  if (!cost) throw new Error('The reader sent nothing.');
  return cost;
}
