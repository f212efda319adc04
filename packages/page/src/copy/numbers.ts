/** Numbers as texts. What was not measured is never 0. */

export const NOT_MEASURED = 'not measured';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes in thousands, one decimal: `1.8 MB`. */
export function bytes(value: number): string {
  let rest = value;
  let unit = 0;
  while (rest >= 1_000 && unit < UNITS.length - 1) {
    rest /= 1_000;
    unit += 1;
  }
  return `${oneDecimal(rest)} ${UNITS[unit] ?? ''}`;
}

export function milliseconds(value: number): string {
  return `${decimals(value)} ms`;
}

export function percent(value: number): string {
  return `${oneDecimal(value)} %`;
}

/** Grouped by a narrow space, which cannot be taken for a decimal sign. */
export function count(value: number): string {
  return decimals(value).replaceAll(/\B(?=(\d{3})+(?!\d))/g, '\u202F');
}

export function orNotMeasured(value: number | null | undefined, word: (value: number) => string): string {
  return value === null || value === undefined ? NOT_MEASURED : word(value);
}

function oneDecimal(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

function decimals(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(value < 100 ? 1 : 0);
}
