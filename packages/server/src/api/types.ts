/** What the endpoints answer, as types, for the operator's page: derived from the schemas of the endpoints. */
import type { auditPage } from './admin-audit.js';
import type { eventPage } from './admin-events.js';
import type { history } from './admin-history.js';
import type { liveSnapshot } from './admin-live.js';
import type { event } from './event-schema.js';
import type { integrity } from './integrity-schema.js';
import type { me } from './me.js';
import type { mySessions } from './my-sessions.js';
import type { adminReport } from './report-schema.js';
import type { FromSchema } from './schema.js';
import type { publicStatus } from './status.js';

export type AdminReport = FromSchema<typeof adminReport>;
export type AuditPage = FromSchema<typeof auditPage>;
export type AuditEntry = AuditPage['entries'][number];
export type HistoryEvent = FromSchema<typeof event>;
export type EventPage = FromSchema<typeof eventPage>;
export type HeldCause = PublicStatus['causes'][number];
export type History = FromSchema<typeof history>;
export type Integrity = FromSchema<typeof integrity>;
export type LiveSnapshot = FromSchema<typeof liveSnapshot>;
export type LiveComponent = LiveSnapshot['parts'][string];
export type Me = FromSchema<typeof me>;
export type MySessions = FromSchema<typeof mySessions>;
export type PublicStatus = FromSchema<typeof publicStatus>;
