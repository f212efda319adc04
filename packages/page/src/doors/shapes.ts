/** What the doors of the service answer, as far as the page reads it. */
import type { Report, State, Status } from 'portal-health';
import type { IntegrityState } from 'portal-integrity';

/** A cause that holds, and since when. */
export interface HeldCause {
  readonly component: string;
  readonly code: string;
  readonly since: string;
}

export interface PublicStatus {
  readonly status: Status;
  readonly since: string;
  readonly database: boolean;
  readonly cache: boolean;
  readonly causes: readonly HeldCause[];
  readonly checked_at: string | null;
  readonly codes_delivered: boolean;
}

export interface PartStanding {
  readonly state: State;
  readonly since: string;
  /** Since when it answers, or does not. */
  readonly answers_since: string;
  readonly checked_at: string | null;
}

/** Everything for an administrator at one moment. Without the live stream the public status says since when. */
export interface Snapshot {
  readonly report: Report;
  readonly since: string | null;
  /** `null` when only the report is known. */
  readonly causes: readonly HeldCause[] | null;
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

/** True sums of a time, in milliseconds. */
export interface Totals {
  readonly from: string;
  readonly to: string;
  readonly healthy_ms: number;
  readonly degraded_ms: number;
  readonly unhealthy_ms: number;
  readonly unmeasured_ms: number;
  readonly complete_from: string | null;
  readonly exact_from: string | null;
}

export interface History {
  readonly from: string;
  readonly to: string;
  readonly step_seconds: number;
  /** Where nothing is known for longer nobody looked. */
  readonly gap_seconds: number;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  /** The worst of each step, for however short a time: nothing to add up. */
  readonly status: readonly (Status | null)[];
  readonly totals: Totals;
  readonly series: Readonly<Record<string, Series>>;
}

/** A cause within an event, from its own begin to its own end. */
export interface PastCause {
  readonly component: string;
  readonly code: string;
  readonly began_at: string;
  readonly ended_at: string | null;
}

export interface HappenedEvent {
  readonly id: number | string;
  readonly kind: string;
  readonly began_at: string;
  readonly ended_at: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly codes: readonly string[];
  /** Of a status: since when it has been so, also before a time that was not measured. */
  readonly since: string | null;
  readonly causes: readonly PastCause[];
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
