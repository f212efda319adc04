/**
 * portal-health: every public name, one by one.
 *
 * @packageDocumentation
 */
export { DEFAULTS } from './defaults.js';
export type { EndpointOptions as DoorOptions, EndpointPaths as DoorPaths } from './http/endpoints.js';
export { createHealth, type Health } from './health.js';
export type {
  CacheOptions,
  CheckOptions,
  DatabaseOptions,
  Failure,
  HealthOptions,
  SamplingOptions,
  StatusChange,
} from './health-options.js';
export { PROBLEMS, type Effect, type Problem, type ProblemCode } from './problems.js';
export type { Ready } from './readiness.js';
export type {
  HealthSnapshot as Facts,
  ComponentStatus as Finding,
  ComponentType as Kind,
  NamedCache,
  NamedDatabase,
} from './report.js';
export {
  respond,
  type HealthResponse as Answer,
  type Endpoint as Door,
  type HealthRequest as Question,
} from './http/respond.js';
export type { HealthSource, SourceProblem } from './source-option.js';
export type { CacheStatistics, Cause, DatabaseStatistics, Report, State, Status, Viewer } from './types.js';
export { isUp, verdict, type VerdictInput as Part } from './verdict.js';
