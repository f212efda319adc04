/** What must hold in every fault, each requirement with the tests that check it. */
import { existsSync } from 'node:fs';

export interface Requirement {
  readonly number: number;
  readonly requirement: string;
  /** Links to tests in Markdown, seen from `e2e/`, or where on the page of results it shows. */
  readonly checkedBy: readonly string[];
}

const HEALTH = 'packages/health/test';
const SERVER = 'packages/server/test';
const TABLES = 'the tables above';

export const REQUIREMENTS: readonly Requirement[] = [
  requirement(
    1,
    'No fault and no crowd of clients makes a response slow',
    TABLES,
    `${SERVER}/outage.test.ts`,
  ),
  requirement(
    2,
    'The load on the stores does not depend on the load on us',
    'the column of probe queries above',
    `${HEALTH}/health.test.ts`,
  ),
  requirement(3, 'A thousand timed-out probe runs take no connection from the pool', 'the table just above'),
  requirement(4, 'The cause is named', TABLES, `${HEALTH}/faults.test.ts`, `${HEALTH}/probes/errors.test.ts`),
  requirement(
    5,
    'A check that hangs, throws or returns nonsense affects only its own entry',
    `${HEALTH}/health.test.ts`,
    `${HEALTH}/probes/custom.test.ts`,
    `${HEALTH}/fuzz.test.ts`,
  ),
  requirement(
    6,
    'What is stale never looks healthy',
    `${HEALTH}/health.test.ts`,
    `${HEALTH}/sampler.test.ts`,
  ),
  requirement(
    7,
    'The verdict is total and published; liveness never fails for a store, readiness goes first',
    `${HEALTH}/verdict.test.ts`,
    `${SERVER}/readme.test.ts`,
    `${HEALTH}/adapters/conformance.ts`,
    `${SERVER}/cli/serve.test.ts`,
  ),
  requirement(
    8,
    'No secret leaves the process',
    'the scan above',
    `${SERVER}/app.test.ts`,
    `${SERVER}/fuzz.test.ts`,
  ),
  requirement(
    9,
    'Every unauthenticated client gets the same bytes',
    `${SERVER}/auth/sessions/access.test.ts`,
  ),
  requirement(
    10,
    'The administrators’ page works in the outage it is for',
    TABLES,
    `${SERVER}/outage.test.ts`,
    `${SERVER}/auth/sessions/session-fallback.test.ts`,
  ),
  requirement(
    11,
    'Figures add up, and are null rather than 0',
    `${HEALTH}/statistics/pool.test.ts`,
    `${HEALTH}/statistics/cache.test.ts`,
    `${SERVER}/outage.test.ts`,
  ),
  requirement(
    12,
    '`source_hash` is what `sha256sum` says',
    'packages/integrity/test/scan/hash.test.ts',
    `${SERVER}/readme.test.ts`,
  ),
  requirement(
    13,
    'SIGTERM under load fails no request, and closing leaves nothing behind',
    `${SERVER}/cli/serve.test.ts`,
    `${HEALTH}/health.test.ts`,
    `${HEALTH}/adapters/conformance.ts`,
  ),
];

function requirement(number: number, text: string, ...checkedBy: readonly string[]): Requirement {
  return {
    number,
    requirement: text,
    checkedBy: checkedBy.map((place) => (place.includes('/') ? linkTo(place) : place)),
  };
}

/** Throws when the file has moved: its requirement would have no test. */
function linkTo(path: string): string {
  if (!existsSync(new URL(`../../${path}`, import.meta.url))) throw new Error(`There is no ${path}.`);
  return `[${path.split('/test/')[1] ?? path}](../${path})`;
}
