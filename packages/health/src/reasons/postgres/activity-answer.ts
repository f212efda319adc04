/**
 * Reads the answer to the question who holds and who waits. What is not as it should be is no answer: a server may be
 * anything that speaks the protocol.
 */
import { ageOf, countIn, fieldsIn, listIn, textIn, timeIn } from './json-values.js';

/** A session of the server. What its role hides from ours is `null`, as is what there is none of. */
export interface ServerSession {
  readonly pid: number;
  readonly application: string;
  readonly role: string | null;
  /** PostgreSQL's word: `active`, `idle`, `idle in transaction`, …; `null` when it is hidden. */
  readonly state: string | null;
  /** `Lock`, `Client`, …; `null` also when it waits for nothing. */
  readonly waitsFor: string | null;
  readonly backendType: string | null;
  /** Milliseconds, by the server's clock, since its transaction began, its state changed, its statement began, it connected. */
  readonly openMs: number | null;
  readonly stateMs: number | null;
  readonly statementMs: number | null;
  readonly connectedMs: number | null;
  readonly queryId: string | null;
  /** Of the client; `null` also for a socket of the same machine. */
  readonly address: string | null;
}

/** Sessions of one role and application in one state. */
export interface SessionGroup {
  readonly application: string;
  readonly role: string | null;
  readonly state: string | null;
  readonly sessions: number;
}

/** A session that was asked for what blocks it. */
export interface LockLink {
  readonly pid: number;
  /** Since when it waits; `null` when that is not known, or it does not wait. */
  readonly waitsMs: number | null;
  /** Empty when nothing does; 0 is a prepared transaction. */
  readonly blockers: readonly number[];
}

export interface LockWaits {
  readonly sessions: number;
  /** Since the oldest began to wait or, where the server does not tell that, began its statement. */
  readonly longestMs: number | null;
  /** Whether hidden sessions are counted too, and the time is that of waiting. */
  readonly isExact: boolean;
}

export interface ActivityAnswer {
  /** The server's clock, as milliseconds since 1970. */
  readonly serverMs: number;
  /** `server_version_num`. */
  readonly version: number;
  readonly maxConnections: number;
  /** Connections that an ordinary role cannot have. */
  readonly reserved: number;
  readonly isStandby: boolean;
  /** Whether our role may see what every session does. */
  readonly seesAll: boolean;
  /** Whether others are kept from asking until our session ends. */
  readonly holds: boolean;
  /** Sessions of all databases of the server. */
  readonly sessions: number;
  /** The rest is of this database. */
  readonly prepared: { readonly transactions: number; readonly oldestMs: number | null };
  readonly waiting: LockWaits;
  /** The largest 20. */
  readonly groups: readonly SessionGroup[];
  readonly links: readonly LockLink[];
  /** Those that block others, and those of this process that were asked for. */
  readonly involved: readonly ServerSession[];
  /** Those with the oldest transactions, backups excepted. */
  readonly oldest: readonly ServerSession[];
}

/** `null`: nobody was asked, as another instance asks; `undefined`: no answer. */
export function readActivity(text: unknown): ActivityAnswer | null | undefined {
  if (text === null) return null;
  const fields = fieldsIn(text);
  if (fields === undefined) return undefined;
  const [
    now,
    version,
    maximum,
    superuser,
    others,
    standby,
    all,
    holds,
    sessions,
    prepared,
    waiting,
    ...rest
  ] = fields;
  const [groups, links, involved, oldest] = rest;
  const serverMs = timeIn(now);
  const numbers = [version, maximum, superuser, sessions].map(countIn);
  const [versionNumber, maxConnections, superusers, sessionCount] = numbers;
  if (serverMs === null || typeof standby !== 'boolean' || typeof all !== 'boolean') return undefined;
  if (
    versionNumber === undefined ||
    maxConnections === undefined ||
    superusers === undefined ||
    sessionCount === undefined
  ) {
    return undefined;
  }
  const age = (time: unknown): number | null => ageOf(time, serverMs);
  const [preparedCount, preparedSince] = listIn(prepared);
  const [waitingCount, waitingSince, isExact] = listIn(waiting);
  return {
    serverMs,
    version: versionNumber,
    maxConnections,
    reserved: superusers + (countIn(others) ?? 0),
    isStandby: standby,
    seesAll: all,
    holds: holds === true,
    sessions: sessionCount,
    prepared: { transactions: countIn(preparedCount) ?? 0, oldestMs: age(preparedSince) },
    waiting: {
      sessions: countIn(waitingCount) ?? 0,
      longestMs: age(waitingSince),
      isExact: isExact === true,
    },
    groups: listIn(groups).flatMap((group) => groupIn(group) ?? []),
    links: listIn(links).flatMap((link) => linkIn(link, age) ?? []),
    involved: listIn(involved).flatMap((session) => sessionIn(session, age) ?? []),
    oldest: listIn(oldest).flatMap((session) => sessionIn(session, age) ?? []),
  };
}

/** The sessions in the answer to the question after a few; none where it is no answer. */
export function readOwn(text: unknown): readonly ServerSession[] {
  const [now, sessions] = fieldsIn(text) ?? [];
  const serverMs = timeIn(now);
  if (serverMs === null) return [];
  const age = (time: unknown): number | null => ageOf(time, serverMs);
  return listIn(sessions).flatMap((session) => sessionIn(session, age) ?? []);
}

type Age = (time: unknown) => number | null;

function sessionIn(value: unknown, age: Age): ServerSession | undefined {
  const [
    pid,
    application,
    role,
    state,
    waitsFor,
    backendType,
    open,
    stateSince,
    statement,
    connected,
    queryId,
    address,
  ] = listIn(value);
  const id = countIn(pid);
  if (id === undefined) return undefined;
  return {
    pid: id,
    application: textIn(application) ?? '',
    role: textIn(role),
    state: textIn(state),
    waitsFor: textIn(waitsFor),
    backendType: textIn(backendType),
    openMs: age(open),
    stateMs: age(stateSince),
    statementMs: age(statement),
    connectedMs: age(connected),
    queryId: textIn(queryId),
    address: textIn(address),
  };
}

function groupIn(value: unknown): SessionGroup | undefined {
  const [role, application, state, count] = listIn(value);
  const sessions = countIn(count);
  if (sessions === undefined) return undefined;
  return { application: textIn(application) ?? '', role: textIn(role), state: textIn(state), sessions };
}

function linkIn(value: unknown, age: Age): LockLink | undefined {
  const [pid, since, blockers] = listIn(value);
  const id = countIn(pid);
  if (id === undefined) return undefined;
  return {
    pid: id,
    waitsMs: age(since),
    blockers: listIn(blockers).flatMap((blocker) => countIn(blocker) ?? []),
  };
}
