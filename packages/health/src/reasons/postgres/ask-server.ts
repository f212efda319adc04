/**
 * Every question to a server of Postgres at once, for a person who waits: no other instance is kept from asking, nor keeps
 * us.
 */
import { codeOf, member } from '../../unknown.js';
import { readActivity, type ActivityAnswer } from './activity-answer.js';
import { activitySelect, FREE_QUESTION, transactionOf } from './activity-question.js';
import { askOnce, type AskedConnection } from './ask-once.js';
import { readHourly, type HourlyAnswer } from './hourly-answer.js';
import { hourlySelect } from './hourly-question.js';

export interface ServerAnswers {
  readonly activity: ActivityAnswer;
  readonly hourly: HourlyAnswer | undefined;
}

/** Longer than in the background: what is slow once is still an answer for who waits for it, and not asked again. */
const STATEMENT_LIMIT_MS = 2_000;
const DEADLINE_MS = 4_500;

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
  let rows: unknown;
  try {
    rows = await connection.run(transactionOf([both], STATEMENT_LIMIT_MS));
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    // Of the two the hourly one reads tables, which may be locked, and what a role may be forbidden.
    await connection.run('ROLLBACK');
    rows = await connection.run(
      transactionOf([`SELECT (${activity}) AS portal_activity`], STATEMENT_LIMIT_MS),
    );
  }
  const row = member(rows, '0');
  const answer = readActivity(member(row, 'portal_activity'));
  return answer
    ? { activity: answer, hourly: readHourly(member(row, 'portal_hourly')) ?? undefined }
    : undefined;
}

function always(_kind: string, answer: string): string {
  return `SELECT ${answer}::text`;
}
