/** Reasons: what users notice of each, and below which cause it stands. Pure. */
import type { ReasonCode } from 'portal-health';
import type { ReasonDocument } from 'portal-server/api';
import type { DisplayCause } from './headline.js';

/** What users notice. The service's own sentence says why, and what to do next. */
const USERS: Readonly<Record<ReasonCode, string>> = {
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

/** What users notice; `null` of a reason that this page does not know: a service newer than the page. */
export function usersNotice(code: string): string | null {
  return isCode(code) ? USERS[code] : null;
}

function isCode(code: string): code is ReasonCode {
  return Object.hasOwn(USERS, code);
}

/** Those that explain a cause. Of several databases each has its own. */
export function reasonsOf(
  { code, component }: Pick<DisplayCause, 'code' | 'component'>,
  reasons: readonly ReasonDocument[],
): readonly ReasonDocument[] {
  if (code === null) return [];
  return reasons.filter(({ explains, figures }) => {
    const { component: named = null } = figures;
    return explains === code && (named === null || component === null || named === component);
  });
}

/** Those that stand below none of the causes. */
export function otherReasons(
  causes: readonly DisplayCause[],
  reasons: readonly ReasonDocument[],
): readonly ReasonDocument[] {
  const attached = new Set(causes.flatMap((cause) => reasonsOf(cause, reasons)));
  return reasons.filter((reason) => !attached.has(reason));
}
