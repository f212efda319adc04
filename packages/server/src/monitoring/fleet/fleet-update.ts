/**
 * What is known of the fleet at one moment, and what has changed since the moment before. Times in milliseconds since 1970.
 */
export const STATUSES = ['healthy', 'unknown', 'degraded', 'unhealthy'] as const;
export type ServiceStatus = (typeof STATUSES)[number];

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
  readonly listed: number;
  readonly usable: number;
  readonly need: number;
  readonly tolerated: number;
  readonly codes: readonly string[];
  readonly intervalMs: number;
  /** After a start, for so long too little has been seen to say that it is well or unwell. */
  readonly settleMs: number;
  readonly counts: Readonly<Record<'degraded' | 'unhealthy' | 'unreachable', number>>;
  readonly unwell: readonly UnwellInstance[];
  readonly changes: readonly InstanceChange[];
  /** Milliseconds of the polls that were answered. */
  readonly pollsMs: readonly number[];
}

export interface UnwellInstance {
  readonly instance: string;
  readonly state: string;
  readonly since: number;
  readonly codes: readonly string[];
}

export interface InstanceChange {
  readonly instance: string;
  /** `null`: it was not known. */
  readonly from: string | null;
  readonly to: string;
  readonly at: number;
  readonly codes: readonly string[];
}
