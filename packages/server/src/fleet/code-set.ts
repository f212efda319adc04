/** The codes of a service: each once. Unknown ones are shown as they are, but so many that they hide no known one. */
import { PROBLEMS } from 'portal-health';
import { FLEET_PROBLEMS, INSTANCE_PROBLEMS } from './fleet-problems.js';

export interface CodeSet {
  add(code: string): void;
  /** In the order in which they came. */
  codes(): readonly string[];
}

/** More unknown ones say nothing more. */
const MOST_UNKNOWN = 16;
const KNOWN: ReadonlySet<string> = new Set(
  [PROBLEMS, INSTANCE_PROBLEMS, FLEET_PROBLEMS].flatMap((catalogue) => Object.keys(catalogue)),
);

export function createCodeSet(): CodeSet {
  const codes = new Set<string>();
  let unknown = 0;
  return {
    add(code) {
      if (codes.has(code)) return;
      if (!KNOWN.has(code)) {
        if (unknown === MOST_UNKNOWN) return;
        unknown += 1;
      }
      codes.add(code);
    },
    codes: () => [...codes],
  };
}
