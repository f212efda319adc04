/**
 * Indicators of `@nestjs/terminus` and health checks of `@godaddy/terminus` as checks, known by their shapes.
 */
import { createHash } from 'node:crypto';
import { optionError } from 'portal-shared/check-options';
import type { CheckOptions } from './health-options.js';
import { DEGRADED, type Check } from './probes/custom.js';
import { hasMethods, member, messageOf } from './unknown.js';

/**
 * A function that `health.check([…])` of `@nestjs/terminus` or `healthChecks` of `@godaddy/terminus` was given; an
 * indicator with a method `isHealthy` or `pingCheck` that wants no more than a key; or what `attempt()` gives.
 */
export type TerminusIndicator = ((...given: never[]) => unknown) | object;

/** In an array as `@nestjs/terminus` has them, or by name. What is `true` or `false` is an option of the other terminus. */
export type TerminusIndicators =
  readonly TerminusIndicator[] | Readonly<Record<string, TerminusIndicator | boolean>>;

/** Holds for each of them: call `fromTerminus` once more for those that differ. */
export type TerminusOptions = Omit<CheckOptions, 'check'>;

/**
 * Makes checks of what terminus was given. The name of each is the key that it is called with; what it says about a failure
 * goes to `onFailure` and to nobody else. It is asked as every check is: in the background, one call at a time, with a deadline.
 *
 * @example
 * ```ts
 * import { createHealth } from 'portal-health';
 * import { fromTerminus } from 'portal-health/terminus';
 *
 * const isUp = async () => ({ mongo: { status: 'up' } });
 * createHealth({ checks: fromTerminus([isUp, () => ({ mysql: { status: 'down' } })], { critical: true }) });
 * ```
 * @throws TypeError when one of them is no indicator
 */
export function fromTerminus(
  indicators: TerminusIndicators,
  options: TerminusOptions = {},
): Record<string, CheckOptions> {
  const entries = Array.isArray(indicators)
    ? indicators.map((indicator: unknown, index) => [`[${index}]`, undefined, indicator] as const)
    : Object.entries(indicators)
        .filter(([, indicator]) => typeof indicator !== 'boolean')
        .map(([key, indicator]) => [`.${key}`, key, indicator] as const);
  const checks: Record<string, CheckOptions> = {};
  for (const [place, key, indicator] of entries) {
    const name = unusedName(checks, fitName(key ?? keyOf(indicator)) ?? nameByText(indicator));
    const ask = asking(indicator, name);
    if (!ask) throw optionError(`indicators${place}`, 'to be an indicator of terminus', indicator);
    checks[name] = { ...options, check: checkOf(ask) };
  }
  return checks;
}

/** What the functions of `@godaddy/terminus` are given. Whether traffic is welcome is not theirs to say. */
const STATE = { state: { isShuttingDown: false } };

function asking(indicator: unknown, name: string): (() => unknown) | undefined {
  if (typeof indicator === 'function') return () => (indicator as (given: unknown) => unknown)(STATE);
  // An attempt runs anew whenever somebody waits for it.
  if (hasMethods(indicator, ['then'])) return () => indicator;
  const method = ['isHealthy', 'pingCheck'].find((one) => hasMethods(indicator, [one]));
  if (method === undefined) return undefined;
  return () => (indicator as Record<string, (key: string) => unknown>)[method]?.(name);
}

function checkOf(ask: () => unknown): Check {
  return async () => {
    let result: unknown;
    try {
      result = await ask();
    } catch (error) {
      const causes = member(error, 'causes');
      throw causes === undefined ? error : new IndicatorError(`${messageOf(error)} ${textOf(causes)}`);
    }
    const status = statusIn(result);
    if (status === 'down') throw new IndicatorError(textOf(result));
    return status === 'degraded' ? DEGRADED : result;
  };
}

const GOOD = new Set(['up', 'ok']);

/** Of a result `{ KEY: { status } }`, the worst; of a whole answer `{ status, details }`, its own. */
function statusIn(result: unknown): 'up' | 'degraded' | 'down' {
  if (typeof result !== 'object' || result === null) return 'up';
  const own = member(result, 'status');
  if (typeof own === 'string') return own === 'degraded' ? 'degraded' : GOOD.has(own) ? 'up' : 'down';
  const statuses = new Set(Object.keys(result).map((key) => member(member(result, key), 'status')));
  return statuses.has('down') ? 'down' : statuses.has('degraded') ? 'degraded' : 'up';
}

/** For the log alone, at level `debug`. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

class IndicatorError extends Error {
  readonly code = 'INDICATOR_DOWN';
}

/** The key stands in the text of a function, where terminus' methods take it first, or where it makes a result of it. */
const KEY_IN_CALL = /\.(?:check\w*|\w+Check|isHealthy)\(\s*(['"`])([\w-]+)\1/;
const KEY_IN_RESULT = /(?:(['"`])([\w-]+)\1|\b(\w+))\s*:\s*\{\s*['"]?status\b/;

function keyOf(indicator: unknown): string {
  const key = member(member(indicator, 'session'), 'key');
  if (typeof key === 'string') return key;
  if (typeof indicator !== 'function') {
    return String(member(member(indicator, 'constructor'), 'name')).replace(/(Health)?Indicator$/, '');
  }
  const text = String(indicator);
  const inResult = KEY_IN_RESULT.exec(text);
  return (
    KEY_IN_CALL.exec(text)?.[2] ?? inResult?.[2] ?? inResult?.[3] ?? indicator.name.replace(/^bound /, '')
  );
}

const TAKEN = new Set(['database', 'cache']);

/** `nestjsDocs` becomes `nestjs-docs`. Addresses and queries are no names: everybody sees them. */
function fitName(key: string): string | undefined {
  if (!/^[\w /-]+$/.test(key)) return undefined;
  const name = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/[ /]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, 26);
  if (name === '' || name === 'object') return undefined;
  return TAKEN.has(name) ? `${name}-check` : name;
}

/** The same at every start, and in every call. */
function nameByText(indicator: unknown): string {
  return `indicator-${createHash('sha256').update(String(indicator)).digest('hex').slice(0, 6)}`;
}

function unusedName(checks: Readonly<Record<string, CheckOptions>>, name: string): string {
  for (let count = 1; ; count += 1) {
    const one = count === 1 ? name : `${name}-${count}`;
    if (!Object.hasOwn(checks, one)) return one;
  }
}
