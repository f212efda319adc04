/** What the endpoints answer, as types, for the operator's page: derived from the schemas of the endpoints. */
import type { alertsSchema } from './admin-alerts.js';
import type { auditPageSchema } from './admin-audit.js';
import type { eventPageSchema } from './admin-events.js';
import type { fleetEventPageSchema } from './admin-fleet-events.js';
import type { healthyTimeSchema } from './healthy-time-schema.js';
import type { fleetHistorySchema } from './admin-fleet-history.js';
import type {
  fleetDeltaSchema,
  fleetInstanceDetailSchema,
  fleetInstanceSchema,
  fleetSchema,
  fleetServiceDetailSchema,
} from './fleet-schema.js';
import type { targetGroupsSchema } from './admin-fleet-targets.js';
import type { maintenanceSchema } from './admin-maintenance.js';
import type { historySchema } from './admin-history.js';
import type { liveSnapshotSchema } from './admin-live.js';
import type { reasonsSchema } from './admin-reasons.js';
import type { eventSchema } from './event-schema.js';
import type { incidentDetailSchema, incidentPageSchema } from './incident-schema.js';
import type { integritySchema } from './admin-integrity.js';
import type { loadedScriptsSchema } from './admin-integrity-loaded.js';
import type { meSchema } from './me.js';
import type { mySessionsSchema } from './my-sessions.js';
import type { adminReportSchema } from './report-schema.js';
import type { codeRequestedSchema } from './request-code.js';
import type { FromSchema } from './schema.js';
import type { fleetSourceSchema } from './source-schema.js';
import type { alertTestSchema } from './test-alerts.js';
import type { publicStatusSchema } from './status.js';

export type AdminReportDocument = FromSchema<typeof adminReportSchema>;
export type AlertsDocument = FromSchema<typeof alertsSchema>;
export type AuditPageDocument = FromSchema<typeof auditPageSchema>;
export type AuditEntryDocument = AuditPageDocument['entries'][number];
export type EventDocument = FromSchema<typeof eventSchema>;
export type EventPageDocument = FromSchema<typeof eventPageSchema>;
export type FleetDocument = FromSchema<typeof fleetSchema>;
export type FleetDeltaDocument = FromSchema<typeof fleetDeltaSchema>;
export type FleetEventPageDocument = FromSchema<typeof fleetEventPageSchema>;
export type FleetHistoryDocument = FromSchema<typeof fleetHistorySchema>;
export type FleetInstanceDocument = FromSchema<typeof fleetInstanceSchema>;
export type FleetInstanceDetailDocument = FromSchema<typeof fleetInstanceDetailSchema>;
export type FleetServiceDetailDocument = FromSchema<typeof fleetServiceDetailSchema>;
export type FleetSourceDocument = FromSchema<typeof fleetSourceSchema>;
export type HealthyTimeDocument = FromSchema<typeof healthyTimeSchema>;
export type HeldCauseDocument = PublicStatusDocument['causes'][number];
export type HistoryDocument = FromSchema<typeof historySchema>;
export type IncidentDetailDocument = FromSchema<typeof incidentDetailSchema>;
export type IncidentDocument = IncidentDetailDocument['incident'];
export type IncidentPageDocument = FromSchema<typeof incidentPageSchema>;
export type IntegrityDocument = FromSchema<typeof integritySchema>;
export type LiveSnapshotDocument = FromSchema<typeof liveSnapshotSchema>;
export type LiveComponentDocument = LiveSnapshotDocument['parts'][string];
export type MaintenanceDocument = FromSchema<typeof maintenanceSchema>;
export type PauseDocument = MaintenanceDocument['pauses'][number];
export type MeDocument = FromSchema<typeof meSchema>;
export type MySessionsDocument = FromSchema<typeof mySessionsSchema>;
export type ReasonDocument = FromSchema<typeof reasonsSchema>['reasons'][number];
export type PublicStatusDocument = FromSchema<typeof publicStatusSchema>;

/** What the page requests, and the document that each path answers. */
export interface ApiDocuments {
  readonly '/v1/admin/alerts': AlertsDocument;
  readonly '/v1/admin/alerts/test': FromSchema<typeof alertTestSchema>;
  readonly '/v1/admin/audit': AuditPageDocument;
  readonly '/v1/admin/events': EventPageDocument;
  readonly '/v1/admin/fleet': FleetDocument;
  readonly '/v1/admin/fleet/source': FleetSourceDocument;
  readonly '/v1/admin/fleet/services/{service}': FleetServiceDetailDocument;
  readonly '/v1/admin/fleet/services/{service}/instances/{instance}': FleetInstanceDetailDocument;
  readonly '/v1/admin/fleet/services/{service}/history': FleetHistoryDocument;
  readonly '/v1/admin/fleet/services/{service}/healthy-time': HealthyTimeDocument;
  readonly '/v1/admin/fleet/events': FleetEventPageDocument;
  readonly '/v1/admin/fleet/targets': FromSchema<typeof targetGroupsSchema>;
  readonly '/v1/admin/health': AdminReportDocument;
  readonly '/v1/admin/history': HistoryDocument;
  readonly '/v1/admin/incidents': IncidentPageDocument;
  readonly '/v1/admin/incidents/{id}': IncidentDetailDocument;
  readonly '/v1/admin/integrity': IntegrityDocument;
  readonly '/v1/admin/integrity/loaded': FromSchema<typeof loadedScriptsSchema>;
  readonly '/v1/admin/maintenance': MaintenanceDocument;
  readonly '/v1/admin/reasons': FromSchema<typeof reasonsSchema>;
  readonly '/v1/authentication/request': FromSchema<typeof codeRequestedSchema>;
  readonly '/v1/authentication/verify': MeDocument;
  readonly '/v1/status': PublicStatusDocument;
  readonly '/v1/users/me': MeDocument;
  readonly '/v1/users/me/sessions': MySessionsDocument;
}
