import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { compareTrees } from '../compare/compare.js';
import { isCommit, signStatement } from '../release/statement.js';
import { systemCode } from 'portal-shared/error-code';
import { InconclusiveError, UsageError, type CliCommand } from 'portal-shared/cli/command';
import { EXIT } from 'portal-shared/cli/exit-code';
import { exitOfDifferences, exitOfScanErrors } from './exit-code.js';
import { printScanErrors, countOf, printChanges } from './print-changes.js';
import { one, parse, readCount } from 'portal-shared/cli/arguments';
import { readSigningKey, signAgain, writeBytesToSign } from './add-signature.js';
import { LINKS_HELP, LINKS_OPTION, readScope, SCOPE_HELP, SCOPE_OPTIONS } from './scope-options.js';
import { contentsOf, hashFolder, readManifest } from './tree.js';
import { rejectInside, writeOut } from './write-out.js';

const DAY_MS = 86_400_000;
/** A hundred years: later dates are mistakes, and much later ones no dates at all. */
const MAX_DAYS = 36_500;

export const signCommand: CliCommand = {
  synopsis: '[DIR --release VERSION --sequence N] --key FILE',
  about:
    'Sign the manifest of a tree, after seeing that the tree still is what the manifest says. Without DIR: add a signature to the statement that is there.',
  options: [
    ['--key FILE', 'private key, as made by keygen; with --signature the public one'],
    [
      '--pae-out FILE',
      'in place of --key: write what is to be signed, for a key that is elsewhere (DSSE’s PAE)',
    ],
    ['--signature FILE', 'without DIR: a signature that was made of it, 64 bytes or Base64'],
    ['--release VERSION', 'name of the release, e.g. 1.4.0'],
    ['--sequence N', 'number that grows with every release'],
    ['--expires-in-days N', 'how long the statement may be believed; default 365'],
    ['--manifest FILE', 'default source.sha256'],
    ['--commit HASH', 'full name of the commit that it was built from, as git rev-parse HEAD prints it'],
    ['--lockfile FILE', 'lock file of the packages; its SHA-256 goes into the statement'],
    ['--dependencies FILE', 'list of the packages’ files, as made by dependencies --out'],
    ['--node-binary FILE', 'the binary of Node that will run it, such as /usr/local/bin/node'],
    ['--out FILE', 'default source.intoto.jsonl'],
    LINKS_HELP,
    ...SCOPE_HELP,
  ],
  run(args, terminal) {
    const { values, positionals } = parse(args, {
      ...SCOPE_OPTIONS,
      ...LINKS_OPTION,
      key: { type: 'string' },
      release: { type: 'string' },
      sequence: { type: 'string' },
      'expires-in-days': { type: 'string', default: '365' },
      manifest: { type: 'string', default: 'source.sha256' },
      commit: { type: 'string' },
      'pae-out': { type: 'string' },
      signature: { type: 'string' },
      lockfile: { type: 'string' },
      dependencies: { type: 'string' },
      'node-binary': { type: 'string' },
      out: { type: 'string', default: 'source.intoto.jsonl' },
    });
    if (positionals.length === 0) return signAgain(values, terminal);
    const folder = one(positionals, 'DIR');
    const { key: keyFile, 'pae-out': paeOut, release, sequence, lockfile, dependencies, commit } = values;
    if (
      release === undefined ||
      sequence === undefined ||
      (keyFile === undefined) === (paeOut === undefined)
    ) {
      throw new UsageError(
        'Expected --key, --release and --sequence. For a key that is elsewhere, --pae-out in place of --key.',
      );
    }
    if (values.signature !== undefined) {
      throw new UsageError('Expected no DIR with --signature: it belongs to the statement that was signed.');
    }
    if (commit !== undefined && !isCommit(commit)) {
      throw new UsageError(
        `Expected --commit to be the full name of a commit, 40 or 64 lower-case hexadecimal digits, got ${JSON.stringify(commit)}.`,
      );
    }
    const key = keyFile === undefined ? undefined : readSigningKey(keyFile);
    const days = readCount('expires-in-days', values['expires-in-days']);
    if (days < 1 || days > MAX_DAYS) {
      throw new UsageError(
        `Expected --expires-in-days to be a whole number from 1 to ${MAX_DAYS}, got ${days}.`,
      );
    }
    const scope = readScope(folder, values, values.links === true);
    rejectInside(scope, values.out);

    const manifest = readManifest(values.manifest);
    const { result, scanErrors, entries, links, leftOut } = hashFolder(scope, terminal);
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
      links,
      leftOut,
      files: result.files,
      bytes: result.bytes,
      node: process.versions.node,
      commit: commit ?? null,
      lockfile: digestOf(lockfile),
      dependencies: dependencies === undefined ? null : readManifest(dependencies).hash,
      nodeBinary: digestOf(values['node-binary']),
    };
    const envelope = signStatement(statement, key);
    writeOut(values.out, envelope);
    const counts = [
      countOf(result.files, 'file'),
      ...(links.length > 0 ? [countOf(links.length, 'link')] : []),
    ];
    terminal.line(`${values.out}  release ${release}, ${counts.join(', ')}, ${manifest.hash}`);
    if (paeOut !== undefined) writeBytesToSign(envelope, paeOut, terminal);
    terminal.document({ signed: key !== undefined, file: values.out, ...statement });
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
