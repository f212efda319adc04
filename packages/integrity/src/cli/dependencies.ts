import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createDependencyIndex, type DependencyCheck } from '../dependencies/dependency-index.js';
import { searchedElsewhere } from '../dependencies/elsewhere.js';
import { isPlace, listDependencies, withPrograms, type DependencyList } from '../dependencies/list.js';
import { LOCK_FILES, NO_LOCK_FILE, parseLockFile } from '../dependencies/lock-file.js';
import type { LockFile } from '../dependencies/locked.js';
import { findTarballs } from '../dependencies/tarballs.js';
import { formatManifest, manifestHash } from '../scan/manifest.js';
import { printable } from 'portal-shared/printable';
import { InconclusiveError, UsageError, type CliCommand } from 'portal-shared/cli/command';
import { EXIT } from 'portal-shared/cli/exit-code';
import { exitOfDifferences, exitOfScanErrors } from './exit-code.js';
import { countOf, printChanges, printScanErrors } from './print-changes.js';
import { parse, readText } from 'portal-shared/cli/arguments';
import type { Terminal } from 'portal-shared/cli/terminal';
import { isFolder, readManifest } from './tree.js';
import { writeOut } from './write-out.js';

export const dependenciesCommand: CliCommand = {
  synopsis: '[DIR]',
  about:
    'Check node_modules below DIR against its lock file, file by file: by a list made at build, or by the tarballs in the cache of npm.',
  options: [
    ['--out FILE', 'write the list as well, as sha256sum would; its SHA-256 is the dependencies_hash'],
    ['--list FILE', 'check by this list; needs no cache'],
    ['--lockfile FILE', 'default package-lock.json, npm-shrinkwrap.json or pnpm-lock.yaml in DIR'],
    ['--cache DIR', 'cache of npm; default ~/.npm/_cacache'],
    ['--tarballs DIR', 'folder of .tgz files to look in besides; repeatable'],
    ['--as-built PATH', 'list a package as it lies there, such as a patched one; repeatable'],
  ],
  run(args, terminal) {
    const { values, positionals } = parse(args, {
      out: { type: 'string' },
      list: { type: 'string' },
      lockfile: { type: 'string' },
      cache: { type: 'string' },
      tarballs: { type: 'string', multiple: true },
      'as-built': { type: 'string', multiple: true },
    });
    const [folder = '.', ...others] = positionals;
    if (others.length > 0) throw new UsageError('Expected one DIR at most.');
    if (values.list !== undefined && [values.out, values['as-built']].some((value) => value !== undefined))
      throw new UsageError('Expected neither --out nor --as-built with --list.');
    const lock = readLockFile(folder, values.lockfile);
    const asBuilt = (values['as-built'] ?? []).map((path) => path.replace(/^\.\//, '').replace(/\/+$/, ''));
    const unknown = asBuilt.find(
      (path) => !isPlace(path) && ![...lock.packages, ...lock.uncovered].some((one) => one.path === path),
    );
    if (unknown !== undefined)
      throw new UsageError(
        `Expected --as-built to be the path of a package of the lock file or of a node_modules, got ${unknown}.`,
      );
    const list =
      values.list === undefined
        ? listByTarballs(folder, lock, values.cache, values.tarballs, asBuilt)
        : { entries: readManifest(values.list).entries, uncovered: [], asBuilt: [] };
    const check = createDependencyIndex(folder, lock, list.entries).check();
    const hash = manifestHash(list.entries);
    if (values.out !== undefined) {
      writeOut(values.out, formatManifest(list.entries));
      terminal.line(`${values.out}  ${countOf(list.entries.length, 'file')}, ${hash}`);
    }
    return tell(terminal, folder, hash, list, check, lock);
  },
};

/** @throws InconclusiveError saying what to do */
function readLockFile(folder: string, given: string | undefined): LockFile {
  const name = LOCK_FILES.find((file) => existsSync(join(folder, file))) ?? LOCK_FILES[0];
  const file = given ?? join(folder, name);
  const lock = parseLockFile(readText(file), (path) => namesIn(join(folder, path)));
  if (!lock) throw new InconclusiveError(`${file} ${NO_LOCK_FILE}.`);
  return lock;
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function listByTarballs(
  folder: string,
  lock: LockFile,
  cache = join(homedir(), '.npm/_cacache'),
  folders: readonly string[] = [],
  asBuilt: readonly string[] = [],
): DependencyList {
  const missing = folders.find((one) => !isFolder(one));
  if (missing !== undefined) throw new UsageError(`Expected --tarballs to be a folder, got ${missing}.`);
  const list = listDependencies(lock, folder, findTarballs(folder, cache, folders), asBuilt);
  const first = createDependencyIndex(folder, lock, list.entries);
  first.check();
  return withPrograms(list, first.found());
}

function tell(
  terminal: Terminal,
  folder: string,
  hash: string,
  { uncovered: unlisted, asBuilt }: DependencyList,
  check: DependencyCheck,
  lock: LockFile,
): number {
  const told = new Set(unlisted.map(({ path }) => path));
  const uncovered = [...unlisted, ...check.uncovered.filter(({ path }) => !told.has(path))];
  for (const { path, why } of asBuilt) terminal.complain(`as it lies here: ${printable(path)} ${why}`);
  for (const { path, why } of check.linked) terminal.complain(`noted: ${printable(path)} ${why}`);
  for (const { path, why } of uncovered) terminal.complain(`not covered: ${printable(path)} ${why}`);
  for (const path of searchedElsewhere(folder)) terminal.complain(`Node also looks into ${printable(path)}`);
  printScanErrors(terminal, check.scanErrors);
  printChanges(terminal, check.changes);
  hintAtScripts(terminal, lock, check);
  const isOpen = uncovered.some(({ path }) => isPackage(lock, path));
  const exit =
    exitOfDifferences(check) | exitOfScanErrors(check.scanErrors) | (isOpen ? EXIT.inconclusive : EXIT.clean);
  const [word, colour] =
    exit === EXIT.clean
      ? (['as locked ', 'green'] as const)
      : exit === EXIT.inconclusive
        ? (['open      ', 'yellow'] as const)
        : (['differs   ', 'red'] as const);
  const counts = `${countOf(check.packages, 'package')}, ${countOf(check.files, 'file')}, ${check.absent.length} not installed`;
  terminal.line(`${terminal.paint(colour, word)}${printable(folder)}  ${counts}`);
  terminal.document({ exit, dependencies_hash: hash, ...check, uncovered, as_built: asBuilt });
  return exit;
}

function isPackage(lock: LockFile, path: string): boolean {
  return [...lock.packages, ...lock.uncovered].some((locked) => locked.path === path);
}

/** A package that builds itself is not what its tarball is, and that is no attack. */
function hintAtScripts(terminal: Terminal, lock: LockFile, { changes }: DependencyCheck): void {
  for (const { path, hasInstallScript } of lock.packages) {
    if (hasInstallScript !== true || !changes.some((change) => change.path.startsWith(`${path}/`))) continue;
    terminal.complain(
      `${printable(path)} runs a script when it is installed; if this is its work, make the list with --as-built ${printable(path)}`,
    );
  }
}
