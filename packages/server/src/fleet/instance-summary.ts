/**
 * What is asked of the instances of one service again and again: made in one pass, and kept until one of them has changed.
 * All times in milliseconds since 1970.
 */
import { createCodeSet } from './code-set.js';
import { MOST_UNWELL, type UnwellInstance } from './fleet-update.js';
import type { InstanceReason } from './formats/reasons.js';
import type { TrackedInstance } from './instance-tracker.js';
import { createFoundSource, isSameSigned } from './source/found-source.js';
import type { FoundSource } from './source/source-verdict.js';
import type { Seen } from './sight.js';
import { countStates, STATE_LETTERS, type InstanceCounts, type InstanceState } from './service-verdict.js';

/** One instance, listed or gone. */
export interface PolledInstance {
  readonly origin: string;
  /** Name of its pod, where Kubernetes lists it. */
  readonly pod: string | undefined;
  tracked: TrackedInstance;
  /** When the last poll began that it answered; `null`: none yet. */
  answeredAt: number | null;
  goneAt: number | null;
  readonly polls: (number | null)[];
  /** Why it is unwell, as it said last; nothing while it is well. */
  reasons: readonly InstanceReason[];
  /** As it was told of last; `undefined`: not yet. */
  told: { readonly state: InstanceState; readonly codes: string } | undefined;
}

/** As the instances are while the watcher sees. */
export interface Summary {
  readonly listed: number;
  readonly counts: InstanceCounts;
  /** Each once. */
  readonly codes: readonly string[];
  readonly source: FoundSource;
  readonly unwell: readonly UnwellInstance[];
  /** The letters of the states, in the order of the names. */
  readonly cells: string;
  /** What each runs, in the same order. */
  readonly sources: readonly SourceOf[];
}

/** `hash`: `null` where it says none, or what was signed is not known yet; `undefined` of one that is gone. */
export interface SourceOf {
  readonly instance: string;
  readonly hash: string | null | undefined;
}

export const UNWELL: ReadonlySet<InstanceState> = new Set(['degraded', 'unhealthy', 'unreachable']);

export function summarise(all: ReadonlyMap<string, PolledInstance>): Summary {
  const sorted = [...all].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const counts = countStates(sorted.map(([, held]) => stateOfPolled(held)));
  const listed = all.size - counts.gone;
  const codes = createCodeSet();
  const source = createFoundSource();
  const unwell: UnwellInstance[] = [];
  for (const [instance, held] of all) {
    if (held.goneAt !== null) continue;
    const { state, since, codes: own, reading } = held.tracked;
    for (const code of codesOf(held)) codes.add(code);
    if (UNWELL.has(state) && unwell.length < MOST_UNWELL) unwell.push({ instance, state, since, codes: own });
    source.add(instance, reading);
  }
  return {
    listed,
    counts,
    codes: codes.codes(),
    source: source.found(),
    unwell,
    cells: sorted.map(([, held]) => STATE_LETTERS[stateOfPolled(held)]).join(''),
    sources: sorted.map(([instance, held]) => ({ instance, hash: hashOf(held) })),
  };
}

function hashOf({ goneAt, tracked: { reading } }: PolledInstance): string | null | undefined {
  if (goneAt !== null) return undefined;
  return reading?.signed?.kind === 'pending' ? null : (reading?.sourceHash ?? null);
}

/** One letter an instance: `!` runs something else than it should, `-` does not say, `=` neither. */
export function sourceLetters(
  sources: readonly SourceOf[],
  expected: string | undefined,
  refused: ReadonlySet<string>,
): string {
  return sources
    .map(({ instance, hash }) => {
      if (hash === undefined) return '=';
      if (refused.has(instance)) return '!';
      if (hash === null) return '-';
      return hash === expected ? '=' : '!';
    })
    .join('');
}

/** Whether a poll has changed nothing that a summary says. */
export function looksAlike(before: TrackedInstance, after: TrackedInstance): boolean {
  if (before === after) return true;
  return (
    before.state === after.state &&
    before.since === after.since &&
    before.reading?.sourceHash === after.reading?.sourceHash &&
    isSameSigned(before.reading?.signed, after.reading?.signed) &&
    isSameList(before.codes, after.codes) &&
    isSameList(before.findings, after.findings)
  );
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, index) => word === other[index]);
}

/** Those that are lost one by one, and all that answer together. One that never answered can be lost to nobody. */
export function seenOf(
  instances: Iterable<PolledInstance>,
): readonly Pick<Seen, 'answeredAt' | 'lostAt' | 'instances'>[] {
  const lost: Pick<Seen, 'answeredAt' | 'lostAt'>[] = [];
  let answering = 0;
  let lastAnswerAt = 0;
  for (const { goneAt, answeredAt, tracked } of instances) {
    const { lostAt } = tracked;
    if (goneAt !== null || answeredAt === null) continue;
    if (lostAt !== null) {
      lost.push({ answeredAt, lostAt });
      continue;
    }
    answering += 1;
    lastAnswerAt = Math.max(lastAnswerAt, answeredAt);
  }
  return [...lost, { answeredAt: lastAnswerAt, lostAt: null, instances: answering }];
}

export function codesOf({ tracked: { codes, findings } }: PolledInstance): readonly string[] {
  return findings.length === 0 ? codes : [...codes, ...findings];
}

export function stateOfPolled({ tracked, goneAt }: PolledInstance): InstanceState {
  return goneAt === null ? tracked.state : 'gone';
}
