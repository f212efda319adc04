/**
 * The inside of the library, which is not among its public names: what is measured here is the scan, and not the start
 * of a thread around it.
 */
import type * as FileIndexModule from '../../../packages/integrity/src/scan/file-index.js';
import type * as HashTreeModule from '../../../packages/integrity/src/scan/hash-tree.js';

const library = import.meta.resolve('portal-integrity');

const { createFileIndex }: typeof FileIndexModule = await import(
  new URL('./scan/file-index.js', library).href
);
const { hashTree }: typeof HashTreeModule = await import(new URL('./scan/hash-tree.js', library).href);

export { createFileIndex };

/** Hashes the tree on the calling thread; throws when a file stands in the way. */
export function hashOf(root: string): string {
  const { result, scanErrors } = hashTree({ root, exclude: [] });
  if (!result) throw new Error(`The tree cannot be read: ${JSON.stringify(scanErrors)}`);
  return result.hash;
}
