/**
 * What the answer to the hourly question says, and what of it passes a threshold: pure.
 */
import type { Sighting } from '../sighting.js';
import { ageOf, countIn, fieldsIn, listIn, textIn, timeIn } from './json-values.js';

/** A replication slot; `null` is unknown to this version, or unlimited. */
export interface ReplicationSlot {
  readonly isActive: boolean;
  readonly walStatus: string | null;
  readonly safeBytes: number | null;
  readonly retainedBytes: number | null;
  readonly inactiveMs: number | null;
}

export interface HourlyAnswer {
  readonly serverMs: number;
  /** Of the database that is the oldest in it. */
  readonly xidAge: number | null;
  readonly multixactAge: number | null;
  readonly checksumFailures: number | null;
  /** In this database, since its statistics began. */
  readonly deadlocks: number | null;
  /** Written to temporary files by statements in this database, since its statistics began. */
  readonly temporaryBytes: number | null;
  readonly slots: readonly ReplicationSlot[];
  /** By how much the replicas of this server, or this replica itself, are behind; hidden ones are missing. */
  readonly lagsMs: readonly number[];
  /** Since when no log has been archived, if the last attempt failed. */
  readonly archiveFailsMs: number | null;
  readonly invalidIndexes: number | null;
  /** Percent of its numbers that the sequence has used that has used most. */
  readonly sequencePercent: number | null;
}

/** `null`: another instance asks; `undefined`: no answer. */
export function readHourly(text: unknown): HourlyAnswer | null | undefined {
  if (text === null) return null;
  const fields = fieldsIn(text);
  const [now, ages, statistics, slots, senders, ownLag, archiver, indexes, sequence] = fields ?? [];
  const serverMs = timeIn(now);
  if (serverMs === null) return undefined;
  const [xidAge, multixactAge] = listIn(ages);
  const [failures, deadlocked, temporary] = listIn(statistics);
  const [lastFailed, lastArchived] = listIn(archiver);
  const [invalid, building] = listIn(indexes);
  const hasFailed = (timeIn(lastFailed) ?? 0) > (timeIn(lastArchived) ?? 0);
  return {
    serverMs,
    xidAge: countIn(xidAge) ?? null,
    multixactAge: countIn(multixactAge) ?? null,
    checksumFailures: countIn(failures) ?? null,
    deadlocks: countIn(deadlocked) ?? null,
    temporaryBytes: countIn(temporary) ?? null,
    slots: listIn(slots).map((slot) => slotIn(slot, serverMs)),
    lagsMs: [...listIn(senders), ownLag].flatMap((lag) => secondsIn(lag) ?? []),
    archiveFailsMs: hasFailed ? ageOf(lastArchived, serverMs) : null,
    // One that is being built is not valid yet, and a role may not see which that is.
    invalidIndexes: building === 0 ? (countIn(invalid) ?? null) : null,
    sequencePercent: numberIn(sequence),
  };
}

function slotIn(value: unknown, serverMs: number): ReplicationSlot {
  const [active, walStatus, safe, retained, inactiveSince] = listIn(value);
  return {
    isActive: active !== false,
    walStatus: textIn(walStatus),
    safeBytes: numberIn(safe),
    retainedBytes: numberIn(retained),
    inactiveMs: ageOf(inactiveSince, serverMs),
  };
}

function numberIn(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Milliseconds of a number of seconds. */
function secondsIn(value: unknown): number | undefined {
  const seconds = numberIn(value);
  return seconds === null ? undefined : Math.max(0, seconds * SECOND_MS);
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const GIGABYTE = 1_000_000_000;
/** The server stops writing three million transactions before their numbers come round. */
const LAST_XID = 2 ** 31 - 3_000_000;

const THRESHOLDS = {
  age: 1_000_000_000,
  seriousAge: 1_500_000_000,
  slotBytes: GIGABYTE,
  slotInactiveMs: 10 * MINUTE_MS,
  archiveMs: 10 * MINUTE_MS,
  lagMs: 30 * SECOND_MS,
  deadlocksPerMinute: 5,
  /** Ours, as nobody has one: three megabytes a second, all the time, are a query that has lost its index. */
  temporaryBytesPerHour: 10 * GIGABYTE,
  sequencePercent: 90,
} as const;

/** @param before - the answer before, of which rates are the difference */
export function sightHourly(
  answer: HourlyAnswer,
  component: string,
  before?: HourlyAnswer,
): readonly Sighting[] {
  return [
    heldBack(answer),
    archive(answer),
    numbersLeft('XID_AGE', answer.xidAge),
    numbersLeft('MULTIXACT_AGE', answer.multixactAge),
    atLeast('DATABASE_CHECKSUM_FAILURE', 'failures', answer.checksumFailures, 1),
    atLeast('REPLICA_LAGS', 'lag_ms', Math.max(0, ...answer.lagsMs), THRESHOLDS.lagMs),
    deadlocks(answer, before),
    temporaryFiles(answer, before),
    atLeast('SEQUENCE_ENDS', 'used_percent', answer.sequencePercent, THRESHOLDS.sequencePercent),
    atLeast('INVALID_INDEX', 'indexes', answer.invalidIndexes, 1),
  ].flatMap((seen) => (seen === undefined ? [] : [{ ...seen, component }]));
}

type Seen = Omit<Sighting, 'component'>;

function atLeast(
  code: Sighting['code'],
  figure: string,
  value: number | null,
  threshold: number,
): Seen | undefined {
  return value !== null && value >= threshold
    ? { code, figures: { [figure]: Math.round(value) } }
    : undefined;
}

function heldBack({ slots }: HourlyAnswer): Seen | undefined {
  // Of a slot that is lost nothing is held back any more.
  const unread = slots.filter(({ isActive, walStatus }) => !isActive && walStatus !== 'lost');
  const isLarge = ({ retainedBytes, inactiveMs }: ReplicationSlot): boolean =>
    (retainedBytes ?? 0) >= THRESHOLDS.slotBytes && (inactiveMs ?? Infinity) >= THRESHOLDS.slotInactiveMs;
  const isCritical = ({ walStatus, safeBytes }: ReplicationSlot): boolean =>
    walStatus === 'unreserved' || (safeBytes !== null && safeBytes < THRESHOLDS.slotBytes);
  const found = unread.filter((slot) => isLarge(slot) || isCritical(slot));
  if (found.length === 0) return undefined;
  const retained = found.flatMap(({ retainedBytes }) => retainedBytes ?? []);
  return {
    code: 'SLOT_RETAINS_WAL',
    figures: {
      slots: found.length,
      retained_bytes: retained.length > 0 ? Math.max(...retained) : null,
      ...(found.some(isCritical) && { level: 'serious' }),
    },
  };
}

function archive({ archiveFailsMs }: HourlyAnswer): Seen | undefined {
  return atLeast('ARCHIVE_FAILS', 'failing_ms', archiveFailsMs, THRESHOLDS.archiveMs);
}

function numbersLeft(code: 'XID_AGE' | 'MULTIXACT_AGE', age: number | null): Seen | undefined {
  if (age === null || age < THRESHOLDS.age) return undefined;
  const level = age >= THRESHOLDS.seriousAge && { level: 'serious' };
  return { code, figures: { left: Math.max(0, LAST_XID - age), age, ...level } };
}

function deadlocks(answer: HourlyAnswer, before: HourlyAnswer | undefined): Seen | undefined {
  const { grown, withinMs } = growthOf('deadlocks', answer, before);
  if (grown === null) return undefined;
  return atLeast('DEADLOCKS', 'per_minute', (grown / withinMs) * MINUTE_MS, THRESHOLDS.deadlocksPerMinute);
}

function temporaryFiles(answer: HourlyAnswer, before: HourlyAnswer | undefined): Seen | undefined {
  const { grown, withinMs } = growthOf('temporaryBytes', answer, before);
  if (grown === null || (grown / withinMs) * HOUR_MS < THRESHOLDS.temporaryBytesPerHour) return undefined;
  return { code: 'TEMP_FILES', figures: { written_bytes: grown, within_ms: Math.round(withinMs) } };
}

/** By how much a count has grown since the answer before; `null` where that is not known. */
function growthOf(
  count: 'deadlocks' | 'temporaryBytes',
  answer: HourlyAnswer,
  before: HourlyAnswer | undefined,
): { readonly grown: number | null; readonly withinMs: number } {
  const [now, then] = [answer[count], before?.[count] ?? null];
  const withinMs = before ? answer.serverMs - before.serverMs : 0;
  // Statistics that were reset begin anew.
  return {
    grown: now === null || then === null || withinMs <= 0 || now < then ? null : now - then,
    withinMs,
  };
}
