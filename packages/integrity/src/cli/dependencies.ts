import { homedir } from 'node:os';
import { join } from 'node:path';
import { checkDependencies, listDependencies } from '../dependencies/dependencies.js';
import { parseLockFile, type UncoveredPackage } from '../dependencies/lock-file.js';
import { formatManifest, manifestHash } from '../scan/manifest.js';
import { printable } from 'portal-shared/printable';
import { InconclusiveError, UsageError, type CliCommand } from 'portal-shared/cli/command';
import { EXIT } from 'portal-shared/cli/exit-code';
import { exitOfDifferences, exitOfScanErrors } from './exit-code.js';
import { countOf, printChanges, printScanErrors } from './print-changes.js';
import { parse, readText } from 'portal-shared/cli/arguments';
import type { Terminal } from 'portal-shared/cli/terminal';
import { readManifest } from './tree.js';
import { writeOut } from './write-out.js';

export const dependenciesCommand: CliCommand = {
  synopsis: '[DIR]',
  about:
    'Check node_modules below DIR against package-lock.json, file by file: by a list made at build, or by the tarballs in the cache of npm.',
  options: [
    ['--out FILE', 'write the list instead, as sha256sum would; its SHA-256 is the dependencies_hash'],
    ['--list FILE', 'check by this list; needs no cache'],
    ['--lockfile FILE', 'default package-lock.json in DIR'],
    ['--cache DIR', 'cache of npm; default ~/.npm/_cacache'],
  ],
  run(args, terminal) {
    const { values, positionals } = parse(args, {
      out: { type: 'string' },
      list: { type: 'string' },
      lockfile: { type: 'string' },
      cache: { type: 'string' },
    });
    const [folder = '.', ...others] = positionals;
    if (others.length > 0) throw new UsageError('Expected one DIR at most.');
    if (values.out !== undefined && values.list !== undefined)
      throw new UsageError('Expected either --out or --list.');
    const lockFile = values.lockfile ?? join(folder, 'package-lock.json');
    const lock = parseLockFile(readText(lockFile));
    if (!lock) throw new InconclusiveError(`${lockFile} is not a lock file of npm, version 2 or 3.`);
    const list =
      values.list === undefined
        ? listDependencies(lock, folder, values.cache ?? join(homedir(), '.npm/_cacache'))
        : { entries: readManifest(values.list).entries, uncovered: lock.uncovered };
    const hash = manifestHash(list.entries);
    if (values.out !== undefined) {
      printUncovered(terminal, list.uncovered);
      writeOut(values.out, formatManifest(list.entries));
      terminal.line(`${values.out}  ${countOf(list.entries.length, 'file')}, ${hash}`);
      terminal.document({ dependencies_hash: hash, files: list.entries.length, uncovered: list.uncovered });
      return list.uncovered.length > lock.uncovered.length ? EXIT.inconclusive : EXIT.clean;
    }
    const check = checkDependencies(folder, lock, list);
    printUncovered(terminal, check.uncovered);
    printScanErrors(terminal, check.scanErrors);
    printChanges(terminal, check.changes);
    const open = list.uncovered.length > lock.uncovered.length ? EXIT.inconclusive : EXIT.clean;
    const exit = exitOfDifferences(check) | exitOfScanErrors(check.scanErrors) | open;
    const word =
      exit === EXIT.clean ? 'as locked ' : exit === EXIT.inconclusive ? 'open      ' : 'differs   ';
    const colour = exit === EXIT.clean ? 'green' : exit === EXIT.inconclusive ? 'yellow' : 'red';
    const counts = `${countOf(check.packages, 'package')}, ${countOf(check.files, 'file')}, ${check.absent.length} not installed`;
    terminal.line(`${terminal.paint(colour, word)}${printable(folder)}  ${counts}`);
    terminal.document({ exit, dependencies_hash: hash, ...check });
    return exit;
  },
};

function printUncovered(terminal: Terminal, uncovered: readonly UncoveredPackage[]): void {
  for (const { path, why } of uncovered) terminal.complain(`not covered: ${printable(path)} ${why}`);
}
