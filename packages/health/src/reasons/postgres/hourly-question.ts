/**
 * The question what runs out slowly or fails in silence at a server of Postgres: one text of SQL, one answer in JSON, once
 * an hour. No name of anything is read.
 */
import { exclusively, transactionOf } from './activity-question.js';

const MOST_SLOTS = 16;
const MOST_SENDERS = 16;
/** Each is a page to read. */
const MOST_SEQUENCES = 1_000;

/** `inactive_since` in `pg_replication_slots`. */
const POSTGRES_17 = 170_000;

/** @param version - `server_version_num` */
export function hourlyQuestion(version: number): string {
  return transactionOf([hourlySelect(version)]);
}

export function hourlySelect(version: number, answering = exclusively): string {
  const inactiveSince = version >= POSTGRES_17 ? 'inactive_since' : 'NULL';
  return `WITH here AS MATERIALIZED (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS lsn)
${answering(
  'hourly',
  `json_build_array(clock_timestamp(),
  (SELECT json_build_array(max(age(datfrozenxid)), max(mxid_age(datminmxid))) FROM pg_database),
  (SELECT json_build_array(sum(checksum_failures), sum(deadlocks) FILTER (WHERE datname = current_database()), sum(temp_bytes) FILTER (WHERE datname = current_database())) FROM pg_stat_database),
  (SELECT json_agg(json_build_array(active, wal_status, safe_wal_size, pg_wal_lsn_diff((SELECT lsn FROM here), restart_lsn), ${inactiveSince})) FROM (SELECT * FROM pg_replication_slots ORDER BY active, restart_lsn LIMIT ${MOST_SLOTS}) slots),
  (SELECT json_agg(extract(epoch FROM replay_lag)) FROM (SELECT replay_lag FROM pg_stat_replication LIMIT ${MOST_SENDERS}) senders),
  CASE WHEN pg_is_in_recovery() THEN CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END END,
  (SELECT json_build_array(last_failed_time, coalesce(last_archived_time, stats_reset)) FROM pg_stat_archiver),
  (SELECT json_build_array(count(*), (SELECT count(*) FROM pg_stat_progress_create_index)) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE NOT indisvalid AND relkind = 'i'),
  CASE WHEN NOT pg_is_in_recovery() THEN (SELECT max(CASE WHEN has_sequence_privilege(seqrelid, 'SELECT, USAGE') THEN pg_sequence_last_value(seqrelid)::numeric / seqmax * 100 END) FROM (SELECT seqrelid, seqmax FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid WHERE seqincrement > 0 AND seqmax > 0 AND NOT seqcycle AND relpersistence = 'p' LIMIT ${MOST_SEQUENCES}) sequences) END)`,
)}`;
}
