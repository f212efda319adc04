/**
 * The one way to check options, and to say that one cannot be used.
 */

/** Timers of Node count in 32 bits; longer ones fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What a value must be. */
export interface OptionRule {
  /** Follows "Expected the `x` option". */
  readonly text: string;
  readonly holds: (value: unknown) => boolean;
}

/** A rule for each option there is: any other is unknown. */
export type Rules<Options> = Readonly<Record<keyof Options, OptionRule>>;

/** A rule for an option that must be given. */
export function required(text: string, holds: (value: unknown) => boolean): OptionRule {
  return { text, holds };
}

/** A rule that an option keeps also when it is left out, or `undefined`. */
export function optional(text: string, holds: (value: unknown) => boolean): OptionRule {
  return { text, holds: (value) => value === undefined || holds(value) };
}

/** For what is checked by whoever uses it. */
export const ANYTHING = optional('', () => true);
export const BOOLEAN = optional('to be true or false', (value) => typeof value === 'boolean');
export const FUNCTION = optional('to be a function', (value) => typeof value === 'function');
export const OBJECT = optional('to be an object', isObject);
export const MILLISECONDS = optional(
  `to be a positive number of milliseconds up to ${LONGEST_TIMER_MS}`,
  (value) => isNumber(value, 0, LONGEST_TIMER_MS) && value !== 0,
);

export function numberFrom(least: number, most: number, unit = ''): OptionRule {
  return optional(`to be a number ${unit}from ${least} to ${most}`, (value) => isNumber(value, least, most));
}

/**
 * Checks `options` by `rules`.
 *
 * @param within - the option that holds them, such as `database`; left out for the options of a call
 * @throws TypeError naming option, rule and value
 */
export function checkOptions<Options>(
  options: unknown,
  rules: Rules<Options>,
  within?: string,
): asserts options is Options {
  if (!isObject(options)) {
    if (within !== undefined) throw optionError(within, OBJECT.text, options);
    throw new TypeError(`Expected the options ${OBJECT.text}, got ${shown(options)}.`);
  }
  const prefix = within === undefined ? '' : `${within}.`;
  const known = Object.keys(rules);
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw optionError(prefix + key, `to be one of ${known.join(', ')}`, key);
  }
  for (const [key, rule] of Object.entries<OptionRule>(rules)) {
    const value = options[key];
    if (!rule.holds(value)) throw optionError(prefix + key, rule.text, value);
  }
}

/** One sentence for every bad option: which, the rule, and what was given. */
export function optionError(option: string, rule: string, value: unknown): TypeError {
  return new TypeError(`Expected the \`${option}\` option ${rule}, got ${shown(value)}.`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isNumber(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most;
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) return 'an object';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
