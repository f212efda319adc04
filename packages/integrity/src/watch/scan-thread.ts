/**
 * The hashing thread. Everything in it is synchronous, which is why it has a thread: on the application's own, the
 * event loop would be late by a whole tree.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { constants as os, setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import { systemCode } from 'portal-shared/error-code';
import { serveRpc } from 'portal-shared/rpc-thread';
import { createDependencyMethods } from './dependency-methods.js';
import { createDrift } from './drift.js';
import { watchFsEvents } from './fs-events.js';
import { exchangeLastRun, type LastRun } from './last-run.js';
import { createMatch, realRootOf } from '../loaded/match.js';
import { createFileIndex, type ScanResult } from '../scan/file-index.js';
import type { ManifestEntry } from '../scan/manifest.js';
import { SourceError, type ScanError } from '../scan/scan-error.js';
import { createExclusion } from '../scan/scope.js';
import { below, resolveRoot } from '../scan/walk.js';
import { startCount } from './spent.js';
import type { ChangedEarly, ScanEvent, ScanMethods, ScanReply, ScanWorkerData } from './scan-worker.js';

const data: ScanWorkerData = workerData;
/** Resolved once: what a link leads to later is another tree. */
const root = resolveRoot(data.scope.root);
const excludes = createExclusion(data.scope.exclude);
const fileIndex = createFileIndex(
  { ...data.scope, root },
  data.maxFileBytes === undefined ? {} : { maxFileBytes: data.maxFileBytes },
);
const drift = createDrift(readContent);
/** What an administrator can read at one go. */
const MAX_SCAN_ERRORS = 20;

const PROGRESS_MS = 1_000;

let progressToldMs = performance.now();
let lastRun: LastRun | undefined;
let changedEarly: ChangedEarly | undefined;
let boot: readonly ManifestEntry[] | undefined;
let lastResult: ScanResult | undefined;
let lastEvents = drift.events();
let writable: number | null = null;
/** As of the start: a link that is moved afterwards must not hide what was loaded. */
const realRoot = realRootOf(root);
const matchMemory = createMatch();

const methods: ScanMethods = {
  scan,
  reread(budgetMs) {
    const spent = startCount();
    const complete = fileIndex.reread(budgetMs);
    return { complete, spentMs: spent() };
  },
  ...createDependencyMethods(data.dependencies),
  match: (look) => matchMemory(look, { root: data.scope.root, realRoot, boot: boot ?? [], excludes }),
};
// A look at the dependencies waits for nobody: whoever serves goes first.
if (data.dependencies) stepBack();
const rpc = serveRpc<ScanMethods, ScanEvent>({ methods: () => methods });
const fsEvents = data.fsEvents ? watchFsEvents(root, excludes, () => rpc.emit('fs-event')) : undefined;

function scan(): ScanReply {
  let result: ScanResult | undefined;
  let scanErrors: readonly ScanError[] = [];
  if (boot) writable ??= countWritable();
  try {
    result = fileIndex.scan(tellProgress);
    noteResult(result);
  } catch (error) {
    scanErrors =
      error instanceof SourceError
        ? error.scanErrors
        : [{ code: 'E_READ', path: '.', cause: systemCode(error) }];
    // A tree that moves while it is read is about to become news, but is none yet.
    if (scanErrors.some(({ code }) => code !== 'E_UNSTABLE'))
      drift.noteScanErrors(scanErrors, fileIndex.entries());
    lastResult = undefined;
  }
  drift.noteTouches(fileIndex.takeTouches());
  const events = drift.events();
  const changed = events === lastEvents ? undefined : { differences: drift.differences(), events };
  lastEvents = events;
  return {
    result,
    scanErrors: scanErrors.slice(0, MAX_SCAN_ERRORS),
    hasIntruder: scanErrors.some(isIntruder),
    changed,
    watching: fsEvents?.isComplete() === true ? 'events' : 'scans',
    lastRun: takeLastRun(),
    changedEarly: takeChangedEarly(),
    writable,
  };
}

/** A long scan is told of every second, so that it is not taken for one that hangs. */
function tellProgress(files: number, bytes: number): void {
  const nowMs = performance.now();
  if (nowMs - progressToldMs < PROGRESS_MS) return;
  progressToldMs = nowMs;
  rpc.emit({ files, bytes });
}

function takeLastRun(): LastRun | undefined {
  const taken = lastRun;
  lastRun = undefined;
  return taken;
}

function takeChangedEarly(): ChangedEarly | undefined {
  const taken = changedEarly;
  changedEarly = undefined;
  return taken;
}

/** What a file held that was put back meanwhile, nobody can say: data that was read, a script that a loader rewrites. */
function findChangedEarly(): ChangedEarly | undefined {
  const changed = fileIndex.changedSince(data.processStartMs ?? Number.POSITIVE_INFINITY).toSorted();
  const [first] = changed;
  return first === undefined ? undefined : { files: changed.length, first };
}

/** An entry that cannot be read and that the start did not have, whatever stands in its way. */
function isIntruder({ path, code }: ScanError): boolean {
  if (!boot || path === '.' || code === 'E_UNSTABLE') return false;
  return !boot.some((entry) => entry.path === path || entry.path.startsWith(`${path}/`));
}

/** On Linux a thread has a priority of its own; elsewhere it would be that of the application. */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, os.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not allowed, then: it is a courtesy.
  }
}

function noteResult(result: ScanResult): void {
  // The same object says that nothing moved, and then there is nothing to copy or compare.
  if (result === lastResult) return;
  lastResult = result;
  const entries = fileIndex.entries();
  // The application has waited for the first scan; from now on it goes first.
  if (!boot) {
    stepBack();
    if (!data.scope.leftOut) fileIndex.settleModules();
    changedEarly = findChangedEarly();
    if (data.lastRunFile !== undefined) lastRun = exchangeLastRun(data.lastRunFile, entries);
  }
  boot ??= entries;
  drift.note(result.hash, entries);
  fsEvents?.follow(fileIndex.folders());
}

/** Of the files and folders in scope, by the rights of this process. */
function countWritable(): number {
  const paths = [...fileIndex.entries().map(({ path }) => path), ...fileIndex.folders()];
  return paths.filter((path) => {
    try {
      accessSync(below(root, path), constants.W_OK);
      return true;
    } catch {
      return false;
    }
  }).length;
}

function readContent(path: string): Buffer | undefined {
  try {
    return readFileSync(below(root, path));
  } catch {
    return undefined;
  }
}
