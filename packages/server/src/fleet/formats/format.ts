/**
 * Reads a response of an instance by the format of its service. The word in the body counts, whatever the status; words
 * must match exactly. Sentences and everything else that is not named here are dropped.
 */
import type { Status } from 'portal-health';
import { asObject } from 'portal-shared/json';
import type { InstanceProblem } from '../fleet-problems.js';
import type { Reading } from '../observation.js';
import { codesIn, parseJson, sourceHashIn, instantIn } from './fields.js';
import { valueAt } from './json-pointer.js';

export type Format = (typeof FORMAT_NAMES)[number] | JsonFormat;

export const FORMAT_NAMES = ['portal', 'health+json', 'actuator', 'status'] as const;

/** Any JSON document in which one place holds the status. */
export interface JsonFormat {
  /** A JSON pointer: `/status`. */
  readonly pointer: string;
  /** Words that mean healthy, and that mean degraded; any other is unhealthy. */
  readonly healthy: readonly string[];
  readonly degraded: readonly string[];
}

export interface InstanceResponse {
  readonly status: number;
  readonly body: string;
}

type Words = Readonly<Record<string, Status>>;

const PORTAL_WORDS: Words = { healthy: 'healthy', degraded: 'degraded', unhealthy: 'unhealthy' };
const DRAFT_WORDS: Words = { pass: 'healthy', warn: 'degraded', fail: 'unhealthy' };
const ACTUATOR_WORDS: Words = {
  UP: 'healthy',
  UNKNOWN: 'degraded',
  DOWN: 'unhealthy',
  OUT_OF_SERVICE: 'unhealthy',
};

/** @param nowMs - by the clock of the watcher: no instance has started after it */
export function readResponse(
  { status, body }: InstanceResponse,
  format: Format,
  nowMs: number,
): Reading | InstanceProblem {
  if (status === 401 || status === 403) return 'INSTANCE_UNAUTHORIZED';
  if (status >= 300 && status < 400) return 'INSTANCE_NOT_HEALTH';
  if (format === 'status') return bare(isSuccess(status) ? 'healthy' : 'unhealthy');
  const document = parseJson(body);
  const reading = readDocument(document, format, nowMs);
  if (!reading) return 'INSTANCE_NOT_HEALTH';
  return reading.health === 'healthy' && !isSuccess(status) ? 'INSTANCE_CONTRADICTS' : reading;
}

function readDocument(
  document: unknown,
  format: Exclude<Format, 'status'>,
  nowMs: number,
): Reading | undefined {
  if (typeof format === 'object') return readByPointer(document, format);
  const fields = asObject(document);
  if (!fields) return undefined;
  const { status } = fields;
  if (format === 'actuator') return read(status, ACTUATOR_WORDS);
  if (format === 'health+json') return read(status, DRAFT_WORDS);
  const reading = read(status, PORTAL_WORDS);
  return (
    reading && {
      ...reading,
      codes: codesIn(fields['errors']),
      startedAtMs: instantIn(fields['started_at'], nowMs),
      sourceHash: sourceHashIn(fields['source_hash']),
    }
  );
}

function read(status: unknown, words: Words): Reading | undefined {
  const health = typeof status === 'string' && Object.hasOwn(words, status) ? words[status] : undefined;
  return health && bare(health);
}

function readByPointer(document: unknown, { pointer, healthy, degraded }: JsonFormat): Reading | undefined {
  const value = valueAt(document, pointer);
  // A number or a truth value is written as JSON writes it.
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const word = String(value);
  if (healthy.includes(word)) return bare('healthy');
  return bare(degraded.includes(word) ? 'degraded' : 'unhealthy');
}

function bare(health: Status): Reading {
  return { health, codes: [], startedAtMs: null, sourceHash: null };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
