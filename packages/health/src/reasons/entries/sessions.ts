/**
 * Who holds connections and locks: of the pool of this process, and of the server.
 */
import type { Figures, Names, ReasonEntry } from '../sighting.js';
import { amount, counted, duration, isFigure, ownerOf, whoDoes } from '../words.js';

const POOL = ['DATABASE_POOL_STALLED', 'DATABASE_POOL_SATURATED'] as const;

export const SESSION_ENTRIES = {
  LOCK_QUEUE: {
    explains: [...POOL, 'DATABASE_WRITES_FAIL', 'DATABASE_TOO_MANY_CONNECTIONS'],
    readings: 2,
    sentence(figures, names) {
      const { sessions = null, longest_ms: longestMs = null, at_least: isPart } = figures;
      const waiting = counted(sessions, ['session waits for a lock', 'sessions wait for a lock']);
      const longest =
        longestMs === null ? 'for how long is hidden' : `the longest for ${duration(longestMs)}`;
      const count = isPart === 1 ? `At least ${waiting}` : waiting;
      return `${count}, ${longest}; at the head is ${whoDoes(figures, names)}`;
    },
    next: 'End the session at the head, not those in the queue. Set lock_timeout for migrations.',
  },
  CONNECTION_LEAK: {
    explains: POOL,
    readings: 2,
    sentence: (figures, names) =>
      `${ofPool(figures, ['is checked out', 'are checked out'])}${leakActivity(figures)}, ` +
      `the longest for ${duration(figures['longest_ms'])}${takenBy(names)}${unknownTransaction(figures)}`,
    next: 'A restart restores the pool. Find the connect() without a release(), on the way of an error too.',
  },
  TRANSACTION_LEFT_OPEN: {
    explains: [...POOL, 'DATABASE_TOO_MANY_CONNECTIONS'],
    readings: 2,
    sentence(figures, names) {
      const does = ['does nothing in an open transaction', 'do nothing in an open transaction'] as const;
      const longest = `the longest for ${duration(figures['longest_ms'])}`;
      if (names['application'] === undefined && names['role'] === undefined) {
        const what = counted(figures['connections'], [
          `connection of this application ${does[0]}`,
          `connections of this application ${does[1]}`,
        ]);
        return `${what}, ${longest}${takenBy(names)}`;
      }
      const owner = ownerOf(names);
      const what = counted(figures['connections'], [
        `session of ${owner} ${does[0]}`,
        `sessions of ${owner} ${does[1]}`,
      ]);
      return `${what}, ${longest}`;
    },
    next:
      'Look for what is slow between BEGIN and COMMIT, such as an HTTP call. ' +
      'Set idle_in_transaction_session_timeout.',
  },
  CONNECTIONS_EXHAUSTED: {
    explains: ['DATABASE_TOO_MANY_CONNECTIONS', ...POOL],
    readings: 2,
    sentence(figures, names) {
      const { used = null, max = null, largest = null, largest_state: state = null } = figures;
      const of = `${amount(used)} of ${amount(max)} connections of the server are in use`;
      if (!isFigure(largest)) return of;
      const belongs = largest === 1 ? 'belongs' : 'belong';
      return `${of}; ${amount(largest)} ${belongs} to ${ownerOf(names)}${state === null ? '' : `, most of them ${state}`}`;
    },
    next: 'See who grew: a deployment that doubles the instances, or a pool that is too large. Use a pooler.',
  },
  STATEMENTS_SLOW: {
    explains: [...POOL, 'DATABASE_SLOW'],
    readings: 2,
    sentence(figures, names) {
      const what = counted(figures['connections'], [
        `connection ${theirs(names)}runs a statement`,
        `connections ${theirs(names)}run a statement`,
      ]);
      const { waiting_for_lock: waiting = null } = figures;
      const others = counted(waiting, ['other waits', 'others wait']);
      const locks = isFigure(waiting) && waiting > 0 ? `; ${others} for a lock` : '';
      return (
        `${what} for more than ${duration(figures['threshold_ms'])}, ` +
        `the longest for ${duration(figures['longest_ms'])}${takenBy(names)}${locks}`
      );
    },
    next: 'Find the statement in pg_stat_statements, by query_id where one is given.',
  },
  LONG_TRANSACTION: {
    explains: POOL,
    readings: 2,
    sentence: (figures, names) =>
      `A transaction has been open for ${duration(figures['open_ms'])} (${whoDoes(figures, names)})`,
    next: 'End it: it holds locks, and no row that it may still see can be cleaned up.',
  },
  PREPARED_TRANSACTION: {
    explains: POOL,
    readings: 2,
    sentence: ({ transactions = 1, longest_ms: longestMs }) =>
      transactions === 1 || !isFigure(transactions)
        ? `An unfinished prepared transaction has held locks for ${duration(longestMs)}`
        : `${amount(transactions)} unfinished prepared transactions hold locks, the oldest for ${duration(longestMs)}`,
    next: 'COMMIT PREPARED or ROLLBACK PREPARED, by pg_prepared_xacts. A restart does not end it.',
  },
} as const satisfies Readonly<Record<string, ReasonEntry>>;

function ofPool(
  { connections = null, size = null }: Figures,
  [one, many]: readonly [string, string],
): string {
  const are = connections === 1 ? one : many;
  return isFigure(size)
    ? `${amount(connections)} of ${amount(size)} connections ${are}`
    : `${counted(connections, ['connection of the pool', 'connections of the pool'])} ${are}`;
}

/** `statement` is `null` when the driver does not tell whether one runs. */
function leakActivity({ connections, statement = 'none' }: Figures): string {
  if (statement === null) return ', of which the driver does not tell what they do';
  return connections === 1 ? ' and runs no statement' : ' and run no statement';
}

function unknownTransaction({ statement = 'none', transaction = 'none' }: Figures): string {
  return statement !== null && transaction === null
    ? '; whether in a transaction is not told by the driver'
    : '';
}

/** In the application's own words, and where in its code. */
function takenBy({ label, site }: Names): string {
  return `${label === undefined ? '' : `, taken by ${label}`}${site === undefined ? '' : `, taken at ${site}`}`;
}

function theirs(names: Names): string {
  return names['application'] === undefined && names['role'] === undefined ? '' : `of ${ownerOf(names)} `;
}
