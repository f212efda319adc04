import { writeFileSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { formatManifest, inManifestOrder } from '../scan/manifest.js';
import { createExclusion, type Scope } from '../scan/scope.js';
import { UsageError, type CliCommand } from 'portal-shared/cli/command';
import { EXIT } from 'portal-shared/cli/exit-code';
import { exitOfScanErrors } from './exit-code.js';
import { printScanErrors } from './print-changes.js';
import { one, parse } from 'portal-shared/cli/arguments';
import { readScope, SCOPE_HELP, SCOPE_OPTIONS } from './scope-options.js';
import { hashFolder } from './tree.js';

export const manifestCommand: CliCommand = {
  synopsis: 'DIR [--out FILE]',
  about: 'Print the manifest of a tree, as sha256sum would; its SHA-256 is the hash of the tree.',
  options: [...SCOPE_HELP, ['--out FILE', 'write it there, e.g. source.sha256; not into the tree itself']],
  run(args, terminal) {
    const { values, positionals } = parse(args, { ...SCOPE_OPTIONS, out: { type: 'string' } });
    const scope = readScope(one(positionals, 'DIR'), values);
    if (values.out !== undefined) rejectInside(scope, values.out);
    const { result, scanErrors, entries } = hashFolder(scope, terminal);
    if (!result) {
      printScanErrors(terminal, scanErrors);
      terminal.document({ source_hash: null, refusals: scanErrors });
      return exitOfScanErrors(scanErrors);
    }
    const manifest = formatManifest(entries);
    if (values.out !== undefined) writeFileSync(values.out, manifest);
    else if (!terminal.json) terminal.raw(manifest);
    terminal.document({ source_hash: result.hash, files: inManifestOrder(entries) });
    return EXIT.clean;
  },
};

/** A manifest in the tree would change the very hash it is to vouch for. */
function rejectInside(scope: Scope, out: string): void {
  const path = relative(scope.root, resolve(out)).split(sep).join('/');
  if (path.startsWith('../') || path === '..') return;
  const excludes = createExclusion(scope.exclude);
  const parts = path.split('/');
  const isExcluded = parts.some((name, index) => excludes(parts.slice(0, index + 1).join('/'), name));
  if (!isExcluded)
    throw new UsageError('Expected --out to lie outside of the tree, or to be excluded from it.');
}
