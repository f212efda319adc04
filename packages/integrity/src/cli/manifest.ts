import { formatManifest, inManifestOrder } from '../scan/manifest.js';
import type { CliCommand } from 'portal-shared/cli/command';
import { EXIT } from 'portal-shared/cli/exit-code';
import { exitOfScanErrors } from './exit-code.js';
import { printScanErrors } from './print-changes.js';
import { one, parse } from 'portal-shared/cli/arguments';
import { LINKS_HELP, LINKS_OPTION, readScope, SCOPE_HELP, SCOPE_OPTIONS } from './scope-options.js';
import { hashFolder } from './tree.js';
import { rejectInside, writeOut } from './write-out.js';

export const manifestCommand: CliCommand = {
  synopsis: 'DIR [--out FILE]',
  about: 'Print the manifest of a tree, as sha256sum would; its SHA-256 is the hash of the tree.',
  options: [
    ...SCOPE_HELP,
    LINKS_HELP,
    ['--out FILE', 'write it there, e.g. source.sha256; not into the tree itself'],
  ],
  run(args, terminal) {
    const { values, positionals } = parse(args, {
      ...SCOPE_OPTIONS,
      ...LINKS_OPTION,
      out: { type: 'string' },
    });
    const scope = readScope(one(positionals, 'DIR'), values, values.links === true);
    if (values.out !== undefined) rejectInside(scope, values.out);
    const { result, scanErrors, entries } = hashFolder(scope, terminal);
    if (!result) {
      printScanErrors(terminal, scanErrors);
      terminal.document({ source_hash: null, refusals: scanErrors });
      return exitOfScanErrors(scanErrors);
    }
    const manifest = formatManifest(entries);
    if (values.out !== undefined) writeOut(values.out, manifest);
    else if (!terminal.json) terminal.raw(manifest);
    terminal.document({ source_hash: result.hash, files: inManifestOrder(entries) });
    return EXIT.clean;
  },
};
