/**
 * The hashing thread. Everything in it is synchronous, which is why it has a thread: on the application's own, the
 * event loop would be late by a whole tree.
 */
import { readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { createDrift } from './drift.js';
import { watchFsEvents } from './fs-events.js';
import { createFileIndex, type ScanResult } from '../scan/file-index.js';
import type { ManifestEntry } from '../scan/manifest.js';
import { matchScripts } from '../loaded/match.js';
import type { ScanReply, ScanMessage, ScanRequest, ScanTask, ScanWorkerData } from './scan-messages.js';
import { SourceError, type ScanError } from '../scan/scan-error.js';
import { systemCode } from 'portal-shared/error-code';
import { createExclusion } from '../scan/scope.js';
import { below } from '../scan/walk.js';

const data: ScanWorkerData = workerData;
const { root } = data.scope;
const excludes = createExclusion(data.scope.exclude);
const fileIndex = createFileIndex(data.scope);
const drift = createDrift(readContent);
const fsEvents = data.fsEvents ? watchFsEvents(root, excludes, () => post({ hint: true })) : undefined;
/** What an administrator can read at one go. */
const MAX_SCAN_ERRORS = 20;

let boot: readonly ManifestEntry[] | undefined;
let last: ScanResult | undefined;
let eventsSent = drift.events();

parentPort?.on('message', ({ id, task }: ScanRequest) => post({ id, ...handle(task) }));

function post(message: ScanMessage): void {
  parentPort?.postMessage(message, []);
}

function handle(task: ScanTask) {
  if (task.what === 'look') return { look: scan() };
  if (task.what === 'match') return { match: matchScripts(task.scripts, boot ?? [], root, excludes) };
  const beganMs = performance.now();
  const complete = fileIndex.reread(task.budgetMs);
  return { reread: { complete, spentMs: performance.now() - beganMs } };
}

function scan(): ScanReply {
  let survey: ScanResult | undefined;
  let refusals: readonly ScanError[] = [];
  try {
    survey = fileIndex.scan();
    noteResult(survey);
  } catch (error) {
    refusals =
      error instanceof SourceError
        ? error.scanErrors
        : [{ code: 'E_READ', path: '.', cause: systemCode(error) }];
    // A tree that moves while it is read is about to become news, but is none yet.
    if (refusals.some(({ code }) => code !== 'E_UNSTABLE')) drift.noteScanErrors(refusals);
    last = undefined;
  }
  const events = drift.events();
  const news = events === eventsSent ? undefined : { differences: drift.differences(), events };
  eventsSent = events;
  return { result: survey, scanErrors: refusals.slice(0, MAX_SCAN_ERRORS), changed: news };
}

/** On Linux a thread has a priority of its own; elsewhere it would be that of the application. */
function stepBack(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not allowed, then: it is a courtesy.
  }
}

function noteResult(survey: ScanResult): void {
  // The same object says that nothing moved, and then there is nothing to copy or compare.
  if (survey === last) return;
  last = survey;
  const entries = fileIndex.entries();
  // The application has waited for the first look; from now on it goes first.
  if (!boot) stepBack();
  boot ??= entries;
  drift.note(survey.hash, entries);
  fsEvents?.follow(fileIndex.folders());
}

function readContent(path: string): Buffer | undefined {
  try {
    return readFileSync(below(root, path));
  } catch {
    return undefined;
  }
}
