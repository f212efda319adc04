/**
 * What is known of the instances of one service, whoever collects it. All times in milliseconds since 1970.
 */
import type { InstanceChange, UnwellInstance } from './fleet-update.js';
import type { InstanceReason } from './formats/reasons.js';
import type { InstanceCounts, InstanceState } from './service-verdict.js';
import type { Seen } from './sight.js';
import type { Signed } from './source/pinned-keys.js';
import type { FoundSource } from './source/source-verdict.js';

export interface InstanceView {
  /** `host:port`. */
  readonly instance: string;
  /** Name of its pod, where Kubernetes lists it. */
  readonly pod?: string | undefined;
  readonly state: InstanceState;
  readonly since: number;
  /** Its own, or those that the watcher found. */
  readonly codes: readonly string[];
  readonly startedAt: number | null;
  readonly sourceHash: string | null;
  /** What is known of its signed statement; `undefined`: none is asked for. */
  readonly signed?: Signed | undefined;
  readonly answeredAt: number | null;
  /** Milliseconds of the last polls, the newest last; `null`: not answered. */
  readonly polls: readonly (number | null)[];
  /** Why it is unwell, as it says itself; of this service and of what a Prometheus scrapes none are asked for. */
  readonly reasons?: readonly InstanceReason[];
}

export interface Instances {
  /** How many are listed. */
  listed(): number;
  seen(): readonly Pick<Seen, 'answeredAt' | 'lostAt' | 'instances'>[];
  forgetLosses(): void;
  /** Drops those that have been gone for long. To be called about once a second. */
  age(nowMs: number): void;
  counts(isBlind: boolean): InstanceCounts;
  /** Of all that are listed; of those that a Prometheus scrapes, some more than once. */
  codes(isBlind: boolean): Iterable<string>;
  /** The letters of the states, in the order of the names; those without one come last. */
  cells(isBlind: boolean): string;
  /**
   * How the source of each stands, in the same order: see `sourceLetters`; empty of those that a Prometheus scrapes, which
   * are not known by name.
   *
   * @param expected - the hash that they should run
   * @param refused - those that show a statement that is not believed
   */
  sourceCells(expected: string | undefined, refused: ReadonlySet<string>): string;
  unwell(): readonly UnwellInstance[];
  /** What has changed since the last call; while the watcher is blind nothing has. */
  takeChanges(nowMs: number): readonly InstanceChange[];
  /** Milliseconds of the polls that were answered since the last call. */
  takePollsMs(): readonly number[];
  /** What the listed ones say of their source. */
  source(): FoundSource;
  /** Of all instances that are polled; of those that a Prometheus scrapes, all but the healthy ones. */
  view(isBlind: boolean): readonly InstanceView[];
}
