import { asH1, hashFolders } from '../scan/manifest.js';
import { printable } from 'portal-shared/printable';
import type { CliCommand } from 'portal-shared/cli/command';
import { UsageError } from 'portal-shared/cli/command';
import { EXIT } from 'portal-shared/cli/exit-code';
import { exitOfScanErrors } from './exit-code.js';
import { printScanErrors } from './print-changes.js';
import { parse } from 'portal-shared/cli/arguments';
import { readScope, SCOPE_HELP, SCOPE_OPTIONS } from './scope-options.js';
import { hashFolder } from './tree.js';

export const hashCommand: CliCommand = {
  synopsis: '[DIR]',
  about: 'Print the hash of a tree: the source_hash of a service that runs it.',
  options: [
    ...SCOPE_HELP,
    ['--h1', 'in the spelling of Go’s modules, h1:…'],
    ['--folders', 'also of every folder, as if it were a tree of its own'],
  ],
  run(args, terminal) {
    const { values, positionals } = parse(args, {
      ...SCOPE_OPTIONS,
      h1: { type: 'boolean' },
      folders: { type: 'boolean' },
    });
    const [folder = '.', ...others] = positionals;
    if (others.length > 0) throw new UsageError('Expected one DIR at most.');
    const scope = readScope(folder, values);
    const { result, scanErrors, entries } = hashFolder(scope, terminal);
    if (!result) {
      printScanErrors(terminal, scanErrors);
      terminal.document({ source_hash: null, refusals: scanErrors });
      return exitOfScanErrors(scanErrors);
    }
    const spell = (hash: string): string => (values.h1 === true ? asH1(hash) : hash);
    const folders = values.folders === true ? hashFolders(entries) : new Map([['', result.hash]]);
    for (const [path, hash] of folders) {
      terminal.line(values.folders === true ? `${spell(hash)}  ./${printable(path)}` : spell(hash));
    }
    terminal.document({
      source_hash: result.hash,
      h1: asH1(result.hash),
      files: result.files,
      bytes: result.bytes,
      exclude: scope.exclude,
      ...(values.folders === true ? { folders: Object.fromEntries(folders) } : {}),
    });
    return EXIT.clean;
  },
};
