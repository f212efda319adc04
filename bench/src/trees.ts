/** Trees to hash, in new temporary folders. */
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SampleTree {
  readonly title: string;
  readonly root: string;
  remove(): void;
}

/** `files` files of about `bytesEach`, 25 to a folder, as in a build with its dependencies. */
export function makeTree(title: string, files: number, bytesEach: number): SampleTree {
  const tree = emptyTree(title);
  const noise = randomBytes(2 * bytesEach + files);
  for (let index = 0; index < files; index += 1) {
    const folder = join(tree.root, `d${Math.floor(index / 25) % 17}`, `e${Math.floor(index / 25)}`);
    mkdirSync(folder, { recursive: true });
    // From a fifth of the size to nine fifths, the same in every run.
    const bytes = Math.round(bytesEach * (0.2 + (1.6 * ((index * 7_919) % 1_000)) / 1_000));
    writeFileSync(join(folder, `file-${index}.js`), noise.subarray(index, index + bytes));
  }
  return tree;
}

/** A few large sparse files: they take no room on the disk, and as long to read as others. */
export function makeLargeFiles(title: string, files: number, bytesEach: number): SampleTree {
  const tree = emptyTree(title);
  for (let index = 0; index < files; index += 1) {
    const descriptor = openSync(join(tree.root, `large-${index}`), 'w');
    ftruncateSync(descriptor, bytesEach);
    closeSync(descriptor);
  }
  return tree;
}

function emptyTree(title: string): SampleTree {
  const root = mkdtempSync(join(tmpdir(), 'portal-bench-'));
  return { title, root, remove: () => rmSync(root, { recursive: true, force: true }) };
}
