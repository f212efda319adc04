/** What the files are asked about healthy time, and what they say. Times in milliseconds since 1970. */
import type { Range, Sums } from './healthy-time.js';

export interface HealthyTimeQuery {
  readonly service: string;
  readonly ranges: readonly Range[];
  /** Of the service. */
  readonly maintenance: readonly Range[];
}

export interface PartTime {
  /** `database`, `cache`, `source` or the name of a check. */
  readonly part: string;
  /** One a range. */
  readonly sums: readonly Sums[];
}

export interface HealthyTime {
  /** Since when something was measured. */
  readonly completeFromMs: number;
  /** One a range. */
  readonly sums: readonly Sums[];
  /** Of a service that is watched from within. */
  readonly parts: readonly PartTime[];
}
