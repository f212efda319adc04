/**
 * What `watchSource` is given, checked once at construction.
 */
import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import {
  ANYTHING,
  BOOLEAN,
  checkOptions,
  FUNCTION,
  LONGEST_TIMER_MS,
  numberFrom,
  optional,
  optionError,
  required,
  type Rules,
} from 'portal-shared/check-options';
import type { SourceEvent } from './watch/source-event.js';
import { readPublicKey } from './release/keys.js';
import { createScope, type Scope } from './scan/scope.js';

/** Which files are the source, and what they should be. */
export interface SourceOptions {
  /** Folder of the code that runs; every regular file below it counts. */
  readonly root: string;
  /**
   * What does not count: paths from the root (`./node_modules`, `health/src`), and names at any depth (`build`). Of
   * `node_modules` only the one of the root is left out by its name: one that lies nearer takes over imports.
   * No wildcards. A statement's own scope goes before this.
   */
  readonly exclude?: readonly string[];
  /** The hash that the source must have, given by hand: 64 lower-case hexadecimal digits. */
  readonly expectedHash?: string;
  /** The signed statement of the release, in place of a hash given by hand. */
  readonly statement?: StatementOptions;
  /** Whether to scan again while running; default true. */
  readonly watch?: boolean;
  /** Milliseconds between two scans, varied by a fifth; default 10,000. */
  readonly scanIntervalMs?: number;
  /**
   * Milliseconds between two looks into memory, the first of which ends `start()`; without it there is none unless
   * `inspect()` is called. Each holds the event loop for about 0.015 ms a script and 0.3 ms a megabyte of heap, and
   * the first for 0.1 ms a script.
   */
  readonly memoryIntervalMs?: number;
  /**
   * Whether V8 tells every script as it compiles it, so that only the first look holds the event loop, a script that is
   * gone again is seen, and what was loaded is looked at within seconds. Keeps V8's debugger enabled: an `await` costs
   * 0.5 µs more, an exception 4 µs and an `eval` 25 µs. Default false; counts with `memoryIntervalMs` only.
   */
  readonly followMemory?: boolean;
  /** Called for every change of the source on disk or in memory, and again while it goes on: for the application's log. */
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
  readonly memoryIntervalMs: number | undefined;
  readonly followMemory: boolean;
  readonly onEvent: (event: SourceEvent) => void;
}

/** A changed file is known within 15 s, and a tree of 100,000 entries costs a twentieth of one processor. */
const SCAN_INTERVAL_MS = 10_000;
const MIN_SCAN_INTERVAL_MS = 100;

const SOURCE: Rules<SourceOptions> = {
  root: ANYTHING,
  exclude: ANYTHING,
  expectedHash: optional(
    'to be 64 lower-case hexadecimal digits',
    (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
  ),
  statement: ANYTHING,
  watch: BOOLEAN,
  scanIntervalMs: numberFrom(MIN_SCAN_INTERVAL_MS, LONGEST_TIMER_MS, 'of milliseconds '),
  memoryIntervalMs: numberFrom(MIN_SCAN_INTERVAL_MS, LONGEST_TIMER_MS, 'of milliseconds '),
  followMemory: BOOLEAN,
  onEvent: FUNCTION,
};
const STATEMENT: Rules<StatementOptions> = {
  file: required('to be the path of a file', (value) => typeof value === 'string' && value !== ''),
  keys: required('to hold at least one public key', (value) => Array.isArray(value) && value.length > 0),
  minimumSequence: optional(
    'to be a whole number from 0',
    (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  ),
};

/**
 * @throws TypeError naming option, rule and value
 */
export function checkSourceOptions(options: SourceOptions): SourceSettings {
  checkOptions(options, SOURCE);
  const { expectedHash, statement } = options;
  if (expectedHash !== undefined && statement !== undefined) {
    throw optionError('expectedHash', 'to be left out when there is a statement', expectedHash);
  }
  return {
    scope: createScope(options.root, options.exclude),
    expectedHash,
    statement: statement && checkStatement(statement),
    watch: options.watch ?? true,
    scanIntervalMs: options.scanIntervalMs ?? SCAN_INTERVAL_MS,
    memoryIntervalMs: options.memoryIntervalMs,
    followMemory: options.memoryIntervalMs !== undefined && options.followMemory === true,
    onEvent: options.onEvent ?? (() => undefined),
  };
}

function checkStatement(options: StatementOptions) {
  checkOptions(options, STATEMENT, 'statement');
  const { file, keys, minimumSequence = 0 } = options;
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
