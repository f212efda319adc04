import { compareTrees } from '../compare/compare.js';
import { UsageError, type CliCommand } from 'portal-shared/cli/command';
import { exitOfDifferences, exitOfScanErrors } from './exit-code.js';
import { printScanErrors, printChanges } from './print-changes.js';
import { parse } from 'portal-shared/cli/arguments';
import { readScope, SCOPE_HELP, SCOPE_OPTIONS } from './scope-options.js';
import type { ManifestEntry } from '../scan/manifest.js';
import type { ScanError } from '../scan/scan-error.js';
import { contentsOf, hashFolder, isFolder, readManifest } from './tree.js';

export const diffCommand: CliCommand = {
  synopsis: 'A B',
  about: 'Tell what became of A in B. Either is a folder, or a manifest; - reads one from standard input.',
  options: SCOPE_HELP,
  run(args, terminal) {
    const { values, positionals } = parse(args, SCOPE_OPTIONS);
    const [before, after, ...others] = positionals;
    if (before === undefined || after === undefined || others.length > 0) {
      throw new UsageError('Expected exactly two trees, A and B.');
    }
    const scanErrors: ScanError[] = [];
    const read = (tree: string): readonly ManifestEntry[] => {
      if (!isFolder(tree)) return readManifest(tree).entries;
      const hashed = hashFolder(readScope(tree, values), terminal);
      scanErrors.push(...hashed.scanErrors);
      return hashed.entries;
    };
    const entriesBefore = read(before);
    const entriesAfter = read(after);
    const comparison = compareTrees(
      entriesBefore,
      entriesAfter,
      isFolder(after) ? contentsOf(after) : undefined,
    );
    printScanErrors(terminal, scanErrors);
    printChanges(terminal, comparison.changes);
    terminal.document({ ...comparison, refusals: scanErrors });
    return exitOfDifferences(comparison) | exitOfScanErrors(scanErrors);
  },
};
