/**
 * What every problem and every reason means for the people who depend on it, and what to do next. The one place for these words:
 * the page and `portal doctor` show them, `docs/errors.md` and `docs/reasons.md` are held to them by tests, and a code without
 * words does not compile.
 */
import type { ProblemCode } from './problems.js';

export { REASON_EFFECTS } from './reasons/reason-effects.js';

/** What a problem means. Text between backticks is code. */
export interface Advice {
  readonly means: string;
  /** What users notice. */
  readonly users: string;
  /** What to do next. */
  readonly next: string;
}

const OUT = 'Whatever needs the database fails: signing in, reading, saving.';
const HANG = 'Whatever needs the database hangs, and then fails.';
const UNCACHED = 'Slower answers; nothing is lost, and signed-in people stay signed in.';
const NOTICED_BY_NONE = 'Nothing yet.';

/**
 * By code of the catalogue.
 *
 * @example
 * ```ts
 * import { PROBLEM_ADVICE } from 'portal-health/advice';
 *
 * console.log(PROBLEM_ADVICE.DATABASE_TIMEOUT.next);
 * ```
 */
export const PROBLEM_ADVICE: Readonly<Record<ProblemCode, Advice>> = {
  DATABASE_UNREACHABLE: {
    means: 'No connection can be opened: refused, no route, or cut off.',
    users: OUT,
    next: 'See whether the server runs and listens, then the network and the port in `DATABASE_URL`.',
  },
  DATABASE_TIMEOUT: {
    means:
      'No answer within the deadline: frozen, black hole, or far too slow. Applications hang here rather than fail.',
    users: HANG,
    next: "Look at the server's machine first: stopped process, full disk, lost network.",
  },
  DATABASE_CERTIFICATE: {
    means: 'The certificate is not trusted, has expired, is not valid yet or is for another name.',
    users: OUT,
    next: 'Compare the certificate with the name in `DATABASE_URL` and its date; trust a CA of your own with `NODE_EXTRA_CA_CERTS`.',
  },
  DATABASE_REFUSED_LOGIN: {
    means: "Wrong user, password or database name, or the server's own rules.",
    users: OUT,
    next: 'Compare `DATABASE_URL` with the server; was a password rotated?',
  },
  DATABASE_TOO_MANY_CONNECTIONS: {
    means:
      'A new connection is refused; connections already open go on working. While the pool has all its connections and is served, that degrades, and `database` stays true.',
    users: 'Some requests fail and some succeed; more fail as the load grows.',
    next: 'As a superuser, for whom places are kept, find who holds them: `SELECT usename, application_name, count(*) FROM pg_stat_activity GROUP BY 1, 2`.',
  },
  DATABASE_STARTING: {
    means: 'The server is starting, recovering or shutting down.',
    users: OUT,
    next: "Wait; if it lasts, read the server's log.",
  },
  DATABASE_NOT_READY: {
    means:
      'The application has not made its pool yet: it is still connecting, or could not. Or it has ended its pool and made no other.',
    users: OUT,
    next: "Look in the application's log for why it does not get that far.",
  },
  DATABASE_FAILED: {
    means: 'It answers, and the answer is an error that is none of the others here, or no Postgres at all.',
    users: OUT,
    next: 'Look up its SQLSTATE, which it has when a Postgres or a pooler answered; with `startup parameter` in its words, a pooler refuses an option of the pool. Without one: no TLS there, or something else at that port?',
  },
  DATABASE_SLOW: {
    means: 'It answers, above the threshold.',
    users: 'Everything is slow; at busy times some requests give up.',
    next: 'Load, locks and disk of the server; the network between.',
  },
  DATABASE_READ_ONLY: {
    means: 'It answers and refuses writes: a standby, or switched so.',
    users: 'Reading works; signing in and saving fail.',
    next: 'After a failover: does the name lead to the primary? Where it is meant, `database.readOnly` says so.',
  },
  DATABASE_WRITES_FAIL: {
    means: 'It answers, and writing a row of our own fails or does not end.',
    users: 'Reading works; saving fails or hangs.',
    next: "Look up its SQLSTATE. Locks, a standby that is waited for (`synchronous_standby_names`), wraparound: read the server's log.",
  },
  DATABASE_DISK_FULL: {
    means: 'It cannot write because its disk is full.',
    users: 'Reading works; saving fails.',
    next: 'Free space on its disk; look at `pg_wal` and at replication slots without a reader.',
  },
  DATABASE_OUT_OF_MEMORY: {
    means: 'It refuses work for want of memory.',
    users: 'Some requests fail and some succeed.',
    next: '`work_mem`, `max_connections` and the memory of its machine.',
  },
  DATABASE_CHECKSUM_FAILURE: {
    means: 'It has read pages that are not what was written.',
    users: 'Wrong or missing data.',
    next: 'Stop writing; check the disk, and the backups.',
  },
  DATABASE_POOL_SATURATED: {
    means:
      'Every connection of this application is in use and callers wait for longer than a second: estimated from how many wait and how many connections are returned a second.',
    users: 'Requests queue: slow answers, and some give up.',
    next: 'Slow queries or long transactions first, a larger pool last.',
  },
  DATABASE_POOL_STALLED: {
    means:
      'Callers wait, or waited until they gave up, and no connection has come back for a while, although the server answers. Usually a connection that is never released.',
    users: HANG,
    next: 'Restart restores service; then look for a `client` without `release()`.',
  },
  CACHE_UNREACHABLE: {
    means: 'No connection can be opened.',
    users: UNCACHED,
    next: 'See whether the server runs and listens, then `REDIS_URL`.',
  },
  CACHE_TIMEOUT: {
    means:
      'No answer within the deadline, or `BUSY`: frozen, paused, or busy with one long command or script.',
    users: UNCACHED,
    next: '`redis-cli --latency`, `SLOWLOG GET`; is somebody running `KEYS`? `SCRIPT KILL` ends a script.',
  },
  CACHE_CERTIFICATE: {
    means: 'The certificate is not trusted, has expired, is not valid yet or is for another name.',
    users: UNCACHED,
    next: 'Compare the certificate with the name in `REDIS_URL` and its date; trust a CA of your own with `NODE_EXTRA_CA_CERTS`.',
  },
  CACHE_REFUSED_LOGIN: {
    means: 'No password, a wrong one, or one of a user that is switched off.',
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
  CACHE_NOT_READY: {
    means:
      'The application has not made its client yet: it is still connecting, or could not. Or it has closed its client, or that has given up trying.',
    users: UNCACHED,
    next: "Look in the application's log for why it does not get that far.",
  },
  CACHE_FAILED: {
    means: 'It answers, and the answer is an error or no Redis at all.',
    users: UNCACHED,
    next: 'Look up the first word of its error. Is something else listening on that port?',
  },
  CACHE_SLOW: {
    means: 'It answers, above the threshold.',
    users: 'Answers are a little slower.',
    next: 'Load and memory of the server; the network between.',
  },
  CACHE_READ_ONLY: {
    means: 'It is a replica that refuses writes.',
    users: UNCACHED,
    next: 'After a failover: does the name lead to the master? Where it is meant, `cache.readOnly` says so.',
  },
  CACHE_OUT_OF_MEMORY: {
    means: '`maxmemory` is reached and nothing may be evicted, so writes fail.',
    users: UNCACHED,
    next: 'Raise `maxmemory`, or choose a policy that evicts.',
  },
  CACHE_WRITES_REFUSED: {
    means:
      'It answers and has refused writes: it could not save its data, too few replicas follow it, or its cluster or its master is away.',
    users: UNCACHED,
    next: 'Its log, its disk and its replicas; `INFO errorstats` tells by which word it refuses.',
  },
  CACHE_CLUSTER_DOWN: {
    means: 'The nodes answer, and refuse commands: a part of the keys has no master.',
    users: UNCACHED,
    next: '`CLUSTER INFO`, `CLUSTER SHARDS`: which slots are without a node?',
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
  SOURCE_LOADED_DIFFERS: {
    means:
      'A script in memory is not what its file was at the start, or says it is one of Node’s own and is not.',
    users: 'Perhaps nothing; code runs that is not in the source.',
    next: 'Administrators see which. Keep the process for a look at it, then start from the release.',
  },
  SOURCE_UNREADABLE: {
    means: 'The source could not be hashed: a file that cannot be read, a link, an unusable name, no thread.',
    users: NOTICED_BY_NONE,
    next: 'The log names the code (`E_READ`, `E_SYMLINK`, `E_THREAD`, …), `onFailure` of the library the cause.',
  },
  CHECK_FAILED: {
    means: 'A check of the application said no, or threw.',
    users: 'Depends on the check: what it looks at does not work.',
    next: 'The entry names it; the log of the application has its error.',
  },
  CHECK_TIMEOUT: {
    means: 'A check of the application did not end within its deadline.',
    users: 'Depends on the check: what it looks at hangs.',
    next: 'The entry names it; does it use the signal it is given? It is not asked again before it ends.',
  },
  CHECK_SLOW: {
    means: 'A check of the application answers, above the threshold.',
    users: 'Depends on the check: what it looks at is slow.',
    next: 'The entry names it; then its own load.',
  },
  CHECK_STALE: {
    means:
      'There is no fresh result: sampling has not begun, or this process was stopped or blocked for three intervals.',
    users: 'Nobody knows: nothing has been looked at lately.',
    next: 'If it lasts, restart the process.',
  },
  EVENT_LOOP_DELAYED: {
    means:
      'Something keeps this process busy, for long stretches or without a pause: every answer is late, and a probe that gets none for that reason says nothing about its store.',
    users: 'Every answer is late.',
    next: 'Take a CPU profile of the process.',
  },
  THREAD_POOL_BUSY: {
    means:
      'The threads of this process, four by default, are all busy, so names cannot be looked up; what was asked says nothing about its store.',
    users: 'Nothing new connects; what is open goes on.',
    next: 'Find what uses them (bcrypt, zlib, files), or raise `UV_THREADPOOL_SIZE`.',
  },
  NAME_LOOKUP: {
    means: 'The name of the database or the cache cannot be looked up from here; the log says whose.',
    users: 'Nothing new connects; what is open goes on.',
    next: 'The name in the URL first, then the DNS of this machine.',
  },
  PASSWORD_UNAVAILABLE: {
    means: "The application's own function for the password throws or does not end.",
    users: 'Nothing new connects; what is open goes on.',
    next: 'What the function asks: a token service, a secret store.',
  },
  PROCESS_OUT_OF_DESCRIPTORS: {
    means:
      'This process or its machine has no descriptors, ports or memory left for a connection; the stores may be well.',
    users: 'Nothing new connects; what is open goes on.',
    next: 'Find what keeps them open, then `ulimit -n`.',
  },
};
