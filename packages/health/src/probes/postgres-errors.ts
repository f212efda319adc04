/**
 * What a driver of Postgres reports, told apart. The message is read where there is no code, and goes no further.
 */
import type { ProblemCode } from '../problems.js';
import { codeOf, isTimeout, isUnreachable, messageOf } from './foreign.js';

/** SQLSTATEs that a server, or a pooler in front of it, answers a newcomer with. */
const BY_SQLSTATE: Readonly<Record<string, ProblemCode>> = {
  // Wrong password, no such role or no rule for it, no such database, no right to connect, database closed to logins.
  '28P01': 'DATABASE_REFUSED_LOGIN',
  '28000': 'DATABASE_REFUSED_LOGIN',
  '3D000': 'DATABASE_REFUSED_LOGIN',
  '42501': 'DATABASE_REFUSED_LOGIN',
  '55000': 'DATABASE_REFUSED_LOGIN',
  '53300': 'DATABASE_TOO_MANY_CONNECTIONS',
  // Cannot connect now; shut down by an administrator; going down after a crash.
  '57P03': 'DATABASE_STARTING',
  '57P01': 'DATABASE_STARTING',
  '57P02': 'DATABASE_STARTING',
};

/** Words of poolers, which send their own SQLSTATEs or none, and of `pg` itself, whose errors have none. */
const BY_MESSAGE: readonly (readonly [RegExp, ProblemCode])[] = [
  [/too many (clients|connections)|no more connections allowed/i, 'DATABASE_TOO_MANY_CONNECTIONS'],
  [
    /^SASL: |password must be a string|unknown authentication|authentication failed|no such (database|user)/i,
    'DATABASE_REFUSED_LOGIN',
  ],
  [
    /^connection terminated|^write CONNECTION_|^the connection was closed|socket hang up/i,
    'DATABASE_UNREACHABLE',
  ],
];

/** The catalogue's code for what `pg` threw. */
export function postgresProblem(error: unknown): ProblemCode {
  const bySqlstate = BY_SQLSTATE[codeOf(error) ?? ''];
  if (bySqlstate !== undefined) return bySqlstate;
  if (isUnreachable(error)) return 'DATABASE_UNREACHABLE';
  if (isTimeout(error)) return 'DATABASE_TIMEOUT';
  const message = messageOf(error);
  return BY_MESSAGE.find(([words]) => words.test(message))?.[1] ?? 'DATABASE_FAILED';
}
