/**
 * What runs out or fails at the database server.
 */
import type { ReasonEntry } from '../sighting.js';
import { amount, counted, duration, isFigure, percent, size } from '../words.js';

export const DATABASE_ENTRIES = {
  DATABASE_DISK_FULL: {
    explains: ['DATABASE_DISK_FULL', 'DATABASE_WRITES_FAIL'],
    readings: 1,
    sentence: () => 'The database cannot write: its disk is full',
    next: 'Free the disk of the database. Look at pg_wal and at replication slots without a reader.',
  },
  DATABASE_WRITES_FAIL: {
    explains: ['DATABASE_WRITES_FAIL', 'DATABASE_DISK_FULL'],
    readings: 1,
    sentence: () => 'The database cannot write',
    next: 'See the log of the database, its disk, pg_wal, and replication slots without a reader.',
  },
  SLOT_RETAINS_WAL: {
    explains: ['DATABASE_DISK_FULL', 'DATABASE_WRITES_FAIL'],
    readings: 1,
    sentence: ({ slots = 1, retained_bytes: retained }) =>
      isFigure(slots) && slots > 1
        ? `${amount(slots)} replication slots without a reader hold back up to ${size(retained)} of log`
        : `A replication slot without a reader holds back ${size(retained)} of log`,
    next: 'Revive its reader, or drop the slot, before the disk is full. Set max_slot_wal_keep_size.',
  },
  ARCHIVE_FAILS: {
    explains: ['DATABASE_DISK_FULL', 'DATABASE_WRITES_FAIL'],
    readings: 1,
    sentence: ({ failing_ms: failingMs }) => `The log cannot be archived since ${duration(failingMs)}`,
    next: 'See what archive_command says in the log of the database, and where it writes to.',
  },
  XID_AGE: {
    explains: ['DATABASE_WRITES_FAIL', 'DATABASE_READ_ONLY'],
    readings: 1,
    sentence: ({ left }) => `${millions(left)} transactions are left before the database stops writing`,
    next: 'Find the oldest xmin: a long transaction, a slot or a prepared transaction. End it, then VACUUM.',
  },
  MULTIXACT_AGE: {
    explains: ['DATABASE_WRITES_FAIL', 'DATABASE_READ_ONLY'],
    readings: 1,
    sentence: ({ left }) =>
      `${millions(left)} shared row locks (multixacts) are left before the database stops writing`,
    next: 'Find the oldest transaction and end it, then VACUUM the tables with the oldest relminmxid.',
  },
  DATABASE_CHECKSUM_FAILURE: {
    explains: ['DATABASE_CHECKSUM_FAILURE'],
    readings: 1,
    sentence: ({ failures = null }) =>
      isFigure(failures)
        ? `Pages of the database are damaged (${counted(failures, ['failure', 'failures'])} of their checksum)`
        : 'Pages of the database are damaged',
    next: 'Stop writing, check the disk and the memory, and see to your backups before anything else.',
  },
  REPLICA_LAGS: {
    explains: ['DATABASE_SLOW'],
    readings: 1,
    sentence: ({ lag_ms: lagMs }) => `A replica is ${duration(lagMs)} behind the primary`,
    next: 'See the load of the replica, long queries on it, and the network.',
  },
  DEADLOCKS: {
    explains: [],
    readings: 1,
    sentence: ({ per_minute: perMinute }) =>
      `${counted(perMinute, ['deadlock', 'deadlocks'])} a minute in the database`,
    next: 'Take locks in the same order everywhere.',
  },
  TEMP_FILES: {
    explains: [],
    readings: 1,
    sentence: ({ written_bytes: written, within_ms: withinMs }) =>
      `Statements have written ${size(written)} of temporary files in ${duration(withinMs)}`,
    next: 'Find the query with log_temp_files; give it an index or more work_mem.',
  },
  SEQUENCE_ENDS: {
    explains: [],
    readings: 1,
    sentence: ({ used_percent: used }) => `A sequence has used ${percent(used)} of its numbers`,
    next: 'Give the column and its sequence a wider type, bigint, before inserts fail.',
  },
  INVALID_INDEX: {
    explains: [],
    readings: 1,
    sentence: ({ indexes }) => counted(indexes, ['index is invalid', 'indexes are invalid']),
    next: 'REINDEX CONCURRENTLY, or drop it: it is kept up at each write and used by no query.',
  },
  CLOCK_OFFSET: {
    explains: [],
    readings: 2,
    sentence: ({ offset_ms: offsetMs }) =>
      `The clocks of this machine and the database differ by ${duration(isFigure(offsetMs) ? Math.abs(offsetMs) : null)}`,
    next: 'See the time service of both machines.',
  },
} as const satisfies Readonly<Record<string, ReasonEntry>>;

function millions(left: number | string | null | undefined): string {
  return isFigure(left) ? `${amount(left / 1e6)} million` : 'An unknown number of';
}
