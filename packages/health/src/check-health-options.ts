/**
 * Checks what `createHealth` is given, once, at construction.
 */
import { types } from 'node:util';
import {
  ANYTHING,
  BOOLEAN,
  checkOptions,
  FUNCTION,
  MILLISECONDS,
  numberFrom,
  OBJECT,
  optional,
  optionError,
  type Rules,
} from 'portal-shared/check-options';
import {
  paceOf,
  type CacheOptions,
  type CheckOptions,
  type DatabaseOptions,
  type HealthOptions,
  type SamplingOptions,
} from './health-options.js';
import { NAME_RULE } from './identity.js';
import type { Check } from './probes/custom.js';
import type { WritesOptions } from './probes/postgres/postgres-writes.js';
import { checkExplainOptions, checkProcessOptions } from './reasons/explain-options.js';
import { SOURCE_RULE } from './source-option.js';

const SAMPLING: Rules<SamplingOptions> = {
  intervalMs: MILLISECONDS,
  idleIntervalMs: MILLISECONDS,
  jitter: numberFrom(0, 1),
  deadlineMs: MILLISECONDS,
  slowMs: MILLISECONDS,
};
const DATABASE: Rules<DatabaseOptions> = {
  ...SAMPLING,
  pool: ANYTHING,
  postgres: ANYTHING,
  critical: BOOLEAN,
  readOnly: BOOLEAN,
  writes: ANYTHING,
  canary: BOOLEAN,
  poolSaturatedAfterMs: MILLISECONDS,
  poolStalledAfterMs: MILLISECONDS,
  explain: ANYTHING,
};
/** A name that needs no quoting, or one with its schema before it. */
const TABLE_NAME = /^([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,62}$/;
const WRITES: Rules<WritesOptions> = {
  intervalMs: MILLISECONDS,
  deadlineMs: MILLISECONDS,
  table: optional(`to match ${TABLE_NAME}`, (value) => typeof value === 'string' && TABLE_NAME.test(value)),
  create: BOOLEAN,
};
const CACHE: Rules<CacheOptions> = {
  ...SAMPLING,
  client: ANYTHING,
  critical: BOOLEAN,
  readOnly: BOOLEAN,
  explain: BOOLEAN,
};
const CHECK: Rules<CheckOptions> = { ...SAMPLING, check: ANYTHING, critical: BOOLEAN };
const HEALTH: Rules<HealthOptions> = {
  database: ANYTHING,
  cache: ANYTHING,
  databases: OBJECT,
  caches: OBJECT,
  checks: OBJECT,
  source: SOURCE_RULE,
  process: ANYTHING,
  ready: optional('to be own or critical', (value) => value === 'own' || value === 'critical'),
  eventLoopDelayedAfterMs: MILLISECONDS,
  startedAt: optional('to be a valid Date', (value) => types.isDate(value) && value.getTime() > 0),
  service: NAME_RULE,
  version: NAME_RULE,
  instance: NAME_RULE,
  onFailure: FUNCTION,
  onStatusChange: FUNCTION,
  onReport: FUNCTION,
};

/** A name must be readable on one line and hold nothing that needs escaping in any format. */
const CHECK_NAME = /^[a-z][a-z0-9_-]{0,31}$/;
const STORE_NAME = /^[a-z0-9-]{1,40}$/;

/** @throws TypeError naming option, rule and value */
export function checkHealthOptions(options: HealthOptions): void {
  checkOptions(options, HEALTH);
  checkProcessOptions(options.process);
  const names = new Set(['database', 'cache']);

  function checkName(path: string, name: string, rule: RegExp): void {
    if (!rule.test(name) || names.has(name)) {
      throw optionError(
        path,
        `to have a name of its own, other than database and cache, that matches ${rule}`,
        name,
      );
    }
    names.add(name);
  }

  const { database, databases = {}, cache, caches = {}, checks = {} } = options;
  if (database !== undefined) checkDatabase('database', database);
  for (const [name, entry] of Object.entries<DatabaseOptions>(databases)) {
    checkName(`databases.${name}`, name, STORE_NAME);
    checkDatabase(`databases.${name}`, entry);
  }
  if (cache !== undefined) checkSampled('cache', cache, CACHE);
  for (const [name, entry] of Object.entries<CacheOptions>(caches)) {
    checkName(`caches.${name}`, name, STORE_NAME);
    checkSampled(`caches.${name}`, entry, CACHE);
  }
  for (const [name, entry] of Object.entries<Check | CheckOptions>(checks)) {
    checkName(`checks.${name}`, name, CHECK_NAME);
    if (typeof entry !== 'function') checkSampled(`checks.${name}`, entry, CHECK);
  }
}

function checkDatabase(path: string, options: DatabaseOptions): void {
  checkSampled(path, options, DATABASE);
  const { writes } = options;
  if (writes !== undefined && typeof writes !== 'boolean') checkOptions(writes, WRITES, `${path}.writes`);
  checkExplainOptions(options.explain, `${path}.explain`);
}

function checkSampled<Options extends SamplingOptions>(
  path: string,
  options: Options,
  rules: Rules<Options>,
): void {
  checkOptions(options, rules, path);
  const { intervalMs, idleIntervalMs } = paceOf(options);
  if (idleIntervalMs < intervalMs) {
    throw optionError(
      `${path}.idleIntervalMs`,
      `to be at least \`intervalMs\`, ${intervalMs}`,
      idleIntervalMs,
    );
  }
}
