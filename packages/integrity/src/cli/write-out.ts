/** Files that a command writes: what stands in the way is the caller's to mend, and no bug of ours. */
import { writeFileSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { systemCode } from 'portal-shared/error-code';
import { InconclusiveError, UsageError } from 'portal-shared/cli/command';
import { createExclusion, type Scope } from '../scan/scope.js';

/** @throws InconclusiveError naming file and code */
export function writeOut(file: string, content: string | Buffer): void {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new InconclusiveError(`${file} cannot be written (${systemCode(error)}).`);
  }
}

/** A manifest or statement in the tree would change the very hash it is to vouch for. */
export function rejectInside(scope: Scope, out: string): void {
  const path = relative(scope.root, resolve(out)).split(sep).join('/');
  if (path.startsWith('../') || path === '..') return;
  const excludes = createExclusion(scope.exclude);
  const parts = path.split('/');
  const isExcluded = parts.some((name, index) => excludes(parts.slice(0, index + 1).join('/'), name));
  if (!isExcluded)
    throw new UsageError('Expected --out to lie outside of the tree, or to be excluded from it.');
}
