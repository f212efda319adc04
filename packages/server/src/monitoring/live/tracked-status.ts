/**
 * What holds, and since when: status, parts and causes, each with a begin of its own. Pure.
 */
import {
  isUp,
  type HealthSnapshot,
  type ProblemCode,
  type Report,
  type State,
  type Status,
} from 'portal-health';
import { keyOf, type Held, type HeldCause, type LeftBehind } from '../stand.js';

/** What holds at one moment, without since when. */
export interface ObservedStatus {
  readonly status: Status;
  readonly causes: readonly Omit<HeldCause, 'since'>[];
  readonly components: readonly { readonly name: string; readonly state: State }[];
}

/** What a report and its facts say. */
export function trackedFrom(
  { status }: Report,
  { components: findings, otherProblems: others, databases }: HealthSnapshot,
): ObservedStatus {
  const causes = [
    ...findings.flatMap(({ name, problems }) =>
      problems.map((code) => ({ component: ownerOf(code, name), code })),
    ),
    ...databases.flatMap(({ name, problems }) => problems.map((code) => ({ component: name, code }))),
    ...others.map((code) => ({ component: ownerOf(code), code })),
  ];
  const byKey = new Map(causes.map((cause) => [keyOf(cause), cause]));
  return {
    status,
    causes: [...byKey.values()],
    components: findings.map(({ name, state }) => ({ name, state })),
  };
}

/** Trouble of this process, at whichever part it was noticed. */
const OWN: ReadonlySet<ProblemCode> = new Set([
  'EVENT_LOOP_DELAYED',
  'THREAD_POOL_BUSY',
  'PROCESS_OUT_OF_DESCRIPTORS',
]);

/** Whose finding it is: that of the part, or of the process; of what belongs to no part, the code says so. */
function ownerOf(code: ProblemCode, part?: string): string {
  if (OWN.has(code)) return 'process';
  if (part !== undefined) return part;
  if (code.startsWith('DATABASE_')) return 'database';
  if (code.startsWith('CACHE_')) return 'cache';
  return code.startsWith('SOURCE_') ? 'source' : 'process';
}

/** What goes on keeps its begin; what is new begins now. */
export function trackStatus(
  { status, causes, components: parts }: ObservedStatus,
  before: Held | undefined,
  nowMs: number,
): Held {
  const causesBefore = new Map(before?.causes.map((cause) => [keyOf(cause), cause.since]));
  const partsBefore = new Map(before?.parts.map((part) => [part.name, part]));
  return {
    status,
    since: before?.status === status ? before.since : nowMs,
    causes: causes.map((cause) => ({ ...cause, since: causesBefore.get(keyOf(cause)) ?? nowMs })),
    parts: parts.map(({ name, state }) => {
      const known = partsBefore.get(name);
      return {
        name,
        state,
        since: known?.state === state ? known.since : nowMs,
        answersSince: known && isReachable(known.state) === isReachable(state) ? known.answersSince : nowMs,
      };
    }),
  };
}

/** What has been so since this process first looked, and was so before it, has been so since then. */
export function restoreStatus(held: Held, left: LeftBehind | null, firstMs: number): Held {
  if (!left) return held;
  const isFirst = (since: number): boolean => since <= firstMs;
  const causesLeft = new Map(left.causes.map((cause) => [keyOf(cause), cause.since]));
  const partsLeft = new Map(left.parts.map((part) => [part.name, part]));
  return {
    status: held.status,
    since: isFirst(held.since) && left.status === held.status ? left.since : held.since,
    causes: held.causes.map((cause) => ({
      ...cause,
      since: (isFirst(cause.since) ? causesLeft.get(keyOf(cause)) : undefined) ?? cause.since,
    })),
    parts: held.parts.map((part) => {
      const known = partsLeft.get(part.name);
      if (!known) return part;
      const { name, state, since, answersSince } = part;
      return {
        name,
        state,
        since: isFirst(since) && known.state === state ? known.since : since,
        answersSince:
          isFirst(answersSince) && isReachable(known.state) === isReachable(state)
            ? known.answersSince
            : answersSince,
      };
    }),
  };
}

/** The clock was set: for how long things have been as they are stays true. */
export function shiftTimes({ status, since, causes, parts }: Held, byMs: number): Held {
  return {
    status,
    since: since + byMs,
    causes: causes.map((cause) => ({ ...cause, since: cause.since + byMs })),
    parts: parts.map((part) => ({
      ...part,
      since: part.since + byMs,
      answersSince: part.answersSince + byMs,
    })),
  };
}

/** True when nothing has changed. */
export function isSameStatus(held: Held, found: ObservedStatus): boolean {
  return (
    held.status === found.status &&
    held.causes.map(keyOf).join() === found.causes.map(keyOf).join() &&
    held.parts.map(stateOf).join() === found.components.map(stateOf).join()
  );
}

function stateOf({ name, state }: { readonly name: string; readonly state: State }): string {
  return `${name} ${state}`;
}

function isReachable(state: State): boolean {
  return isUp(state);
}
