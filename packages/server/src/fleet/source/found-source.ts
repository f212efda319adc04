/**
 * What the instances of a service say of their source, put together.
 */
import type { Reading } from '../observation.js';
import type { Signed } from './pinned-keys.js';
import type { FoundSource, RefusedRelease, Release } from './source-verdict.js';

export interface FoundSourceCollection {
  /** @param reading - the last of a listed instance; `null`: it has not answered yet */
  add(instance: string, reading: Reading | null): void;
  found(): FoundSource;
}

interface Named {
  instances: number;
  readonly names: string[];
}

/** More names say nothing more. */
const MOST_NAMES = 100;

export function createFoundSource(): FoundSourceCollection {
  const groups = new Map<string, Named>();
  const releases = new Map<string, Named & { readonly release: Release }>();
  const refused: RefusedRelease[] = [];
  let notReported = 0;

  function addRelease(instance: string, release: Release): void {
    const { sourceHash, sequence, version, expiresAt } = release;
    const key = [sourceHash, sequence, version, expiresAt].join(' ');
    const shown = releases.get(key) ?? { release, instances: 0, names: [] };
    releases.set(key, shown);
    count(shown, instance);
  }

  return {
    add(instance, reading) {
      const { sourceHash = null, signed } = reading ?? {};
      if (signed?.kind === 'believed') addRelease(instance, signed.release);
      if (signed?.kind === 'refused' && refused.length < MOST_NAMES) {
        refused.push({ instance, code: signed.code });
      }
      // What was signed is known with the next poll; until then nothing is said of it.
      if (sourceHash === null || signed?.kind === 'pending') {
        notReported += 1;
        return;
      }
      const group = groups.get(sourceHash) ?? { instances: 0, names: [] };
      groups.set(sourceHash, group);
      count(group, instance);
    },
    found: () => ({
      groups: [...groups].map(([hash, { instances, names }]) => ({ hash, instances, names })),
      notReported,
      releases: [...releases.values()].map(({ release, names }) => ({ release, instances: names })),
      refused,
    }),
  };
}

function count(named: Named, instance: string): void {
  named.instances += 1;
  if (named.names.length < MOST_NAMES) named.names.push(instance);
}

export function isSameSigned(one: Signed | undefined, other: Signed | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
