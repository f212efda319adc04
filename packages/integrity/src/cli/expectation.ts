/**
 * What a tree should be, and who says so.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { systemCode } from 'portal-shared/error-code';
import { warningsOfPeriod } from '../warnings.js';
import { readPublicKey } from '../release/keys.js';
import { acceptStatement, type Accepted } from '../release/statement.js';
import { StatementError } from '../release/statement-error.js';
import type { ManifestEntry } from '../scan/manifest.js';
import { keepSequence, readSequence } from '../release/sequence.js';
import { EXIT } from 'portal-shared/cli/exit-code';
import type { Terminal } from 'portal-shared/cli/terminal';
import { InconclusiveError, UsageError, type OptionHelp } from 'portal-shared/cli/command';
import { readCount, readText } from 'portal-shared/cli/arguments';
import { readManifest } from './tree.js';

export const EXPECTATION_OPTIONS = {
  statement: { type: 'string' },
  key: { type: 'string', multiple: true },
  manifest: { type: 'string' },
  expect: { type: 'string' },
  'min-sequence': { type: 'string', default: '0' },
  'accept-sequence': { type: 'string' },
  lockfile: { type: 'string' },
  signatures: { type: 'string', default: '1' },
  remember: { type: 'string' },
} as const;

export const EXPECTATION_HELP: readonly OptionHelp[] = [
  ['--statement FILE', 'the signed statement, source.intoto.jsonl; the scope is the one it declares'],
  ['--key FILE', 'public key to believe, from outside of the tree; repeatable'],
  ['--manifest FILE', 'source.sha256, to tell which files differ; unsigned without a statement'],
  ['--expect HASH', 'the hash, given by hand'],
  ['--signatures N', 'by how many of the keys it must be signed; default 1'],
  ['--min-sequence N', 'refuse releases with a lower sequence'],
  ['--remember FILE', 'keep the highest sequence accepted there, and refuse lower ones'],
  [
    '--accept-sequence N',
    'take the release with this sequence although a higher one is remembered: a rollback on purpose',
  ],
  ['--lockfile FILE', 'compare it with the lock file that was signed'],
];

export interface ReleaseExpectation {
  readonly hash: string;
  /** `nobody`: a manifest without a signature, which anyone could have written. */
  readonly by: 'statement' | 'hand' | 'nobody';
  readonly statement: Accepted | undefined;
  readonly manifest: readonly ManifestEntry[] | undefined;
}

interface ExpectationValues {
  readonly statement?: string | undefined;
  readonly key?: readonly string[] | undefined;
  readonly manifest?: string | undefined;
  readonly expect?: string | undefined;
  readonly 'min-sequence': string;
  readonly 'accept-sequence'?: string | undefined;
  readonly lockfile?: string | undefined;
  readonly signatures: string;
  readonly remember?: string | undefined;
}

/**
 * @throws StatementError when the statement is not to be believed
 */
export function readExpectation(values: ExpectationValues, terminal: Terminal): ReleaseExpectation {
  const { expect } = values;
  if (expect !== undefined && !/^[0-9a-f]{64}$/.test(expect)) {
    throw new UsageError('Expected --expect to be 64 lower-case hexadecimal digits.');
  }
  if (expect !== undefined && values.statement !== undefined) {
    throw new UsageError('Expected either --statement or --expect.');
  }
  if (values.lockfile !== undefined && values.statement === undefined) {
    throw new UsageError('Expected --lockfile with --statement, which says what it should be.');
  }
  const statement =
    values.statement === undefined ? undefined : readStatement(values.statement, values, terminal);
  const manifest = values.manifest === undefined ? undefined : readManifest(values.manifest);
  const said = statement?.sourceHash ?? expect;
  if (said !== undefined && manifest !== undefined && manifest.hash !== said) {
    throw new StatementError('E_MANIFEST');
  }
  const hash = said ?? manifest?.hash;
  if (hash === undefined) throw new UsageError('Expected --statement, --manifest or --expect.');
  const by = statement ? 'statement' : expect === undefined ? 'nobody' : 'hand';
  return { hash, by, statement, manifest: manifest?.entries };
}

function readStatement(file: string, values: ExpectationValues, terminal: Terminal): Accepted {
  const keys = (values.key ?? []).map((keyFile) => {
    const key = readPublicKey(readText(keyFile));
    if (!key) throw new UsageError(`Expected --key to be an Ed25519 public key in PEM, got ${keyFile}.`);
    return key;
  });
  if (keys.length === 0) throw new UsageError('Expected --key with --statement.');
  const threshold = readCount('signatures', values.signatures);
  if (threshold < 1 || threshold > keys.length) {
    throw new UsageError(`Expected --signatures to be from 1 to the number of keys, got ${threshold}.`);
  }
  const { remember, 'accept-sequence': acceptSequence } = values;
  if (acceptSequence !== undefined && remember === undefined) {
    throw new UsageError('Expected --accept-sequence with --remember, against which it counts.');
  }
  const accepted = acceptStatement(readText(file), {
    keys,
    minimumSequence: readCount('min-sequence', values['min-sequence']),
    rememberedSequence: remember === undefined ? undefined : rememberedSequence(remember, terminal),
    acceptedSequence: acceptSequence === undefined ? undefined : readCount('accept-sequence', acceptSequence),
    threshold,
    now: new Date(),
  });
  for (const warning of warningsOfPeriod(accepted, Date.now())) terminal.complain(warning);
  return accepted;
}

/** A memory that is gone is told: whoever deletes it would otherwise roll back unseen. */
function rememberedSequence(file: string, terminal: Terminal): number | undefined {
  const { sequence, lost } = readSequence(file);
  if (lost === 'ENOENT') {
    checkPlace(file);
    terminal.complain(`${file} remembers no sequence yet: an older release would not be noticed this time.`);
  } else if (lost !== '') {
    throw new InconclusiveError(`${file} does not tell a sequence (${lost}).`);
  }
  return sequence;
}

/** Before anything is called verified that could then not be remembered. */
function checkPlace(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw new InconclusiveError(`${file} cannot be written (${systemCode(error)}).`);
  }
}

/** After all was found well: from now on, nothing older than this release. */
export function rememberSequence(file: string | undefined, { statement }: ReleaseExpectation): void {
  if (file === undefined || !statement || statement.sequence === readSequence(file).sequence) return;
  const failed = keepSequence(file, statement.sequence);
  if (failed !== '') throw new InconclusiveError(`${file} cannot be written (${failed}).`);
}

/** The bit of a lock file that is not the signed one, which is told. */
export function exitOfLockFile(file: string, { statement }: ReleaseExpectation, terminal: Terminal): number {
  const digest = createHash('sha256').update(readText(file)).digest('hex');
  const signed = statement?.lockfile ?? null;
  if (signed === digest) return EXIT.clean;
  if (signed === null) {
    terminal.complain(`${file} cannot be compared: the statement holds no digest of a lock file.`);
    return EXIT.inconclusive;
  }
  terminal.complain(`${file} is not the lock file that was signed.`);
  return EXIT.modified;
}
