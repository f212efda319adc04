/** Every endpoint, in the order of the OpenAPI document. */
import { adminAlertsRoute } from './admin-alerts.js';
import { adminAuditRoute } from './admin-audit.js';
import { adminEventsRoute } from './admin-events.js';
import { adminFleetRoute } from './admin-fleet.js';
import { adminFleetEventsRoute } from './admin-fleet-events.js';
import { adminFleetHistoryRoute } from './admin-fleet-history.js';
import { adminFleetInstanceRoute } from './admin-fleet-instance.js';
import { adminFleetLiveRoute } from './admin-fleet-live.js';
import { adminFleetServiceRoute } from './admin-fleet-service.js';
import { adminFleetSourceRoute } from './admin-fleet-source.js';
import { adminFleetTargetsRoute } from './admin-fleet-targets.js';
import { adminHealthRoute } from './admin-health.js';
import { adminHealthyTimeRoute } from './admin-healthy-time.js';
import { adminHistoryRoute } from './admin-history.js';
import { adminIncidentRoute } from './admin-incident.js';
import { adminIncidentsRoute } from './admin-incidents.js';
import { adminIntegrityLoadedRoute } from './admin-integrity-loaded.js';
import { adminIntegrityRoute } from './admin-integrity.js';
import { adminIntegrityStatementRoute } from './admin-integrity-statement.js';
import { adminLiveRoute } from './admin-live.js';
import { adminMaintenanceRoute } from './admin-maintenance.js';
import { adminReasonsRoute } from './admin-reasons.js';
import { destroyMySessionRoute } from './destroy-my-session.js';
import { destroyMySessionsRoute } from './destroy-my-sessions.js';
import { docsRoute, guideRoute, indexRoute, openApiRoute } from './docs/endpoints.js';
import { endMaintenanceRoute } from './end-maintenance.js';
import { healthRoute } from './health.js';
import { logoutRoute } from './logout.js';
import { meRoute } from './me.js';
import { metricsRoute } from './metrics.js';
import { mySessionsRoute } from './my-sessions.js';
import { noteIncidentRoute } from './note-incident.js';
import { pauseServiceRoute } from './pause-service.js';
import { planMaintenanceRoute } from './plan-maintenance.js';
import { livezRoute, readyzRoute, startupzRoute } from './probes.js';
import { requestCodeRoute } from './request-code.js';
import { resumeServiceRoute } from './resume-service.js';
import type { Route } from './route.js';
import { publicServicesRoute } from './public-services.js';
import { statusRoute } from './status.js';
import { testAlertsRoute } from './test-alerts.js';
import { verifyCodeRoute } from './verify-code.js';

export const ENDPOINTS: readonly Route[] = [
  healthRoute,
  adminHealthRoute,
  adminReasonsRoute,
  adminIntegrityRoute,
  adminIntegrityLoadedRoute,
  adminIntegrityStatementRoute,
  statusRoute,
  publicServicesRoute,
  adminLiveRoute,
  adminHistoryRoute,
  adminEventsRoute,
  adminFleetRoute,
  adminFleetServiceRoute,
  adminFleetInstanceRoute,
  adminFleetHistoryRoute,
  adminHealthyTimeRoute,
  adminFleetEventsRoute,
  adminFleetLiveRoute,
  adminFleetTargetsRoute,
  adminFleetSourceRoute,
  pauseServiceRoute,
  resumeServiceRoute,
  adminMaintenanceRoute,
  planMaintenanceRoute,
  endMaintenanceRoute,
  adminIncidentsRoute,
  adminIncidentRoute,
  noteIncidentRoute,
  adminAlertsRoute,
  testAlertsRoute,
  requestCodeRoute,
  verifyCodeRoute,
  logoutRoute,
  meRoute,
  mySessionsRoute,
  adminAuditRoute,
  destroyMySessionsRoute,
  destroyMySessionRoute,
  livezRoute,
  readyzRoute,
  startupzRoute,
  metricsRoute,
  docsRoute,
  guideRoute,
  openApiRoute,
  indexRoute,
];
