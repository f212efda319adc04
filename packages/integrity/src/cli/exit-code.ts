/**
 * The bits of the exit code.
 */
import { EXIT } from 'portal-shared/cli/exit-code';
import type { Comparison } from '../compare/change.js';
import type { ScanError, ScanErrorCode } from '../scan/scan-error.js';

const INCONCLUSIVE: ReadonlySet<ScanErrorCode> = new Set([
  'E_READ',
  'E_LARGE',
  'E_UNSTABLE',
  'E_THREAD',
  'E_BUSY',
]);

export function exitOfDifferences({
  added,
  removed,
  modified,
}: Pick<Comparison, 'added' | 'removed' | 'modified'>) {
  return (added > 0 ? EXIT.added : 0) | (removed > 0 ? EXIT.removed : 0) | (modified > 0 ? EXIT.modified : 0);
}

/** What cannot be read leaves the question open; what must not be there answers it. */
export function exitOfScanErrors(scanErrors: readonly ScanError[]): number {
  return scanErrors.reduce((bits, { code }) => bits | exitOfScanError(code), 0);
}

function exitOfScanError(code: ScanErrorCode): number {
  if (code === 'E_LEFT_OUT') return EXIT.added;
  return INCONCLUSIVE.has(code) ? EXIT.inconclusive : EXIT.refused;
}
