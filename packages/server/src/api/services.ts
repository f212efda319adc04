/** What the handlers of endpoints use, built by `app`. */
import type { FastifyRequest } from 'fastify';
import type { Health } from 'portal-health';
import type { Source } from 'portal-integrity';
import type { Audit } from '../auth/audit/audit.js';
import type { AuditStore } from '../auth/audit/audit-store.js';
import type { AlertOverview } from '../monitoring/alerts/alert-overview.js';
import type { SendAlertTest } from '../monitoring/alerts/alert-test.js';
import type { History } from '../monitoring/history/history.js';
import type { Fleet } from '../fleet/fleet.js';
import type { FleetHistory } from '../monitoring/fleet/fleet-history.js';
import type { Monitoring } from '../monitoring/monitoring.js';
import type { HealthyTimes } from '../monitoring/healthy-time/healthy-times.js';
import type { IncidentNotes } from '../monitoring/incidents/incident-notes.js';
import type { Incidents } from '../monitoring/incidents/incidents.js';
import type { LivePages } from '../monitoring/live/pages.js';
import type { Pauses } from '../monitoring/pauses/pauses.js';
import type { StatusTracker } from '../monitoring/status-tracker.js';
import type { Guard } from '../auth/guard.js';
import type { Sessions } from '../auth/sessions/sessions.js';
import type { SignOut } from '../auth/sessions/sign-out.js';
import type { CodeToSend } from '../auth/login-codes/code-sender.js';
import type { SignIn } from '../auth/login-codes/sign-in.js';
import type { Redeemed } from '../auth/login-codes/login-code-store.js';
import type { SignInLimits } from '../auth/login-codes/visitors.js';
import type { StaticAsset } from '../infra/static-asset.js';
import type { CurrentUser } from '../auth/current-user.js';
import type { PublicServicesDocument } from './public-services-schema.js';
import type { NotesOf } from './fleet-schema.js';

/** What `auth` gives. */
export interface AuthServices {
  readonly guard: Guard;
  readonly sessions: Sessions;
  readonly signOut: SignOut;
  /** Value of the `Set-Cookie` header that takes the cookie back. */
  readonly endedCookie: string;
  readonly signIn: SignIn;
  readonly signInLimits: SignInLimits;
  readonly deliver: (code: CodeToSend) => void;
  /** `undefined` when the user is gone, or disabled. */
  readonly beginSession: (redeemed: Redeemed, address: string) => Promise<BegunSession | undefined>;
  readonly audit: Pick<Audit, 'flush' | 'rejected'>;
  readonly auditStore: Pick<AuditStore, 'list'>;
}

interface BegunSession {
  /** Value of the `Set-Cookie` header. */
  readonly cookie: string;
  readonly user: CurrentUser;
}

/** What `monitoring` gives. */
export interface MonitoringServices {
  readonly health: Health;
  readonly source: Source;
  readonly history: Pick<History, 'read' | 'events'>;
  readonly monitoringFigures: Monitoring['figures'];
  readonly incidents: Pick<Incidents, 'page' | 'one'>;
  readonly pauses: Pick<Pauses, 'list' | 'planned' | 'until' | 'begin' | 'end' | 'resume'>;
  readonly incidentNotes: IncidentNotes;
  readonly alertOverview: AlertOverview;
  readonly sendAlertTest: SendAlertTest;
  readonly fleetHistory: Pick<FleetHistory, 'transitions' | 'steps'>;
  readonly healthyTimes: HealthyTimes;
  /** Milliseconds between two probe runs in use. */
  readonly intervalMs: number;
  /** Milliseconds without a probe run after which a time counts as not measured. */
  readonly gapMs: number;
  readonly pages: LivePages;
  readonly statusTracker: StatusTracker;
  /** Calls `onGone` when the session of the request has ended; gives how to stop that. */
  readonly watchSession: (request: FastifyRequest, onGone: () => void) => () => void;
}

/** The documentation, made at the start and the same for all clients. */
export interface Documents {
  readonly openApi: StaticAsset;
  readonly index: StaticAsset;
  readonly page: StaticAsset;
  /** By the names of their files. */
  readonly guides: ReadonlyMap<string, StaticAsset>;
}

export interface ApiServices extends AuthServices, MonitoringServices {
  readonly fleet: Pick<Fleet, 'view' | 'service' | 'targets'>;
  readonly notesOf: NotesOf;
  readonly fleetPages: LivePages;
  readonly documents: Documents;
  readonly publicServices: () => Promise<PublicServicesDocument>;
  /** Of the operator's own words on a code, with `{code}` for it. */
  readonly runbookUrl: string | undefined;
}
