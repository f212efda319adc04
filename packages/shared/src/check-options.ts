/**
 * The one way to say that an option cannot be used.
 */

/** One sentence for every bad option: which, the rule, and what was given. */
export function optionError(option: string, rule: string, value: unknown): TypeError {
  return new TypeError(`Expected the \`${option}\` option ${rule}, got ${shown(value)}.`);
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) return 'an object';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
