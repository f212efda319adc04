/**
 * What has changed of instances that only have a name while they are not well: without one, an instance was well. All times in
 * milliseconds since 1970.
 */
import type { InstanceChange } from './fleet-update.js';
import type { InstanceState } from './service-verdict.js';

export interface KnownInstance {
  readonly instance: string;
  readonly state: InstanceState;
  readonly since: number;
  readonly codes: readonly string[];
}

export interface ScrapedChanges {
  /**
   * @param known - all that have a name, or are gone
   * @param roundAtMs - since when those are well that had a name until now
   * @returns what has changed since the last call
   */
  take(known: Iterable<KnownInstance>, roundAtMs: number, nowMs: number): readonly InstanceChange[];
}

export function createScrapedChanges(): ScrapedChanges {
  let told = new Map<string, { readonly state: InstanceState; readonly codes: string }>();

  return {
    take(known, roundAtMs, nowMs) {
      const changes: InstanceChange[] = [];
      const now: typeof told = new Map();
      for (const { instance, state, since, codes } of known) {
        const before = told.get(instance);
        const written = codes.join(' ');
        now.set(instance, { state, codes: written });
        const from = before?.state ?? (state === 'new' ? null : 'healthy');
        if (from === state && (before?.codes ?? '') === written) continue;
        changes.push({ instance, from, to: state, at: from === state ? nowMs : since, codes });
      }
      for (const [instance, { state }] of told) {
        if (now.has(instance) || state === 'gone' || state === 'healthy') continue;
        changes.push({ instance, from: state, to: 'healthy', at: roundAtMs, codes: [] });
      }
      told = now;
      return changes;
    },
  };
}
