/**
 * What `watchSource` is given, checked once at construction.
 */
import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { optionError } from 'portal-shared/check-options';
import type { SourceEvent } from './watch/drift.js';
import { readPublicKey } from './release/keys.js';
import { createScope, type Scope } from './scan/scope.js';

/** Which files are the source, and what they should be. */
export interface SourceOptions {
  /** Folder of the code that runs; every regular file below it counts. */
  readonly root: string;
  /**
   * What does not count: names at any depth (`node_modules`), and paths from the root (`health/src`, `./build`).
   * No wildcards. A statement's own scope goes before this.
   */
  readonly exclude?: readonly string[];
  /** The hash that the source must have, given by hand: 64 lower-case hexadecimal digits. */
  readonly expectedHash?: string;
  /** The signed statement of the release, in place of a hash given by hand. */
  readonly statement?: StatementOptions;
  /** Whether to look at the disk again while running; default true. */
  readonly watch?: boolean;
  /** Milliseconds between two looks, varied by a fifth; default 10,000. */
  readonly scanIntervalMs?: number;
  /** Told of every change of the source on disk, and again while it goes on: for the application's log. */
  readonly onEvent?: (event: SourceEvent) => void;
}

/** Where the release's signed statement is, and whom to believe. */
export interface StatementOptions {
  /** Path of `source.intoto.jsonl`. */
  readonly file: string;
  /** Ed25519 public keys in PEM. They belong outside of the tree that they vouch for. */
  readonly keys: readonly string[];
  /** Refuse any release with a lower sequence; default 0. */
  readonly minimumSequence?: number;
}

/** Checked options, defaults filled in. */
export interface SourceSettings {
  readonly scope: Scope;
  readonly expectedHash: string | undefined;
  readonly statement:
    | { readonly file: string; readonly keys: readonly KeyObject[]; readonly minimumSequence: number }
    | undefined;
  readonly watch: boolean;
  readonly scanIntervalMs: number;
  readonly onEvent: (event: SourceEvent) => void;
}

const KNOWN_SOURCE_OPTIONS = [
  'root',
  'exclude',
  'expectedHash',
  'statement',
  'watch',
  'scanIntervalMs',
  'onEvent',
];

/** A changed file is known within 15 s, and a tree of 100,000 entries costs a twentieth of one processor. */
const SCAN_INTERVAL_MS = 10_000;
const MIN_SCAN_INTERVAL_MS = 100;
const LONGEST_TIMER_MS = 2 ** 30;

/**
 * @throws TypeError naming option, rule and value
 */
export function checkSourceOptions(options: SourceOptions): SourceSettings {
  for (const key of Object.keys(options)) {
    if (!KNOWN_SOURCE_OPTIONS.includes(key))
      throw optionError(key, `to be one of ${KNOWN_SOURCE_OPTIONS.join(', ')}`, key);
  }
  const { expectedHash, watch = true, scanIntervalMs = SCAN_INTERVAL_MS, onEvent } = options;
  if (expectedHash !== undefined && !/^[0-9a-f]{64}$/.test(expectedHash)) {
    throw optionError('expectedHash', 'to be 64 lower-case hexadecimal digits', expectedHash);
  }
  if (expectedHash !== undefined && options.statement !== undefined) {
    throw optionError('expectedHash', 'to be left out when there is a statement', expectedHash);
  }
  if (typeof watch !== 'boolean') throw optionError('watch', 'to be true or false', watch);
  if (!(scanIntervalMs >= MIN_SCAN_INTERVAL_MS && scanIntervalMs <= LONGEST_TIMER_MS)) {
    throw optionError('scanIntervalMs', 'to be a number of milliseconds from 100', scanIntervalMs);
  }
  if (onEvent !== undefined && typeof onEvent !== 'function') {
    throw optionError('onEvent', 'to be a function', onEvent);
  }
  return {
    scope: createScope(options.root, options.exclude),
    expectedHash,
    statement: options.statement && checkStatement(options.statement),
    watch,
    scanIntervalMs,
    onEvent: onEvent ?? (() => undefined),
  };
}

function checkStatement({ file, keys, minimumSequence = 0 }: StatementOptions) {
  if (typeof file !== 'string' || file === '') {
    throw optionError('statement.file', 'to be the path of a file', file);
  }
  if (!Array.isArray(keys) || keys.length === 0) {
    throw optionError('statement.keys', 'to hold at least one public key', keys);
  }
  if (!Number.isSafeInteger(minimumSequence) || minimumSequence < 0) {
    throw optionError('statement.minimumSequence', 'to be a whole number from 0', minimumSequence);
  }
  return {
    file: resolve(file),
    minimumSequence,
    keys: keys.map((pem: unknown) => {
      const key = typeof pem === 'string' ? readPublicKey(pem) : undefined;
      // Should it be a private key, the last thing to do is to print it.
      if (!key) throw optionError('statement.keys', 'to hold Ed25519 public keys in PEM', 'something else');
      return key;
    }),
  };
}
