/**
 * portal-integrity: every public name, one by one.
 *
 * @packageDocumentation
 */
export type { DependencyOptions, SourceOptions, StatementOptions } from './source-options.js';
export {
  watchSource,
  type Inspection,
  type IntegrityState,
  type Source,
  type SourceEvent,
} from './source.js';
export type { IntegrityProblem } from './state.js';
export {
  verifyStatement,
  type RefusedStatement,
  type VerifiedStatement,
  type VerifyOptions,
} from './release/verify-statement.js';
