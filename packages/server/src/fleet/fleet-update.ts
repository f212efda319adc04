/**
 * What has happened since the last update: for those who keep it. Plain data. All times in milliseconds since 1970.
 */
import type { SourceState } from './source/source-verdict.js';
import type { InstanceCounts, InstanceState, ServiceStatus } from './service-verdict.js';

export interface FleetUpdate {
  readonly at: number;
  readonly name: string;
  /** Since when the watcher itself cannot see; `null` while it does. */
  readonly blindSince: number | null;
  readonly services: readonly ServiceUpdate[];
}

export interface ServiceUpdate {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: ServiceStatus;
  /** Of the status. */
  readonly since: number;
  readonly counts: InstanceCounts;
  readonly listed: number;
  readonly usable: number;
  readonly need: number;
  readonly tolerated: number;
  /** Of the service and of its instances. */
  readonly codes: readonly string[];
  readonly intervalMs: number;
  /**
   * Milliseconds after which an instance that does not answer is known to be lost; for so long after a start too little has
   * been seen to say that it is well or unwell.
   */
  readonly settleMs: number;
  /** Milliseconds after which what is well again is known to be. */
  readonly recoversMs: number;
  /** Those that are unwell, at most `MOST_UNWELL`. */
  readonly unwell: readonly UnwellInstance[];
  /** What the instances run; `null`: it is told in another way. */
  readonly source: SourceUpdate | null;
  readonly changes: readonly InstanceChange[];
  /** Milliseconds of the polls that were answered. */
  readonly pollsMs: readonly number[];
}

export interface SourceUpdate {
  readonly state: SourceState;
  /** Of the state. */
  readonly since: number;
  /** Instances that run something else, or show what is not believed, as far as they have a name. */
  readonly odd: readonly string[];
}

export interface UnwellInstance {
  /** `host:port`. */
  readonly instance: string;
  readonly state: InstanceState;
  readonly since: number;
  readonly codes: readonly string[];
}

/** An instance that is in another state than at the last update, or in its state by other codes. */
export interface InstanceChange {
  readonly instance: string;
  /** `null`: it was not known. */
  readonly from: InstanceState | null;
  readonly to: InstanceState;
  readonly at: number;
  readonly codes: readonly string[];
}

/** More names say nothing more. */
export const MOST_UNWELL = 100;
