/**
 * Trees on disk for tests, and two ways to hash them that have nothing to do with ours.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';
import { hashTree } from '../src/scan/hash-tree.js';
import { createScope } from '../src/scan/scope.js';

export type Contents = Readonly<Record<string, string | Buffer>>;

/** Writes `contents` below `root`, by paths from it. */
export function write(root: string, contents: Contents): void {
  for (const [path, content] of Object.entries(contents)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

/** A folder for the length of `work`. */
export async function withFolder<Result>(
  work: (folder: string) => Promise<Result> | Result,
): Promise<Result> {
  const folder = mkdtempSync(join(SCRATCH_FOLDER, 'portal-source-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A tree for the length of `work`. */
export function withTree<Result>(
  contents: Contents,
  work: (root: string) => Promise<Result> | Result,
): Promise<Result> {
  return withFolder((root) => {
    write(root, contents);
    return work(root);
  });
}

/** Our hash. Fails when the tree has none. */
export function ourHash(root: string, exclude: readonly string[] = []): string {
  const { result: survey, scanErrors: refusals } = hashTree(createScope(root, exclude));
  if (!survey) throw new Error(JSON.stringify(refusals.slice(0, 5)));
  return survey.hash;
}

/** Why our hash is refused, as `CODE path`, sorted. */
export function scanErrorsOf(root: string, exclude: readonly string[] = []): string[] {
  return hashTree(createScope(root, exclude))
    .scanErrors.map(({ code, path }) => `${code} ${path}`)
    .toSorted();
}

/** The hash as anybody can have it from a shell, excludes as `find` knows them. */
export function shellHash(root: string, exclude: readonly string[] = []): string {
  const tests = exclude.map((entry) =>
    entry.includes('/') ? `-path ./${entry.replace(/^\.\//, '')}` : `-name ${entry}`,
  );
  const prune = tests.length === 0 ? '' : `\\( ${tests.join(' -o ')} \\) -prune -o `;
  const line = `cd "$0" && find . ${prune}-type f -print0 | cut -zc3- | LC_ALL=C sort -z | xargs -0 sha256sum -- | sha256sum`;
  return execFileSync('bash', ['-c', line, root], { encoding: 'utf8' }).slice(0, 64);
}

/** `Hash1` of Go's golang.org/x/mod/sumdb/dirhash, in hexadecimal, which is also in-toto's `dirHash`. */
export function goDirHash(root: string): string {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => Buffer.from(join(entry.parentPath, entry.name).slice(root.length + 1)))
    .toSorted((a, b) => Buffer.compare(a, b));
  const summary = createHash('sha256');
  for (const file of files) {
    const digest = createHash('sha256').update(readFileSync(Buffer.concat([Buffer.from(`${root}/`), file])));
    summary.update(Buffer.concat([Buffer.from(`${digest.digest('hex')}  `), file, Buffer.from('\n')]));
  }
  return summary.digest('hex');
}
