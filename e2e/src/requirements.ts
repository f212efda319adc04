/** The promises, each with the tests that hold it: by file, and by the name of the test where a file has many. */
import { existsSync } from 'node:fs';

/** One promise. */
export interface Requirement {
  readonly number: number;
  readonly requirement: string;
  /** Links to tests, as Markdown. */
  readonly checkedBy: readonly string[];
}

const HEALTH = 'packages/health/test';
const SERVER = 'packages/server/test';
const TABLES = 'the tables above';

export const REQUIREMENTS: readonly Requirement[] = [
  requirement(1, 'Bounded: no fault and no crowd makes an answer slow', TABLES, `${SERVER}/outage.test.ts`),
  requirement(
    2,
    'The load on the stores does not depend on the load on us',
    'the column of questions above',
    `${HEALTH}/health.test.ts`,
  ),
  requirement(
    3,
    'Free for the pool: a thousand timed-out probes take nothing from it',
    'the table just above',
  ),
  requirement(4, 'The cause is named', TABLES, `${HEALTH}/faults.test.ts`, `${HEALTH}/probes/errors.test.ts`),
  requirement(
    5,
    'A check that hangs, throws or lies spoils its own entry only',
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
  requirement(8, 'Nothing leaks', 'the scan below', `${SERVER}/app.test.ts`, `${SERVER}/fuzz.test.ts`),
  requirement(
    9,
    'Access: the same bytes for every client that is not signed in',
    `${SERVER}/features/sessions/access.test.ts`,
  ),
  requirement(
    10,
    'The administrators’ page works in the outage it is for',
    TABLES,
    `${SERVER}/outage.test.ts`,
    `${SERVER}/features/sessions/memory.test.ts`,
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
    `${HEALTH}/source/tree/hash.test.ts`,
    `${SERVER}/readme.test.ts`,
  ),
  requirement(
    13,
    'A clean life: SIGTERM under load fails nobody, closing leaves nothing',
    `${SERVER}/cli/serve.test.ts`,
    `${HEALTH}/health.test.ts`,
    `${HEALTH}/adapters/conformance.ts`,
  ),
];

function requirement(number: number, promise: string, ...by: readonly string[]): Requirement {
  return {
    number,
    requirement: promise,
    checkedBy: by.map((what) => (what.includes('/') ? linkTo(what) : what)),
  };
}

/** A link that leads nowhere would be a promise that nobody holds. */
function linkTo(path: string): string {
  if (!existsSync(new URL(`../../${path}`, import.meta.url))) throw new Error(`There is no ${path}.`);
  return `[${path.split('/test/')[1] ?? path}](../${path})`;
}
