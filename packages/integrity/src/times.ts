/** Times as the documents of the source tell them. */

/** As published everywhere: `2026-03-01T00:00:00Z`. */
export function wholeSeconds(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
