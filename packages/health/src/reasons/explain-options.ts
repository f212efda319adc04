/**
 * What `explain` can be told, defaults filled in.
 */
import { BOOLEAN, checkOptions, MILLISECONDS, optional, type Rules } from 'portal-shared/check-options';

/** What administrators may see of a session besides what it does. */
export type SessionDetail = 'application' | 'role' | 'address' | 'pid';

/** Why a database or its pool is unwell, and who causes it. Every field has a default. */
export interface DatabaseExplainOptions {
  /** Milliseconds between two looks at the server's sessions, one statement each; default 15,000. */
  readonly everyMs?: number;
  /** The same while a problem holds or something was seen for the first time; default 5,000. */
  readonly whileTroubledMs?: number;
  /**
   * What that statement is sent on: `fresh`, that of a run of the probe; `kept`, one that stays open and answers too when
   * the server accepts no more; or a URL of a role of its own, such as one with `pg_monitor`. Default `fresh`.
   */
  readonly connection?: 'fresh' | 'kept' | { readonly connectionString: string };
  /** Whether to look at what runs out slowly once an hour: replication slots, archive, transaction ids. Default false. */
  readonly hourly?: boolean;
  /**
   * Milliseconds for which a connection is checked out, idle or in an idle transaction, before it is a reason; half as
   * many for a statement that runs. Default 10,000. Where a driver does not tell what its connections do, six times that.
   */
  readonly holderAfterMs?: number;
  /**
   * Whether to note where in your code a connection was taken, for at most 100 a second. **It puts a method of its own
   * before that of your pool**: `connect` of `pg`, by which `pool.query()` goes too, `acquire` of tarn (Knex) and
   * sequelize-pool, `begin` and `reserve` of postgres.js, until `close()`. Default false.
   */
  readonly sites?: boolean;
  /**
   * Who takes a connection, in your words, such as a route or a job: called at each call that asks for one; at most 40 of
   * letters, digits, space and `._:/-`, anything else is not shown. `true`, and the default with `sites`, is `http.route` of
   * the active span of OpenTelemetry. **It puts a method of its own before that of your pool**, as `sites` does.
   */
  readonly describe?: true | (() => string | null | undefined);
  /** What is shown of a session of the server; default `application` and `role`. */
  readonly show?: readonly SessionDetail[];
}

/** How close to its limits this process is, and why it is late. */
export interface ProcessOptions {
  /** Whether to look at its thread pool, event loop, memory and descriptors; default false. */
  readonly explain?: boolean;
}

export const EXPLAIN_DEFAULTS = {
  everyMs: 15_000,
  whileTroubledMs: 5_000,
  connection: 'fresh',
  hourly: false,
  holderAfterMs: 10_000,
  sites: false,
  show: Object.freeze(['application', 'role'] as const),
} as const;

/** Those given, over the defaults. */
export type ExplainSettings = Required<Omit<DatabaseExplainOptions, 'describe'>> &
  Pick<DatabaseExplainOptions, 'describe'>;

const DETAILS: readonly unknown[] = ['application', 'role', 'address', 'pid'] satisfies SessionDetail[];

const RULES: Rules<DatabaseExplainOptions> = {
  everyMs: MILLISECONDS,
  whileTroubledMs: MILLISECONDS,
  connection: optional(
    'to be fresh, kept or an object with a connectionString',
    (value) => value === 'fresh' || value === 'kept' || hasConnectionString(value),
  ),
  hourly: BOOLEAN,
  holderAfterMs: MILLISECONDS,
  sites: BOOLEAN,
  describe: optional('to be true or a function', (value) => value === true || typeof value === 'function'),
  show: optional(
    `to be a list of ${DETAILS.join(', ')}`,
    (value) => Array.isArray(value) && value.every((one) => DETAILS.includes(one)),
  ),
};
const PROCESS_RULES: Rules<ProcessOptions> = { explain: BOOLEAN };

/** @throws TypeError naming option, rule and value */
export function checkExplainOptions(value: unknown, path: string): void {
  if (value !== undefined && typeof value !== 'boolean') checkOptions(value, RULES, path);
}

/** @throws TypeError naming option, rule and value */
export function checkProcessOptions(value: unknown): void {
  if (value !== undefined) checkOptions(value, PROCESS_RULES, 'process');
}

/** The settings of a database that is to be explained; `undefined` of one that is not. */
export function explainSettings(
  given: boolean | DatabaseExplainOptions | undefined,
): ExplainSettings | undefined {
  if (given === undefined || given === false) return undefined;
  const told = Object.entries(given === true ? {} : given).filter(([, value]) => value !== undefined);
  return { ...EXPLAIN_DEFAULTS, ...Object.fromEntries(told) };
}

function hasConnectionString(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'connectionString' in value &&
    typeof value.connectionString === 'string'
  );
}
