/**
 * The text of `?verbose` on the probes: one line a check, its name and the codes of its problems, nothing else.
 */
import type { ComponentStatus } from '../../report.js';

/** Lines such as `cache down CACHE_TIMEOUT`, remarks last, closed by the verdict of the probe itself. */
export function verboseText(components: readonly ComponentStatus[], verdict: string): string {
  const lines = components.map(({ name, state, problems, remarks = [] }) =>
    [name, state, ...problems, ...remarks].join(' '),
  );
  return `${[...lines, verdict].join('\n')}\n`;
}
