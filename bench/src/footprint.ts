/**
 * Claim: embedding the library costs at most 300 kB of disk, 30 ms of a start and 3 MB of heap.
 */
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Claim } from './claim.js';
import type { Footprint } from './footprints/footprint.js';
import { installedSize, type InstalledSize } from './installed-size.js';
import { median, spread, table } from './statistics.js';

const CONTENDERS = [
  ['portal-health', 'portal-health'],
  ['terminus', '@godaddy/terminus'],
  ['nest-terminus', '@nestjs/terminus'],
  ['under-pressure', '@fastify/under-pressure'],
  ['lightship', 'lightship'],
] as const;
const ROUNDS = 15;

export const footprint: Claim = {
  name: 'footprint',
  title: 'What it costs to have it',
  async measure() {
    const ours = packOurs();
    const results = new Map<string, Footprint[]>(CONTENDERS.map(([file]) => [file, []]));
    // The first round fills the page cache and is not counted.
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [file] of CONTENDERS) {
        const result = await measureOnce(file, ours.folder);
        if (round > 0) results.get(file)?.push(result);
      }
    }
    const rows = CONTENDERS.map(([file, name]) => {
      const { ownBytes, allBytes, packages } = name === 'portal-health' ? ours : installedSize(name);
      const runs = results.get(file) ?? [];
      const imports = runs.map(({ importMs }) => importMs);
      return [
        name === 'portal-health' ? `**${name}**` : name,
        (ownBytes / 1e3).toFixed(0),
        (allBytes / 1e3).toFixed(0),
        String(packages),
        median(imports).toFixed(1),
        spread(imports, 1),
        (median(runs.map(({ heapBytes }) => heapBytes)) / 1e6).toFixed(2),
      ];
    });
    const livesMs = median(Array.from({ length: ROUNDS }, () => lifeMs(ours.folder)));
    rmSync(ours.folder, { recursive: true });
    return [
      `\`npm run bench -- footprint\`: ${ROUNDS} rounds, each import in a new process that has imported its framework before ` +
        '(`node:http`, Nest, Fastify; lightship brings its own Fastify), taking turns. Medians. Heap is what is in use after ' +
        'a collection, over what was before the import, with one check and one endpoint; the row of @nestjs/terminus holds the ' +
        'application context that it is in as well. Sizes are of files, unpacked; peers are not counted.',
      table(
        ['package', 'its own kB', 'with dependencies kB', 'packages', 'import ms', 'spread', 'heap MB'],
        rows,
      ),
      `A process that imports portal-health, starts a health, closes it and does nothing else ends by itself, ${livesMs.toFixed(0)} ms ` +
        'after one that does nothing at all.',
    ].join('\n\n');
  },
};

async function measureOnce(file: string, ours: string): Promise<Footprint> {
  const child = fork(fileURLToPath(new URL(`footprints/${file}.js`, import.meta.url)), [ours], {
    execArgv: ['--expose-gc'],
  });
  const ended = once(child, 'exit').then(() => [undefined]);
  const [result] = (await Promise.race([once(child, 'message'), ended])) as [Footprint | undefined];
  child.kill('SIGKILL');
  await ended;
  if (result === undefined) throw new Error(`The contender ${file} ended before it sent its footprint.`);
  return result;
}

/** By how much a process outlives an empty one if it imports the package in `folder`, starts a health and closes it. */
function lifeMs(folder: string): number {
  const library = JSON.stringify(join(folder, 'dist/src/index.js'));
  const script = `import { createHealth } from ${library};
    const health = createHealth({ checks: { queue: () => true } });
    await health.start();
    await health.close();`;
  return timeOf(script) - timeOf('');
}

function timeOf(script: string): number {
  const startedMs = performance.now();
  execFileSync(process.execPath, ['--input-type=module', '--eval', script]);
  return performance.now() - startedMs;
}

/** portal-health as it is published: packed and unpacked. */
function packOurs(): InstalledSize & { readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'portal-footprint-'));
  const script = fileURLToPath(new URL('../../scripts/pack.mjs', import.meta.url));
  const [tarball = '', bytes] = execFileSync(process.execPath, [script, 'health', folder], {
    encoding: 'utf8',
  })
    .trim()
    .split(' ');
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
  return { folder, ownBytes: Number(bytes), allBytes: Number(bytes), packages: 1 };
}
