/**
 * What every problem of the library's catalogue means, what it does to the people who use the service, and what to do
 * next. The one place for these words: the page shows them, `docs/errors.md` is held to them by a test, and a code
 * without words does not compile.
 */
import type { ProblemCode } from 'portal-health';

/** Words for one code. What is between backticks is code. */
export interface Advice {
  readonly means: string;
  readonly users: string;
  readonly next: string;
}

const OUT = 'Whatever needs the database fails: signing in, reading, saving.';
const HANG = 'Whatever needs the database hangs, and then fails.';
const UNCACHED = 'Slower answers; nothing is lost, and signed-in people stay signed in.';
const NOTICED_BY_NONE = 'Nothing yet.';

export const CATALOGUE: Readonly<Record<ProblemCode, Advice>> = {
  DATABASE_UNREACHABLE: {
    means:
      'No connection can be opened: refused, no route, no such name, cut off, or no descriptors left here.',
    users: OUT,
    next: 'See whether the server runs and listens, then the network and the name in `DATABASE_URL`; with the cause `EMFILE` in the log, `ulimit -n`.',
  },
  DATABASE_TIMEOUT: {
    means:
      'No answer within the deadline: frozen, black hole, or far too slow. Applications hang here rather than fail.',
    users: HANG,
    next: "Look at the server's machine first: stopped process, full disk, lost network.",
  },
  DATABASE_REFUSED_LOGIN: {
    means: "Wrong user, password or database name, or the server's own rules.",
    users: OUT,
    next: 'Compare `DATABASE_URL` with the server; was a password rotated?',
  },
  DATABASE_TOO_MANY_CONNECTIONS: {
    means: 'A newcomer is turned away; connections already open go on working.',
    users: 'Some requests fail and some succeed; more fail as the load grows.',
    next: 'Find who holds them: `SELECT usename, application_name, count(*) FROM pg_stat_activity GROUP BY 1, 2`.',
  },
  DATABASE_STARTING: {
    means: 'The server is starting, recovering or shutting down.',
    users: OUT,
    next: "Wait; if it lasts, read the server's log.",
  },
  DATABASE_FAILED: {
    means: 'It answers, and the answer is an error or no Postgres at all.',
    users: OUT,
    next: 'The log has the SQLSTATE. Is something else listening on that port?',
  },
  DATABASE_SLOW: {
    means: 'It answers, above the threshold.',
    users: 'Everything is slow; at busy times some requests give up.',
    next: 'Load, locks and disk of the server; the network between.',
  },
  DATABASE_READ_ONLY: {
    means: 'It answers and refuses writes: a standby, or switched so.',
    users: 'Reading works; signing in and saving fail.',
    next: 'After a failover: does the name lead to the primary?',
  },
  DATABASE_POOL_SATURATED: {
    means: 'Every connection of this application is in use and callers wait.',
    users: 'Requests queue: slow answers, and some give up.',
    next: 'Slow queries or long transactions first, a larger pool last.',
  },
  DATABASE_POOL_STALLED: {
    means:
      'Callers wait and no connection has come back for a while, although the server answers. Usually a connection that is never released.',
    users: HANG,
    next: 'Restart restores service; then look for a `client` without `release()`.',
  },
  CACHE_UNREACHABLE: {
    means: 'No connection can be opened.',
    users: UNCACHED,
    next: 'See whether the server runs and listens, then `REDIS_URL`.',
  },
  CACHE_TIMEOUT: {
    means: 'No answer within the deadline: frozen, paused, or busy with one long command.',
    users: UNCACHED,
    next: '`redis-cli --latency`, `SLOWLOG GET`; is somebody running `KEYS`?',
  },
  CACHE_REFUSED_LOGIN: {
    means: 'No or wrong password, or rights that do not include `INFO`.',
    users: UNCACHED,
    next: "Compare `REDIS_URL` with the server's users.",
  },
  CACHE_TOO_MANY_CONNECTIONS: {
    means: '`maxclients` is reached.',
    users: UNCACHED,
    next: '`CLIENT LIST` tells who holds them.',
  },
  CACHE_LOADING: {
    means: 'It is reading its data after a start and serves nothing yet.',
    users: UNCACHED,
    next: 'Wait; its log tells the progress.',
  },
  CACHE_FAILED: {
    means: 'It answers, and the answer is an error or no Redis at all.',
    users: UNCACHED,
    next: "The log has the error's first word.",
  },
  CACHE_SLOW: {
    means: 'It answers, above the threshold.',
    users: 'Answers are a little slower.',
    next: 'Load and memory of the server; the network between.',
  },
  CACHE_READ_ONLY: {
    means: 'It is a replica that refuses writes.',
    users: UNCACHED,
    next: 'After a failover: does the name lead to the master?',
  },
  CACHE_OUT_OF_MEMORY: {
    means: '`maxmemory` is reached and nothing may be evicted, so writes fail.',
    users: UNCACHED,
    next: 'Raise `maxmemory`, or choose a policy that evicts.',
  },
  CACHE_NOT_CONFIGURED: {
    means: 'The application wants a cache and was started without one.',
    users: UNCACHED,
    next: 'Set `REDIS_URL`, or install `redis-server` for the embedded default.',
  },
  SOURCE_DRIFTED: {
    means: 'Files on disk are, or since the start were, not those that were started.',
    users: NOTICED_BY_NONE,
    next: 'Administrators see which; a restart would run something else.',
  },
  SOURCE_MISMATCH: {
    means: 'What was started is not what the signed release says.',
    users: 'Perhaps nothing; what runs is not what was released.',
    next: 'Do not restart into it; compare with the release, then deploy again.',
  },
  SOURCE_UNREADABLE: {
    means: 'The source could not be hashed: a file that cannot be read, a link, an unusable name.',
    users: NOTICED_BY_NONE,
    next: 'The log names the code (`E_READ`, `E_SYMLINK`, …).',
  },
  CHECK_FAILED: {
    means: 'A check of the application said no, or threw.',
    users: 'Depends on the check: what it looks at does not work.',
    next: '`?verbose` on `/readyz` names it.',
  },
  CHECK_TIMEOUT: {
    means: 'A check of the application did not end within its deadline.',
    users: 'Depends on the check: what it looks at hangs.',
    next: '`?verbose` on `/readyz` names it; does it use the signal it is given?',
  },
  CHECK_SLOW: {
    means: 'A check of the application answers, above the threshold.',
    users: 'Depends on the check: what it looks at is slow.',
    next: '`?verbose` on `/readyz` names it; then its own load.',
  },
  CHECK_STALE: {
    means:
      'There is no fresh result: sampling has not begun, or this process was stopped or blocked for three intervals.',
    users: 'Nobody knows: nothing has been looked at lately.',
    next: 'If it lasts, restart the process.',
  },
  EVENT_LOOP_DELAYED: {
    means: 'Something keeps this process busy for long stretches; every answer is late.',
    users: 'Every answer is late.',
    next: 'Take a CPU profile of the process.',
  },
};
