/**
 * What a tree should be, and who says so.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { readPublicKey } from '../release/keys.js';
import { acceptStatement, type Accepted } from '../release/statement.js';
import { StatementError } from '../release/statement-error.js';
import type { ManifestEntry } from '../scan/manifest.js';
import { systemCode } from 'portal-shared/error-code';
import { InconclusiveError, UsageError, type OptionHelp } from 'portal-shared/cli/command';
import { readCount, readText } from 'portal-shared/cli/arguments';
import { readManifest } from './tree.js';

export const EXPECTATION_OPTIONS = {
  statement: { type: 'string' },
  key: { type: 'string', multiple: true },
  manifest: { type: 'string' },
  expect: { type: 'string' },
  'min-sequence': { type: 'string', default: '0' },
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
  readonly signatures: string;
  readonly remember?: string | undefined;
}

/**
 * @throws StatementError when the statement is not to be believed
 */
export function readExpectation(values: ExpectationValues): ReleaseExpectation {
  const { expect } = values;
  if (expect !== undefined && !/^[0-9a-f]{64}$/.test(expect)) {
    throw new UsageError('Expected --expect to be 64 lower-case hexadecimal digits.');
  }
  if (expect !== undefined && values.statement !== undefined) {
    throw new UsageError('Expected either --statement or --expect.');
  }
  const statement = values.statement === undefined ? undefined : readStatement(values.statement, values);
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

function readStatement(file: string, values: ExpectationValues): Accepted {
  const keys = (values.key ?? []).map((keyFile) => {
    const key = readPublicKey(readText(keyFile));
    if (!key) throw new UsageError(`Expected --key to be an Ed25519 public key in PEM, got ${keyFile}.`);
    return key;
  });
  if (keys.length === 0) throw new UsageError('Expected --key with --statement.');
  const minimumSequence = Math.max(
    readCount('min-sequence', values['min-sequence']),
    rememberedSequence(values.remember),
  );
  const threshold = readCount('signatures', values.signatures);
  if (threshold < 1 || threshold > keys.length) {
    throw new UsageError(`Expected --signatures to be from 1 to the number of keys, got ${threshold}.`);
  }
  return acceptStatement(readText(file), { keys, minimumSequence, threshold, now: new Date() });
}

function rememberedSequence(file: string | undefined): number {
  if (file === undefined) return 0;
  try {
    return readCount('remember', readFileSync(file, 'utf8').trim());
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    if (error instanceof UsageError) throw new UsageError(`Expected ${file} to hold a sequence number.`);
    throw new InconclusiveError(`${file} cannot be read (${systemCode(error)}).`);
  }
}

/** After all was found well: from now on, nothing older than this release. */
export function rememberSequence(file: string | undefined, { statement }: ReleaseExpectation): void {
  if (file === undefined || !statement) return;
  if (statement.sequence > rememberedSequence(file)) writeFileSync(file, `${statement.sequence}\n`);
}
