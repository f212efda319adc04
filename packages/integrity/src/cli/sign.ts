import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { compareTrees } from '../compare/compare.js';
import { readPrivateKey } from '../release/keys.js';
import { signStatement } from '../release/statement.js';
import { systemCode } from 'portal-shared/error-code';
import { InconclusiveError, UsageError, type CliCommand } from 'portal-shared/cli/command';
import { EXIT } from 'portal-shared/cli/exit-code';
import { exitOfDifferences, exitOfScanErrors } from './exit-code.js';
import { printScanErrors, countOf, printChanges } from './print-changes.js';
import { one, parse, readCount, readText } from 'portal-shared/cli/arguments';
import { readScope, SCOPE_HELP, SCOPE_OPTIONS } from './scope-options.js';
import { contentsOf, hashFolder, readManifest } from './tree.js';
import { rejectInside, writeOut } from './write-out.js';

const DAY_MS = 86_400_000;
/** A hundred years: later dates are mistakes, and much later ones no dates at all. */
const MAX_DAYS = 36_500;

export const signCommand: CliCommand = {
  synopsis: 'DIR --key FILE --release VERSION --sequence N',
  about: 'Sign the manifest of a tree, after seeing that the tree still is what the manifest says.',
  options: [
    ['--key FILE', 'private key, as made by keygen'],
    ['--release VERSION', 'name of the release, e.g. 1.4.0'],
    ['--sequence N', 'number that grows with every release'],
    ['--expires-in-days N', 'how long the statement may be believed; default 365'],
    ['--manifest FILE', 'default source.sha256'],
    ['--lockfile FILE', 'lock file of the packages; its SHA-256 goes into the statement'],
    ['--dependencies FILE', 'list of the packages’ files, as made by dependencies --out'],
    ['--node-binary FILE', 'the binary of Node that will run it, such as /usr/local/bin/node'],
    ['--out FILE', 'default source.intoto.jsonl'],
    ...SCOPE_HELP,
  ],
  run(args, terminal) {
    const { values, positionals } = parse(args, {
      ...SCOPE_OPTIONS,
      key: { type: 'string' },
      release: { type: 'string' },
      sequence: { type: 'string' },
      'expires-in-days': { type: 'string', default: '365' },
      manifest: { type: 'string', default: 'source.sha256' },
      lockfile: { type: 'string' },
      dependencies: { type: 'string' },
      'node-binary': { type: 'string' },
      out: { type: 'string', default: 'source.intoto.jsonl' },
    });
    const folder = one(positionals, 'DIR');
    const { key: keyFile, release, sequence, lockfile, dependencies } = values;
    if (keyFile === undefined || release === undefined || sequence === undefined) {
      throw new UsageError('Expected --key, --release and --sequence.');
    }
    const key = readPrivateKey(readText(keyFile));
    if (!key) throw new UsageError('Expected --key to be an Ed25519 private key in PEM, without a password.');
    const days = readCount('expires-in-days', values['expires-in-days']);
    if (days < 1 || days > MAX_DAYS) {
      throw new UsageError(
        `Expected --expires-in-days to be a whole number from 1 to ${MAX_DAYS}, got ${days}.`,
      );
    }
    const scope = readScope(folder, values);
    rejectInside(scope, values.out);

    const manifest = readManifest(values.manifest);
    const { result, scanErrors, entries } = hashFolder(scope, terminal);
    if (!result) {
      printScanErrors(terminal, scanErrors);
      return exitOfScanErrors(scanErrors);
    }
    if (result.hash !== manifest.hash) {
      const comparison = compareTrees(manifest.entries, entries, contentsOf(scope.root));
      terminal.complain('Not signed: the tree is no longer what the manifest says.');
      printChanges(terminal, comparison.changes);
      terminal.document({ signed: false, ...comparison });
      return exitOfDifferences(comparison);
    }

    const now = new Date();
    const statement = {
      sourceHash: manifest.hash,
      version: release,
      sequence: readCount('sequence', sequence),
      created: now.toISOString(),
      expires: new Date(now.getTime() + days * DAY_MS).toISOString(),
      exclude: scope.exclude,
      files: result.files,
      bytes: result.bytes,
      node: process.versions.node,
      lockfile: digestOf(lockfile),
      dependencies: dependencies === undefined ? null : readManifest(dependencies).hash,
      nodeBinary: digestOf(values['node-binary']),
    };
    writeOut(values.out, signStatement(statement, key));
    terminal.line(`${values.out}  release ${release}, ${countOf(result.files, 'file')}, ${manifest.hash}`);
    terminal.document({ signed: true, file: values.out, ...statement });
    return EXIT.clean;
  },
};

function digestOf(file: string | undefined): string | null {
  if (file === undefined) return null;
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch (error) {
    throw new InconclusiveError(`${file} cannot be read (${systemCode(error)}).`);
  }
}
