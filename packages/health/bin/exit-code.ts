/**
 * The exit code is a bit mask: every finding has a bit of its own, and they add up.
 */
import type { Comparison } from '../src/source/comparison/change.js';
import type { Refusal } from '../src/source/tree/refusal.js';

export const EXIT = {
  clean: 0,
  added: 1,
  removed: 2,
  modified: 4,
  loadedDiffers: 8,
  notBelieved: 16,
  inconclusive: 32,
  refused: 64,
  usage: 128,
} as const;

export function exitOfDifferences({
  added,
  removed,
  modified,
}: Pick<Comparison, 'added' | 'removed' | 'modified'>) {
  return (added > 0 ? EXIT.added : 0) | (removed > 0 ? EXIT.removed : 0) | (modified > 0 ? EXIT.modified : 0);
}

/** What cannot be read leaves the question open; what must not be there answers it. */
export function exitOfRefusals(refusals: readonly Refusal[]): number {
  return refusals.reduce(
    (bits, { code }) =>
      bits | (code === 'E_READ' || code === 'E_UNSTABLE' ? EXIT.inconclusive : EXIT.refused),
    0,
  );
}
