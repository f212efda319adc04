/**
 * A folder against what it should be, whoever asks and whatever runs from it.
 */
import type { Comparison } from '../compare/change.js';
import { contradictionOf } from '../release/statement.js';
import { compareTrees } from '../compare/compare.js';
import { isBehind, type ScanError } from '../scan/scan-error.js';
import type { Scope } from '../scan/scope.js';
import { EXIT } from 'portal-shared/cli/exit-code';
import { exitOfDifferences, exitOfScanErrors } from './exit-code.js';
import type { ReleaseExpectation } from './expectation.js';
import type { Terminal } from 'portal-shared/cli/terminal';
import { contentsOf, hashFolder } from './tree.js';

export interface FolderVerification {
  readonly exit: number;
  readonly hash: string | null;
  readonly files: number;
  readonly refusals: readonly ScanError[];
  /** `undefined` when nothing differs, or when there is no manifest to tell what does. */
  readonly comparison: Comparison | undefined;
  /** Why a statement is not believed although the hash is the signed one. */
  readonly contradiction?: string | undefined;
}

export function verifyFolder(
  scope: Scope,
  expected: ReleaseExpectation,
  terminal: Terminal,
): FolderVerification {
  const { result, scanErrors, entries } = hashFolder(scope, terminal);
  const found = { hash: result?.hash ?? null, files: entries.length, refusals: scanErrors };
  if (result?.hash === expected.hash) {
    const contradiction = expected.statement && contradictionOf(expected.statement, result);
    const exit = contradiction === undefined ? EXIT.clean : EXIT.notBelieved;
    return { ...found, exit, comparison: undefined, contradiction };
  }
  const refused = exitOfScanErrors(scanErrors);
  if (!expected.manifest) {
    // The files that could be read may well be as they should.
    return { ...found, exit: result ? EXIT.modified : refused, comparison: undefined };
  }
  const comparison = compareTrees(
    // What could not be read is not missing.
    expected.manifest.filter(({ path }) => !isBehind(path, scanErrors)),
    entries,
    contentsOf(scope.root),
  );
  return { ...found, exit: refused | exitOfDifferences(comparison), comparison };
}
