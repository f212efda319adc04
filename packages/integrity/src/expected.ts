/**
 * What the source should be: by the signed statement of the release, or by a hash given by hand.
 */
import { readFile } from 'node:fs/promises';
import { keepSequence, readSequence } from './release/sequence.js';
import { envelopeOf } from './release/envelope.js';
import { acceptStatement, contradictionOf } from './release/statement.js';
import { StatementError } from './release/statement-error.js';
import type { ScanResult } from './scan/file-index.js';
import type { SourceSettings } from './source-options.js';
import type { ExpectedSource, SourceSnapshot } from './state.js';

/** `{}` when neither was given. */
export async function readExpected({
  statement,
  expectedHash,
  lastRunFile,
}: SourceSettings): Promise<Partial<SourceSnapshot>> {
  if (!statement) return expectedHash === undefined ? {} : { expected: byHand(expectedHash) };
  const memory = lastRunFile === undefined ? undefined : readSequence(sequenceFile(lastRunFile));
  const text = await readFile(statement.file, 'utf8').catch(() => undefined);
  // Others may have other keys, and another word for what we do not believe.
  const envelope = text === undefined ? null : envelopeOf(text);
  try {
    if (text === undefined) throw new StatementError('E_FILE');
    const accepted = acceptStatement(text, {
      ...statement,
      rememberedSequence: memory?.sequence,
      now: new Date(),
    });
    return {
      envelope,
      exclude: accepted.exclude,
      release: accepted,
      sequenceLost: memory?.lost ?? '',
      expected: {
        source_hash: accepted.sourceHash,
        by: 'statement',
        version: accepted.version,
        sequence: accepted.sequence,
        created: accepted.created,
        expires: accepted.expires,
        commit: accepted.commit,
        node: accepted.node,
        links: accepted.links.length,
        key_ids: accepted.keyIds,
        dependencies_hash: accepted.dependencies,
        lockfile: accepted.lockfile,
        node_binary: accepted.nodeBinary,
      },
    };
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    return { envelope, statementRejected: error.message };
  }
}

function byHand(hash: string): ExpectedSource {
  return {
    source_hash: hash,
    by: 'hand',
    version: null,
    sequence: null,
    created: null,
    expires: null,
    commit: null,
    node: null,
    links: 0,
    key_ids: [],
    dependencies_hash: null,
    lockfile: null,
    node_binary: null,
  };
}

/** Beside the tree of the last run. */
function sequenceFile(lastRunFile: string): string {
  return `${lastRunFile}.sequence`;
}

/**
 * What the first hash of the tree says of the statement: its figures may contradict the very tree that it vouches for, and
 * where it is believed, nothing older is from then on.
 */
export function weighStatement(
  { release }: SourceSnapshot,
  { hash, ...figures }: ScanResult,
  { lastRunFile }: SourceSettings,
): Partial<SourceSnapshot> {
  if (release?.sourceHash !== hash) return {};
  const contradiction = contradictionOf(release, figures);
  if (contradiction !== undefined) return { statementRejected: contradiction, expected: null };
  if (lastRunFile === undefined) return {};
  return { sequenceNotKept: keepSequence(sequenceFile(lastRunFile), release.sequence) };
}

/** Long timers drift from the clock, and clocks are set. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * Calls `onExpired` when the statement's time is over.
 *
 * @returns what ends the wait
 */
export function watchExpiry(expires: string | null, onExpired: (rejected: string) => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  function wait(): void {
    if (expires === null) return;
    const restMs = Date.parse(expires) - Date.now();
    if (restMs > 0) timer = setTimeout(wait, Math.min(restMs, LONGEST_WAIT_MS)).unref();
    else onExpired(new StatementError('E_EXPIRED').message);
  }
  wait();
  return () => clearTimeout(timer);
}
