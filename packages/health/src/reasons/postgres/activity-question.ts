/**
 * The question who holds and who waits at a server of Postgres: one text of SQL, one answer in JSON. No statement text is
 * read. It asks the functions below `pg_stat_activity` and `pg_locks`, whose joins cost a new connection twice as much.
 */

/** Limits at the server, in milliseconds. */
const STATEMENT_LIMIT_MS = 500;
const LOCK_LIMIT_MS = 100;

/** Whoever is frozen, or gone without a word, while it keeps others from asking is forgotten by the server after this time. */
export const FORGOTTEN_MS = 60_000;

/** Keys of the advisory locks: one question of each kind is in flight for all instances of a database. */
const LOCKS = { activity: 7_061_370_810_001, hourly: 7_061_370_810_002 } as const;

/** Whose lock waits are looked into, how far, and how much of each list is told. */
const MOST_WAITERS = 32;
const MOST_LINKS = 64;
const MOST_BLOCKERS = 16;
/** Of more a long answer is made, which is none: 8 heads are told, and those that wait for nobody come first. */
const MOST_INVOLVED = 24;
const MOST_GROUPS = 20;
const MOST_OPEN = 3;
const MOST_OWN = 20;

/** `waitstart` in `pg_locks` and `query_id` in `pg_stat_activity`. */
const POSTGRES_14 = 140_000;

export interface ActivityQuestion {
  /** `server_version_num`. */
  readonly version: number;
  /** Whether to read the table of locks: it counts hidden sessions too, and tells since when each waits. */
  readonly withLocks: boolean;
  /** Whether to keep others from asking for as long as this session lasts: never through a pooler, which shares it. */
  readonly holds: boolean;
  /** Milliseconds after which the server ends this session if nothing is asked; default a minute. */
  readonly forgottenMs?: number;
  /** Backends of this process whose work is of interest, 20 at most. */
  readonly ownPids: readonly number[];
}

/**
 * Whether a question of this kind is in flight, or was a moment ago, and which backend of which version answers: far
 * cheaper than the question itself, whose plan alone costs as much as its answer.
 */
export const FREE_QUESTION =
  `SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS version, CASE WHEN pg_catalog.pg_try_advisory_xact_lock(${LOCKS.activity}) THEN 1 ELSE 0 END AS free` as const;

/**
 * What those backends do and wait for, and nothing of any other: a fraction of the question, for whoever finds that another
 * instance has asked that.
 */
export function ownQuestion(version: number, pids: readonly number[]): string {
  const answer = `json_build_array(clock_timestamp(), (SELECT json_agg(json_build_array(${sessionColumns(version >= POSTGRES_14)})) FROM unnest(ARRAY[${ownOf(pids).join()}]::int[]) own(pid) CROSS JOIN LATERAL pg_stat_get_activity(own.pid) s))`;
  return transactionOf([`SELECT ${answer}::text AS portal_own`]);
}

function ownOf(pids: readonly number[]): readonly number[] {
  return pids.filter((pid) => Number.isSafeInteger(pid) && pid > 0).slice(0, MOST_OWN);
}

/** Answers `null` when another instance asks at this moment. */
export function activityQuestion(question: ActivityQuestion): string {
  const text = transactionOf([activitySelect(question)]);
  const mayForget = question.holds && question.version >= POSTGRES_14;
  return mayForget ? `${text}; SET idle_session_timeout = ${question.forgottenMs ?? FORGOTTEN_MS}` : text;
}

/**
 * Statements in a transaction that cannot write, with limits of its own, in one simple query. Whoever may create a function
 * in a schema of the path could have it called with the rights of our role, if its arguments fitted better than those of
 * the server's own: nothing but the server's own is in this path.
 */
export function transactionOf(selects: readonly string[], limitMs: number = STATEMENT_LIMIT_MS): string {
  return [
    'BEGIN READ ONLY',
    'SET LOCAL search_path = pg_catalog, pg_temp',
    `SET LOCAL statement_timeout = ${limitMs}`,
    `SET LOCAL lock_timeout = ${LOCK_LIMIT_MS}`,
    ...selects,
    'COMMIT',
  ].join('; ');
}

/** `answer` in JSON, for whoever gets the lock of its kind. */
export function exclusively(kind: keyof typeof LOCKS, answer: string): string {
  return `SELECT CASE WHEN pg_try_advisory_xact_lock(${LOCKS[kind]}) THEN ${answer} END::text AS portal_${kind}`;
}

/** A session, as `sessionIn` of the answer reads it. */
function sessionColumns(isFrom14: boolean): string {
  return (
    's.pid, s.application_name, pg_get_userbyid(s.usesysid), s.state, s.wait_event_type, s.backend_type, ' +
    `s.xact_start, s.state_change, s.query_start, s.backend_start, ${isFrom14 ? 's.query_id::text' : 'NULL'}, ` +
    'host(s.client_addr)'
  );
}

export function activitySelect(
  { version, withLocks, holds, ownPids }: ActivityQuestion,
  answering = exclusively,
): string {
  const isFrom14 = version >= POSTGRES_14;
  const own = ownOf(ownPids);
  const session = sessionColumns(isFrom14);
  const waiting = withLocks
    ? `SELECT l.pid, min(${isFrom14 ? 'l.waitstart' : 's.query_start'}) AS since FROM pg_lock_status() l JOIN here s ON s.pid = l.pid WHERE NOT l.granted AND EXISTS (SELECT FROM here WHERE wait_event_type = 'Lock') GROUP BY l.pid`
    : `SELECT pid, query_start AS since FROM here WHERE wait_event_type = 'Lock'`;
  const asked = withLocks
    ? 'SELECT pid FROM waiting'
    : `SELECT pid FROM here WHERE state IS NULL OR wait_event_type = 'Lock'`;
  const open = `here WHERE xact_start IS NOT NULL AND backend_type = 'client backend' AND application_name NOT LIKE 'pg_dump%' ORDER BY xact_start LIMIT ${MOST_OPEN}`;
  const answer = `json_build_array(clock_timestamp(), current_setting('server_version_num')::int,
  current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int, current_setting('reserved_connections', true)::int,
  pg_is_in_recovery(), pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'), ${holds ? `pg_try_advisory_lock(${LOCKS.activity})` : 'false'},
  (SELECT count(*) FROM every WHERE usesysid IS NOT NULL),
  (SELECT json_build_array(count(*), min(prepared)) FROM pg_prepared_xact() WHERE dbid = (SELECT datid FROM me)),
  (SELECT json_build_array(count(*), min(since), ${withLocks && isFrom14}) FROM waiting),
  (SELECT json_agg(json_build_array(pg_get_userbyid(usesysid), application_name, state, n)) FROM groups),
  (SELECT json_agg(json_build_array(pid, since, blockers)) FROM links),
  (SELECT json_agg(json_build_array(${session})) FROM here s WHERE s.pid IN (SELECT pid FROM blocking) OR s.pid = ANY (ARRAY[${own.join()}]::int[])),
  (SELECT json_agg(json_build_array(${session})) FROM (SELECT * FROM ${open}) s))`;
  return `WITH RECURSIVE every AS MATERIALIZED (SELECT pid, datid, usesysid, application_name, state, wait_event_type, backend_type, xact_start, state_change, query_start, backend_start, client_addr${isFrom14 ? ', query_id' : ''} FROM pg_stat_get_activity(NULL) WHERE datid IS NOT NULL AND backend_type IS DISTINCT FROM 'parallel worker'),
me AS MATERIALIZED (SELECT datid FROM every WHERE pid = pg_backend_pid()),
here AS MATERIALIZED (SELECT * FROM every WHERE datid = (SELECT datid FROM me) AND pid <> pg_backend_pid()),
waiting AS MATERIALIZED (${waiting}),
oldest AS MATERIALIZED (SELECT pid, since FROM waiting ORDER BY since NULLS LAST LIMIT ${MOST_WAITERS}),
asked(pid, since, blockers) AS (SELECT pid, since, (pg_blocking_pids(pid))[1:${MOST_BLOCKERS}] FROM oldest
  UNION SELECT b.pid, NULL::timestamptz, (pg_blocking_pids(b.pid))[1:${MOST_BLOCKERS}] FROM (SELECT DISTINCT unnest(asked.blockers) AS pid FROM asked) b WHERE b.pid IN (${asked}) AND b.pid NOT IN (SELECT pid FROM oldest)),
links AS MATERIALIZED (SELECT * FROM asked LIMIT ${MOST_LINKS}),
blocking AS MATERIALIZED (SELECT b.pid FROM links CROSS JOIN LATERAL unnest(links.blockers) b(pid) GROUP BY b.pid ORDER BY b.pid IN (SELECT pid FROM waiting), count(*) DESC, b.pid LIMIT ${MOST_INVOLVED}),
groups AS MATERIALIZED (SELECT usesysid, application_name, state, count(*) n FROM every WHERE usesysid IS NOT NULL GROUP BY 1, 2, 3 ORDER BY n DESC LIMIT ${MOST_GROUPS})
${answering('activity', answer)}`;
}
