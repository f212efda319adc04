/**
 * portal-health: every public name, one by one.
 *
 * @packageDocumentation
 */
export { DEFAULTS } from './defaults.js';
export { bearerToken, type BearerTokenOptions } from './http/bearer-token.js';
export type {
  Endpoint,
  EndpointOptions,
  EndpointPaths,
  HealthServer,
  ListenOptions,
  PathConflict,
} from './http/endpoint-options.js';
export { createHealth, type Health } from './health.js';
export type {
  CacheOptions,
  CheckOptions,
  DatabaseOptions,
  Failure,
  HealthOptions,
  ReportEvent,
  SamplingOptions,
  StatusChange,
} from './health-options.js';
export type { Identity, IdentityOptions } from './identity.js';
export { PROBLEMS, type Effect, type Problem, type ProblemCode } from './problems.js';
export type { Ready } from './readiness.js';
export type { DatabaseExplainOptions, ProcessOptions, SessionDetail } from './reasons/explain-options.js';
export { REASON_CODES, type ReasonCode } from './reasons/reason-codes.js';
export type { Reason } from './reasons/reasons.js';
export type { Figures } from './reasons/sighting.js';
export type { HealthSnapshot, ComponentStatus, ComponentType, NamedCache, NamedDatabase } from './report.js';
export { reasonsDocument, type PublishedReason, type ReasonsDocument } from './http/formats/reasons-json.js';
export { respond, type HealthResponse, type HealthRequest } from './http/respond.js';
export type { FinishedRun, RunCounts, RunOutcome } from './run-counts.js';
export type { HealthSource, SourceProblem } from './source-option.js';
export type { CacheStatistics, Cause, DatabaseStatistics, Report, State, Status, Viewer } from './types.js';
export { isUp, verdict, type VerdictInput } from './verdict.js';
