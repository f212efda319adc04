/** Numbers as texts, as the language of the browser writes them. What was not measured is never 0. */

const NOT_MEASURED = 'not measured';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes in thousands, one decimal: `1.8 MB`. @param locale - default: the browser's */
export function bytes(value: number, locale?: string): string {
  let rest = value;
  let unit = 0;
  while (rest >= 1_000 && unit < UNITS.length - 1) {
    rest /= 1_000;
    unit += 1;
  }
  return `${decimals(rest, 1, locale)} ${UNITS[unit] ?? ''}`;
}

export function milliseconds(value: number, locale?: string): string {
  return `${count(value, locale)} ms`;
}

export function percent(value: number, locale?: string): string {
  return `${decimals(value, 1, locale)} %`;
}

/** Grouped, and with a decimal only where it tells something. */
export function count(value: number, locale?: string): string {
  return decimals(value, Math.abs(value) < 100 ? 1 : 0, locale);
}

export function orNotMeasured(value: number | null | undefined, word: (value: number) => string): string {
  return value === null || value === undefined ? NOT_MEASURED : word(value);
}

function decimals(value: number, most: number, locale: string | undefined): string {
  return value.toLocaleString(locale, { maximumFractionDigits: most });
}
