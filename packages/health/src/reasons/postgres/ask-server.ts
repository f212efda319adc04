/**
 * Every question to a server of Postgres at once, for a person who waits: no other instance is kept from asking, nor keeps
 * us.
 */
import { driverCode, member } from '../../unknown.js';
import { readActivity, type ActivityAnswer } from './activity-answer.js';
import { activitySelect, FREE_QUESTION, transactionOf } from './activity-question.js';
import { askOnce, type AskedConnection } from './ask-once.js';
import { readHourly, type HourlyAnswer } from './hourly-answer.js';
import { hourlySelect } from './hourly-question.js';

export interface ServerAnswers {
  readonly activity: ActivityAnswer;
  readonly hourly: HourlyAnswer | undefined;
  /** Whether a few megabytes for the moment found no room. */
  readonly isDiskFull: boolean;
}

/** Longer than in the background: what is slow once is still an answer for who waits for it, and not asked again. */
const STATEMENT_LIMIT_MS = 2_000;
const DEADLINE_MS = 4_500;
const DISK_FULL = '53100';
/** Of the disk, of memory, or a limit of this role, such as `temp_file_limit`. */
const NO_ROOM = /^53/;
const SORT_IN_A_FILE = [
  `SET LOCAL work_mem = '1MB'`,
  // What cannot be sorted in so little memory goes through a temporary file of 4 MB: no log is written, no right is needed, and
  // nothing is left. Less room is of no use to anybody who writes.
  `SELECT FROM (SELECT repeat('x', 8000) AS filler FROM generate_series(1, 512) AS n ORDER BY n DESC OFFSET 0) AS sorted HAVING sum(length(filler)) < 0`,
] as const;

/** Resolves with the driver's code, or `overrun`, where there is no answer. Ends the connection. */
export async function askServer(connection: AskedConnection): Promise<ServerAnswers | string> {
  const asked = await askOnce(connection, DEADLINE_MS, query);
  if (asked.code !== undefined) return asked.code;
  connection.end();
  return asked.answer;
}

async function query(connection: AskedConnection): Promise<ServerAnswers | undefined> {
  const about = member(await connection.run(FREE_QUESTION), '0');
  const version = Number(member(about, 'version'));
  const activity = activitySelect({ version, withLocks: true, holds: false, ownPids: [] }, always);
  const both = `SELECT (${activity}) AS portal_activity, (${hourlySelect(version, always)}) AS portal_hourly`;
  const ask = (...selects: readonly string[]): Promise<unknown> =>
    connection.run(transactionOf(selects, STATEMENT_LIMIT_MS));
  let rows: unknown;
  let code: string | undefined;
  try {
    rows = await ask(both, ...SORT_IN_A_FILE);
  } catch (error) {
    code = driverCode(error);
    if (code === undefined) throw error;
    await connection.run('ROLLBACK');
    // If it is not for the file: of both the hourly one reads tables, which may be locked, and what a role may be forbidden.
    rows = await ask(NO_ROOM.test(code) ? both : `SELECT (${activity}) AS portal_activity`);
  }
  const row = member(rows, '0');
  const answer = readActivity(member(row, 'portal_activity'));
  const hourly = readHourly(member(row, 'portal_hourly')) ?? undefined;
  return answer ? { activity: answer, hourly, isDiskFull: code === DISK_FULL } : undefined;
}

function always(_kind: string, answer: string): string {
  return `SELECT ${answer}::text`;
}
