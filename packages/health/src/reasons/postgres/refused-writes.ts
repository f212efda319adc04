/**
 * What the probe's own write has found, said as a reason too: with what to do next, and in the history with begin and end.
 * Nothing is asked.
 */
import type { ProblemCode } from '../../problems.js';
import type { ReasonSource, Sighting } from '../sighting.js';

/** The more special one first. */
const CODES = ['DATABASE_DISK_FULL', 'DATABASE_WRITES_FAIL'] as const;

/** What of the problems of a database is also a reason. */
function sightRefusedWrites(problems: readonly ProblemCode[], component: string): readonly Sighting[] {
  const code = CODES.find((one) => problems.includes(one));
  return code === undefined ? [] : [{ code, component, figures: {}, isCertain: true }];
}

/** @param problems - those of the database that hold now */
export function createRefusedWrites(component: string, problems: () => readonly ProblemCode[]): ReasonSource {
  return {
    name: `writes of ${component}`,
    needs: 1,
    latest: () => ({
      atMs: performance.now(),
      at: new Date(),
      sightings: sightRefusedWrites(problems(), component),
    }),
  };
}
