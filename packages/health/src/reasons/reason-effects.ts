/**
 * What users notice of each reason.
 */
import type { ReasonCode } from './reason-codes.js';

/** By code of the catalogue. The sentence of a reason says why, and its `next` what to do. */
export const REASON_EFFECTS: Readonly<Record<ReasonCode, string>> = {
  LOCK_QUEUE: 'Requests hang.',
  CONNECTION_LEAK: 'Requests wait, then fail.',
  TRANSACTION_LEFT_OPEN: 'Others wait for its locks.',
  CONNECTIONS_EXHAUSTED: 'Some requests fail, some work.',
  CACHE_WRITES_REFUSED: 'Slower answers; nothing is lost.',
  THREAD_POOL_BUSY: 'Everything new hangs.',
  EVENT_LOOP_DELAYED: 'Every answer is late.',
  STATEMENTS_SLOW: 'Slow answers.',
  LONG_TRANSACTION: 'Nothing yet; then slowness and locks.',
  PREPARED_TRANSACTION: 'Requests hang, also after a restart.',
  DATABASE_DISK_FULL: 'Saving fails.',
  DATABASE_WRITES_FAIL: 'Saving fails.',
  SLOT_RETAINS_WAL: 'Nothing yet; then a full disk.',
  ARCHIVE_FAILS: 'Nothing yet; then a full disk, and no recovery.',
  XID_AGE: 'Nothing yet; then everything stops.',
  MULTIXACT_AGE: 'Nothing yet; then everything stops.',
  DATABASE_CHECKSUM_FAILURE: 'Wrong or missing data.',
  CACHE_NEARLY_FULL: 'Nothing yet; then errors.',
  CACHE_SLOW_COMMAND: 'Everything is slow for moments.',
  CACHE_FORK_PAUSE: 'Pauses.',
  CACHE_NOT_SAVED: 'Nothing until the cache is restarted.',
  CACHE_REJECTS_CONNECTIONS: 'Some requests fail or are slower.',
  CACHE_EVICTS_FAST: 'Slower answers.',
  CACHE_LINK_DOWN: 'Old data.',
  CPU_THROTTLED: 'Late answers.',
  MEMORY_NEAR_LIMIT: 'Nothing yet; then the process is killed.',
  HEAP_NEAR_LIMIT: 'Pauses; then the process ends.',
  DESCRIPTORS_NEAR_LIMIT: 'Nothing yet; then no connection opens.',
  CERTIFICATE_ENDS: 'Nothing yet; then nothing connects.',
  NAME_LOOKUP: 'Nothing new connects; what is open goes on.',
  REPLICA_LAGS: 'Old data.',
  DEADLOCKS: 'Some requests fail.',
  TEMP_FILES: 'Slow answers.',
  SEQUENCE_ENDS: 'Nothing yet; then inserts fail.',
  INVALID_INDEX: 'Slow answers.',
  CLOCK_OFFSET: 'Wrong times.',
};
