/**
 * The status, its causes and the components, each with its own begin. Pure. All times in milliseconds since 1970.
 */
import {
  isUp,
  type HealthSnapshot,
  type ProblemCode,
  type Report,
  type State,
  type Status,
} from 'portal-health';

export interface TrackedCause {
  /** `database`, `cache`, the name of a check, `source` or `process`. */
  readonly component: string;
  readonly code: string;
  readonly since: number;
}

export interface TrackedComponent {
  readonly name: string;
  readonly state: State;
  readonly since: number;
  /** Since when it answers, or since when it does not. */
  readonly answersSince: number;
}

export interface TrackedStatus {
  readonly status: Status;
  /** Of the status, whatever its causes. */
  readonly since: number;
  readonly causes: readonly TrackedCause[];
  readonly components: readonly TrackedComponent[];
}

/** At the end of the run before this one. */
export interface PreviousStatus extends TrackedStatus {
  readonly until: number;
}

/** The tracked status after a change of status, causes or components. */
export interface StatusUpdate extends TrackedStatus {
  readonly at: number;
  /** The last probe run before it. Earlier than `at` only if `isBroken`. */
  readonly knownUntil: number;
  /** There were no probe runs before it, or the clock was set: no interval of one status includes that time. */
  readonly isBroken: boolean;
  /** `null` if the status before it is unknown. */
  readonly from: Status | null;
  readonly codes: readonly string[];
  readonly details: Readonly<Record<string, number>>;
}

/** Without the times. */
export interface ObservedStatus {
  readonly status: Status;
  readonly causes: readonly Omit<TrackedCause, 'since'>[];
  readonly components: readonly Pick<TrackedComponent, 'name' | 'state'>[];
}

/** Two causes with the same key are the same cause. */
export function causeKey({ component, code }: Pick<TrackedCause, 'component' | 'code'>): string {
  return `${component} ${code}`;
}

export function observedStatus(
  { status }: Report,
  { components, otherProblems, databases }: HealthSnapshot,
): ObservedStatus {
  const causes = [
    ...components.flatMap(({ name, problems }) =>
      problems.map((code) => ({ component: componentOf(code, name), code })),
    ),
    ...databases.flatMap(({ name, problems }) => problems.map((code) => ({ component: name, code }))),
    ...otherProblems.map((code) => ({ component: componentOf(code), code })),
  ];
  return {
    status,
    causes: [...new Map(causes.map((cause) => [causeKey(cause), cause])).values()],
    components: components.map(({ name, state }) => ({ name, state })),
  };
}

/** Problems of this process, whichever probe reports them. */
const OF_PROCESS: ReadonlySet<ProblemCode> = new Set([
  'EVENT_LOOP_DELAYED',
  'THREAD_POOL_BUSY',
  'PROCESS_OUT_OF_DESCRIPTORS',
]);

function componentOf(code: ProblemCode, reportedBy?: string): string {
  if (OF_PROCESS.has(code)) return 'process';
  if (reportedBy !== undefined) return reportedBy;
  if (code.startsWith('DATABASE_')) return 'database';
  if (code.startsWith('CACHE_')) return 'cache';
  return code.startsWith('SOURCE_') ? 'source' : 'process';
}

/** What is unchanged keeps its begin; what is new begins at `nowMs`. */
export function trackStatus(
  { status, causes, components }: ObservedStatus,
  before: TrackedStatus | undefined,
  nowMs: number,
): TrackedStatus {
  const causesBefore = new Map(before?.causes.map((cause) => [causeKey(cause), cause.since]));
  const componentsBefore = new Map(before?.components.map((component) => [component.name, component]));
  return {
    status,
    since: before?.status === status ? before.since : nowMs,
    causes: causes.map((cause) => ({ ...cause, since: causesBefore.get(causeKey(cause)) ?? nowMs })),
    components: components.map(({ name, state }) => {
      const known = componentsBefore.get(name);
      return {
        name,
        state,
        since: known?.state === state ? known.since : nowMs,
        answersSince: known && isUp(known.state) === isUp(state) ? known.answersSince : nowMs,
      };
    }),
  };
}

/** What is unchanged since `firstMs`, and was the same at the end of the run before, keeps its begin in that run. */
export function restoreStatus(
  current: TrackedStatus,
  previous: PreviousStatus | null,
  firstMs: number,
): TrackedStatus {
  if (!previous) return current;
  const isFirst = (since: number): boolean => since <= firstMs;
  const previousCauses = new Map(previous.causes.map((cause) => [causeKey(cause), cause.since]));
  const previousComponents = new Map(previous.components.map((component) => [component.name, component]));
  return {
    status: current.status,
    since: isFirst(current.since) && previous.status === current.status ? previous.since : current.since,
    causes: current.causes.map((cause) => ({
      ...cause,
      since: (isFirst(cause.since) ? previousCauses.get(causeKey(cause)) : undefined) ?? cause.since,
    })),
    components: current.components.map((component) => {
      const known = previousComponents.get(component.name);
      if (!known) return component;
      const { name, state, since, answersSince } = component;
      const answersAsBefore = isUp(known.state) === isUp(state);
      return {
        name,
        state,
        since: isFirst(since) && known.state === state ? known.since : since,
        answersSince: isFirst(answersSince) && answersAsBefore ? known.answersSince : answersSince,
      };
    }),
  };
}

/** For a clock that was set: durations stay true. */
export function shiftTimes(
  { status, since, causes, components }: TrackedStatus,
  byMs: number,
): TrackedStatus {
  return {
    status,
    since: since + byMs,
    causes: causes.map((cause) => ({ ...cause, since: cause.since + byMs })),
    components: components.map((component) => ({
      ...component,
      since: component.since + byMs,
      answersSince: component.answersSince + byMs,
    })),
  };
}

export function isSameStatus(tracked: TrackedStatus, observed: ObservedStatus): boolean {
  return (
    tracked.status === observed.status &&
    tracked.causes.map(causeKey).join() === observed.causes.map(causeKey).join() &&
    tracked.components.map(stateKey).join() === observed.components.map(stateKey).join()
  );
}

function stateKey({ name, state }: Pick<TrackedComponent, 'name' | 'state'>): string {
  return `${name} ${state}`;
}
