/** What the doors of the service answer, as far as the page reads it. */
import type { IntegrityState, Report, State, Status } from 'portal-health';

export interface PublicStatus {
  readonly status: Status;
  readonly since: string;
  readonly database: boolean;
  readonly cache: boolean;
  readonly checked_at: string | null;
}

export interface PartStanding {
  readonly state: State;
  readonly since: string;
  readonly checked_at: string | null;
}

/** Everything for an administrator at one moment. Without the live stream nobody says since when. */
export interface Snapshot {
  readonly report: Report;
  readonly since: string | null;
  readonly parts: Readonly<Record<string, PartStanding>>;
  readonly at: string;
}

export interface Me {
  readonly username: string;
  readonly permission: number;
  readonly permission_name: string;
  readonly session: { readonly token_suffix: string; readonly expires_at: string };
}

/** From which level on somebody sees everything. */
export const ADMIN = 2;

export interface OwnSession {
  readonly token_suffix: string;
  readonly made_for: string;
  readonly created_at: string;
  readonly expires_at: string;
  readonly current: boolean;
}

/** One figure over time; `null` where nothing was measured. */
export interface Series {
  readonly minimum: readonly (number | null)[];
  readonly mean: readonly (number | null)[];
  readonly maximum: readonly (number | null)[];
}

export interface History {
  readonly from: string;
  readonly to: string;
  readonly step_seconds: number;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly status: readonly (Status | null)[];
  readonly series: Readonly<Record<string, Series>>;
}

export interface HappenedEvent {
  readonly id: number | string;
  readonly kind: string;
  readonly began_at: string;
  readonly ended_at: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly codes: readonly string[];
  readonly details: Readonly<Record<string, unknown>> | null;
}

export interface EventPage {
  readonly events: readonly HappenedEvent[];
  readonly next: number | string | null;
}

export interface AuditEntry {
  readonly id: number | string;
  readonly at: string;
  readonly action: string;
  readonly actor: string | null;
  readonly subject: string | null;
  readonly address: string | null;
  readonly token_suffix: string | null;
  readonly details: unknown;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next: number | string | null;
}

export type Integrity = IntegrityState;
