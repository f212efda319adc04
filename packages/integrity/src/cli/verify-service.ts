/**
 * A running service against what it should be: what it says it started with, what it finds on its disk, and what V8
 * holds in its memory. A process under somebody else's control can say anything; see `verifyFolder`.
 */
import { asCount, asList, asObject, asString } from 'portal-shared/json';
import type { JsonObject } from 'portal-shared/json';
import { requestAsAdmin, type ServiceValues } from 'portal-shared/cli/client';
import { EXIT } from 'portal-shared/cli/exit-code';
import { exitOfDifferences } from './exit-code.js';
import type { ReleaseExpectation } from './expectation.js';

export interface ServiceVerification {
  readonly exit: number;
  readonly bootHash: string | null;
  readonly diskHash: string | null;
  readonly driftedSince: string | null;
  /** Scripts in memory that are not what they should be. */
  readonly loaded: LoadedVerification;
}

export interface LoadedVerification {
  /** Scripts of the source; without any, nothing was compared. */
  readonly scripts: number;
  readonly different: readonly string[];
  readonly unknown: readonly string[];
  /** Rewritten by a loader, so that they cannot be compared. */
  readonly transformed: readonly string[];
}

const INTEGRITY_PATH = '/v1/admin/integrity';
export const LOADED_PATH = '/v1/admin/integrity/loaded';

export async function verifyService(
  url: string,
  expected: ReleaseExpectation,
  values: ServiceValues,
): Promise<ServiceVerification> {
  const state = await requestAsAdmin(url, INTEGRITY_PATH, values);
  const inspection = await requestAsAdmin(url, LOADED_PATH, values);
  const bootHash = hashOf(state['boot']);
  const diskHash = hashOf(state['disk']);
  const loaded = loadedVerification(inspection, expected);
  return {
    exit: exitOfHashes(bootHash, diskHash, state, expected) | exitOfLoaded(loaded),
    bootHash,
    diskHash,
    driftedSince: asString(state['drifted_since']) ?? null,
    loaded,
  };
}

function exitOfHashes(
  bootHash: string | null,
  diskHash: string | null,
  state: JsonObject,
  expected: ReleaseExpectation,
): number {
  const unreadable = (asList(state['refusals'])?.length ?? 0) > 0;
  if (bootHash === null || diskHash === null || unreadable) return EXIT.inconclusive;
  if (bootHash !== expected.hash) return EXIT.modified;
  const { added, removed, modified } = asObject(state['differences']) ?? {};
  return exitOfDifferences({
    added: asCount(added) ?? 0,
    removed: asCount(removed) ?? 0,
    modified: asCount(modified) ?? 0,
  });
}

/** Nothing of the source in memory is no good news: the question is open. */
export function exitOfLoaded({ scripts, different, unknown }: LoadedVerification): number {
  if (different.length > 0 || unknown.length > 0) return EXIT.loadedDiffers;
  return scripts === 0 ? EXIT.inconclusive : EXIT.clean;
}

/** Against the manifest where there is one: the service itself can only compare with what it started with. */
export function loadedVerification(
  inspection: JsonObject,
  expected: ReleaseExpectation | undefined,
): LoadedVerification {
  const digests = expected?.manifest && new Map(expected.manifest.map(({ path, digest }) => [path, digest]));
  const different: string[] = [];
  const unknown: string[] = [];
  const transformed: string[] = [];
  let scripts = 0;
  const matched = asList(inspection['matched']) ?? [];
  for (const entry of matched) {
    const script = asObject(entry);
    const path = asString(script?.['path']) ?? '';
    if (!path.startsWith('node:')) scripts += 1;
    if (script?.['match'] === 'transformed') {
      transformed.push(path);
      continue;
    }
    const match = digests ? matchOf(digests.get(path), script?.['digest']) : script?.['match'];
    if (match === 'unknown') unknown.push(path);
    else if (match !== 'same') different.push(path);
  }
  return { scripts, different, unknown, transformed };
}

function matchOf(wanted: string | undefined, found: unknown): 'same' | 'different' | 'unknown' {
  if (wanted === undefined) return 'unknown';
  return wanted === found ? 'same' : 'different';
}

function hashOf(figures: unknown): string | null {
  return asString(asObject(figures)?.['source_hash']) ?? null;
}
