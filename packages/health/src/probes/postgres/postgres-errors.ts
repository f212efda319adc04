/**
 * From what a driver of Postgres reports to codes of the catalogue. The message is read where there is no code, and goes no further.
 */
import type { ProblemCode } from '../../problems.js';
import {
  driverCode,
  isCertificate,
  isRefusedCertificate,
  isTimeout,
  isUnreachable,
  messageOf,
} from '../../unknown.js';
import { evidenceIn, ownProblem } from '../own-problems.js';

/** SQLSTATEs that say the same whoever sends them. */
const BY_SQLSTATE: ReadonlyMap<string, ProblemCode> = new Map<string, ProblemCode>(
  Object.entries({
    // Wrong password, no such role or no rule for it, no such database, no right to connect, database closed to logins.
    '28P01': 'DATABASE_REFUSED_LOGIN',
    '28000': 'DATABASE_REFUSED_LOGIN',
    '3D000': 'DATABASE_REFUSED_LOGIN',
    '42501': 'DATABASE_REFUSED_LOGIN',
    '55000': 'DATABASE_REFUSED_LOGIN',
    '53300': 'DATABASE_TOO_MANY_CONNECTIONS',
    '53100': 'DATABASE_DISK_FULL',
    '53200': 'DATABASE_OUT_OF_MEMORY',
    // Cannot connect now; shut down by an administrator; going down after a crash.
    '57P03': 'DATABASE_STARTING',
    '57P01': 'DATABASE_STARTING',
    '57P02': 'DATABASE_STARTING',
    // A standby that cannot do what was asked, and a transaction that may not write.
    '25006': 'DATABASE_READ_ONLY',
  } as const),
);

/**
 * Words of poolers and clouds (PgBouncer, PgCat, Odyssey, Supavisor, RDS Proxy, pgpool), which send SQLSTATEs that mean
 * something else with the next of them (08P01, 58000, XX000), or none; and of `pg` itself, whose errors have none.
 */
const BY_MESSAGE: readonly (readonly [RegExp, ProblemCode])[] = [
  // Whatever the name of the parameter is.
  [/startup parameter/i, 'DATABASE_FAILED'],
  [
    /too many( \w+)? (clients|connections)|no more connections allowed|max(imum)? ?((client|number of) (connections|clients)|clients) (limit )?(reached|exceeded)|MaxClientsIn|remaining connection slots|max_client_conn|connection limit exceeded/i,
    'DATABASE_TOO_MANY_CONNECTIONS',
  ],
  [
    /^SASL: |password must be a string|unknown authentication|authentication failed|authentication error|no such (database|user)|tenant or user not found|login rejected|SSL required|does not allow connections|(user|database|pool|route|endpoint) .*(not found|does not exist|(is|has been) disabled)|no pool configured|invalid password/i,
    'DATABASE_REFUSED_LOGIN',
  ],
  // Whatever it was that it failed with last, which may be a timeout.
  [/server login has been failing/i, 'DATABASE_UNREACHABLE'],
  [
    /query_wait_timeout|client_login_timeout|client_idle_timeout|query_timeout|timed[- ]?out|timeout/i,
    'DATABASE_TIMEOUT',
  ],
  [
    /(failed to|unable to|could not|couldn't|cannot|can't) (connect|reach|(get|establish|create|open) (an? )?(new )?((server|backend|database) )?connection)|server (conn(ection)? )?(crashed|closed|disconnected|lost)|connection to (the )?(database|server) (was )?(closed|lost)|all ?(backend )?(servers|nodes) ?(are )?down|no (healthy|available|live)[ a-z]*(servers?|backends?|hosts?)|server_?login|connection (refused|reset)|host .*unreachable/i,
    'DATABASE_UNREACHABLE',
  ],
  [
    /is (paused|starting)|(shutting|starting) (down|up)|(is|was) (being )?shut down|suspended|being (woken|resumed)/i,
    'DATABASE_STARTING',
  ],
  [
    /^connection terminated|^write CONNECTION_|^the connection was closed|socket hang up/i,
    'DATABASE_UNREACHABLE',
  ],
];

/** Classes of the driver's own errors and of SQLSTATEs whose words are in no list: 08 is the connection. */
const BY_CLASS: readonly (readonly [RegExp, ProblemCode])[] = [
  [/^08(000|001|003|004|006|007)$/, 'DATABASE_UNREACHABLE'],
  [/^57014$/, 'DATABASE_TIMEOUT'],
  [/^CONNECT_TIMEOUT$/, 'DATABASE_TIMEOUT'],
];

/** The catalogue's code for what a driver threw. */
export function postgresProblem(thrown: unknown): ProblemCode {
  const own = ownProblem(thrown);
  if (own !== undefined) return own;
  const error = evidenceIn(thrown);
  const code = driverCode(error) ?? '';
  const bySqlstate = BY_SQLSTATE.get(code);
  if (bySqlstate !== undefined) return bySqlstate;
  if (isUnreachable(error)) return 'DATABASE_UNREACHABLE';
  if (isTimeout(error)) return 'DATABASE_TIMEOUT';
  if (isCertificate(error)) return 'DATABASE_CERTIFICATE';
  if (isRefusedCertificate(error)) return 'DATABASE_REFUSED_LOGIN';
  const message = messageOf(error);
  const byMessage = BY_MESSAGE.find(([words]) => words.test(message))?.[1];
  return byMessage ?? BY_CLASS.find(([codes]) => codes.test(code))?.[1] ?? 'DATABASE_FAILED';
}
