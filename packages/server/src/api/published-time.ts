/** How times are written in JSON: ISO 8601, UTC, whole seconds. */

/** @param ms - since 1970 */
export function seconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

export function secondsOrNull(ms: number | null): string | null {
  return ms === null ? null : seconds(ms);
}
