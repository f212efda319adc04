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
  type OptionRule,
  type Rules,
} from 'portal-shared/check-options';
import type { FollowedScripts } from './loaded/follow.js';
import { MAX_FILE_BYTES } from './scan/digest.js';
import type { DependencySettings } from './watch/dependency-watch.js';
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
   * `inspect()` is called. One before which code was compiled holds the event loop for about 0.02 ms a script and 0.3 ms a
   * megabyte of heap, the first for 0.1 ms a script, any other for less than a millisecond; with `followMemory` all but
   * the first for a millisecond or two.
   */
  readonly memoryIntervalMs?: number;
  /**
   * Whether V8 tells every script as it compiles it, so that only the first look holds the event loop, a script that is
   * gone again is seen, and what was loaded is looked at within seconds; with what `followScripts()` of
   * `portal-integrity/follow` gave before anything else was loaded, not even the first. Keeps V8's debugger enabled: an
   * `await` costs 0.5 µs more, an exception 4 µs and an `eval` 25 µs. Default false; counts with `memoryIntervalMs` only.
   */
  readonly followMemory?: boolean | FollowedScripts | undefined;
  /** The packages that the source imports: looked at after the start and ever again, on a thread of their own. */
  readonly dependencies?: DependencyOptions;
  /**
   * File in which the tree of each start is kept as its manifest, so that a source that was changed while nothing ran is told at
   * the next one. It belongs outside of the tree. Without it a restart forgets what was.
   */
  readonly lastRunFile?: string;
  /** A file of more bytes is named in place of being read; default 4 GiB. */
  readonly maxFileBytes?: number;
  /**
   * Milliseconds after which `start()` is kept although the tree is still being read; default 30,000. Until it is, the
   * source counts as unreadable, and its hash is `null`.
   */
  readonly startDeadlineMs?: number;
  /** Called for every change of the source on disk or in memory, and again while it goes on: for the application's log. */
  readonly onEvent?: (event: SourceEvent) => void;
}

/** The packages that the source imports, and what they should be. */
export interface DependencyOptions {
  /** Lock file of npm, version 2 or 3, or of pnpm, version 9; `node_modules` lies beside it. */
  readonly lockFile: string;
  /** What `portal-integrity dependencies --out` has written; without it, what is found first counts. */
  readonly list?: string;
}

/** Where the release's signed statement is, and whom to believe. */
export interface StatementOptions {
  /** Path of `source.intoto.jsonl`. */
  readonly file: string;
  /** Ed25519 public keys in PEM. They belong outside of the tree that they vouch for. */
  readonly keys: readonly string[];
  /** By how many of the keys it must be signed; default 1. */
  readonly signatures?: number;
  /** Refuse any release with a lower sequence; default 0. */
  readonly minimumSequence?: number;
  /**
   * With `lastRunFile` the highest sequence that was verified is kept beside it, and a lower one is refused. This one is
   * taken all the same, for a rollback on purpose.
   */
  readonly acceptSequence?: number;
}

/** Checked options, defaults filled in. */
export interface SourceSettings {
  readonly scope: Scope;
  readonly expectedHash: string | undefined;
  readonly statement:
    | {
        readonly file: string;
        readonly keys: readonly KeyObject[];
        readonly threshold: number;
        readonly minimumSequence: number;
        readonly acceptedSequence: number | undefined;
      }
    | undefined;
  readonly watch: boolean;
  readonly scanIntervalMs: number;
  readonly memoryIntervalMs: number | undefined;
  readonly followMemory: boolean | FollowedScripts;
  readonly dependencies: DependencySettings | undefined;
  readonly lastRunFile: string | undefined;
  readonly maxFileBytes: number;
  readonly startDeadlineMs: number;
  readonly onEvent: (event: SourceEvent) => void;
}

const START_DEADLINE_MS = 30_000;
/** A changed file is known within 15 s, and a tree of 100,000 entries costs a twentieth of one processor. */
const SCAN_INTERVAL_MS = 10_000;
const MIN_SCAN_INTERVAL_MS = 100;

/** Perhaps of another copy of this package. */
function isFollowing(value: unknown): boolean {
  return (
    typeof value === 'boolean' ||
    (typeof value === 'object' && value !== null && 'read' in value && typeof value.read === 'function')
  );
}

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
  followMemory: optional('to be true, false or what `followScripts()` gave', isFollowing),
  dependencies: ANYTHING,
  lastRunFile: optional('to be the path of a file', isPath),
  maxFileBytes: wholeNumberFrom(1),
  startDeadlineMs: numberFrom(0, LONGEST_TIMER_MS, 'of milliseconds '),
  onEvent: FUNCTION,
};
const DEPENDENCIES: Rules<DependencyOptions> = {
  lockFile: required('to be the path of a file', isPath),
  list: optional('to be the path of a file', isPath),
};
const STATEMENT: Rules<StatementOptions> = {
  file: required('to be the path of a file', isPath),
  keys: required('to hold at least one public key', (value) => Array.isArray(value) && value.length > 0),
  signatures: wholeNumberFrom(1),
  minimumSequence: wholeNumberFrom(0),
  acceptSequence: wholeNumberFrom(0),
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
    followMemory: options.memoryIntervalMs !== undefined && (options.followMemory ?? false),
    dependencies: options.dependencies && checkDependencies(options.dependencies),
    lastRunFile: options.lastRunFile === undefined ? undefined : resolve(options.lastRunFile),
    maxFileBytes: options.maxFileBytes ?? MAX_FILE_BYTES,
    startDeadlineMs: options.startDeadlineMs ?? START_DEADLINE_MS,
    onEvent: options.onEvent ?? (() => undefined),
  };
}

function wholeNumberFrom(least: number): OptionRule {
  return optional(
    `to be a whole number from ${least} to ${Number.MAX_SAFE_INTEGER}`,
    (value) => Number.isSafeInteger(value) && Number(value) >= least,
  );
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function checkDependencies(options: DependencyOptions): DependencySettings {
  checkOptions(options, DEPENDENCIES, 'dependencies');
  const { lockFile, list } = options;
  return { lockFile: resolve(lockFile), list: list === undefined ? undefined : resolve(list) };
}

function checkStatement(options: StatementOptions) {
  checkOptions(options, STATEMENT, 'statement');
  const { file, keys, signatures = 1, minimumSequence = 0, acceptSequence } = options;
  if (signatures > keys.length) {
    throw optionError('statement.signatures', 'to be at most the number of keys', signatures);
  }
  return {
    file: resolve(file),
    threshold: signatures,
    minimumSequence,
    acceptedSequence: acceptSequence,
    keys: keys.map((pem: unknown) => {
      const key = typeof pem === 'string' ? readPublicKey(pem) : undefined;
      // Should it be a private key, the last thing to do is to print it.
      if (!key) throw optionError('statement.keys', 'to hold Ed25519 public keys in PEM', 'something else');
      return key;
    }),
  };
}
