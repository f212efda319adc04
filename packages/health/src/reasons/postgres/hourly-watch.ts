/**
 * When the hourly question is asked: soon after the start, then once an hour; and once more a minute later if a replica lags,
 * which it may do for a moment.
 */
import type { FollowUp } from '../../probes/postgres/fresh-postgres-connection.js';
import { member } from '../../unknown.js';
import type { Look, ReasonSource, Sighting } from '../sighting.js';
import { FREE_QUESTION } from './activity-question.js';
import { createAskLimits } from '../ask-limits.js';
import { askOnce, type AskedConnection } from './ask-once.js';
import { readHourly, sightHourly, type HourlyAnswer } from './hourly-answer.js';
import { hourlyQuestion } from './hourly-question.js';

export interface HourlyWatchOptions {
  readonly component: string;
  /** Milliseconds between two questions; default an hour. */
  readonly everyMs?: number;
  /** Milliseconds until what may pass is looked at again, and until a question that another instance kept; default a minute. */
  readonly againMs?: number;
}

const EVERY_MS = 3_600_000;
const AGAIN_MS = 60_000;
const DEADLINE_MS = 1_000;

export function createHourlyWatch({
  component,
  everyMs = EVERY_MS,
  againMs = AGAIN_MS,
}: HourlyWatchOptions): ReasonSource & FollowUp {
  /** A replica lags, which has to be seen twice. */
  let isLagging = false;
  let wasKept = false;
  const limits = createAskLimits(() => (isLagging || wasKept ? againMs : everyMs));
  let look: Look | undefined;
  let before: HourlyAnswer | undefined;

  async function query(connection: AskedConnection): Promise<HourlyAnswer | null | undefined> {
    const about = member(await connection.run(FREE_QUESTION), '0');
    const rows = await connection.run(hourlyQuestion(Number(member(about, 'version'))));
    return readHourly(member(member(rows, '0'), 'portal_hourly'));
  }

  function taken(answer: HourlyAnswer): void {
    const sightings = sightHourly(answer, component, before);
    const lags = (sighting: Sighting): boolean => sighting.code === 'REPLICA_LAGS';
    const isSaid = isLagging || look?.sightings.some(lags) === true;
    isLagging = !isSaid && sightings.some(lags);
    // Rates are over an hour.
    if (!isLagging) before = answer;
    const said = isSaid ? sightings : sightings.filter((sighting) => !lags(sighting));
    look = { atMs: performance.now(), at: new Date(), sightings: said };
  }

  return {
    name: `${component} hourly`,
    needs: 1,
    latest: () => look,
    isDue: limits.isDue,
    async take(connection) {
      if (!limits.begin()) {
        connection.end();
        return;
      }
      const result = await askOnce(connection, DEADLINE_MS, query);
      if (result.code !== undefined) {
        limits.failed(result.code);
        return;
      }
      limits.answered();
      connection.end();
      wasKept = result.answer === null;
      if (result.answer !== null) taken(result.answer);
    },
  };
}
