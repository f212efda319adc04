/**
 * A time in which nobody is told of new incidents of a service, or of all services with a label: begun by hand, or planned
 * ahead as maintenance. Pure. All times in milliseconds since 1970.
 */

export interface PauseScope {
  /** Name of the service; `null`: all with the label. */
  readonly service: string | null;
  /** `name:value`; `null`: the service alone. */
  readonly label: string | null;
}

export interface Pause extends PauseScope {
  readonly id: number;
  readonly from: number;
  readonly until: number;
  /** Whether it is maintenance, which healthy time leaves out. */
  readonly isPlanned: boolean;
  /** Why, in words of whoever began it. */
  readonly reason: string;
  /** Name of the user. */
  readonly author: string;
}

export interface PausedService {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function covers({ service, label }: PauseScope, { name, labels }: PausedService): boolean {
  if (service !== null) return service === name;
  return Object.entries(labels).some(([key, value]) => `${key}:${value}` === label);
}

/** @returns until when; `null`: it is not paused at that time */
export function pausedUntil(pauses: readonly Pause[], service: PausedService, at: number): number | null {
  const ends = pauses
    .filter((pause) => pause.from <= at && at < pause.until && covers(pause, service))
    .map(({ until }) => until);
  return ends.length === 0 ? null : Math.max(...ends);
}
