/**
 * Ready-made checks for the option `checks`: an HTTP endpoint, a queue of BullMQ, the space on a disk.
 */
import { ANYTHING, checkOptions, numberFrom, optional, optionError } from 'portal-shared/check-options';
import type { Check } from './probes/custom.js';

export type { Check } from './probes/custom.js';

const AMOUNT = numberFrom(0, Number.MAX_SAFE_INTEGER);
const STATUS = optional('to be whole numbers from 200 to 599', (value) =>
  [value].flat().every((one) => Number.isInteger(one) && Number(one) >= 200 && Number(one) <= 599),
);

/** What `httpCheck` expects. */
export interface HttpCheckOptions {
  /** The status, or several; default any from 200 to 299. A redirection is never followed. */
  readonly status?: number | readonly number[];
  /** Sent along, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Asks `url` by `GET`. The body is not read, and the question ends with the run: give it a `deadlineMs`.
 *
 * @example
 * ```ts
 * import { createHealth } from 'portal-health';
 * import { httpCheck } from 'portal-health/checks';
 *
 * createHealth({ checks: { payments: { check: httpCheck('https://payments.internal/livez'), deadlineMs: 2_000 } } });
 * ```
 * @throws TypeError when `url` is none of `http:` or `https:`, or a status is none
 */
export function httpCheck(url: string | URL, options: HttpCheckOptions = {}): Check {
  const parsed = URL.canParse(String(url)) ? new URL(String(url)) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    // The whole may hold a password.
    throw optionError('url', 'to be an absolute URL of http: or https:', parsed?.protocol ?? typeof url);
  }
  checkOptions<HttpCheckOptions>(options, { status: STATUS, headers: ANYTHING });
  const { status, headers = {} } = options;
  const wanted = status === undefined ? undefined : [status].flat();
  return async (signal) => {
    const response = await fetch(parsed, { headers, redirect: 'manual', signal });
    await response.body?.cancel();
    if (wanted ? wanted.includes(response.status) : response.ok) return;
    throw new CheckError(`The status is ${response.status}`, `HTTP_${response.status}`);
  };
}

/** The member used of a `Queue` of BullMQ. */
export interface QueueLike {
  getJobCounts(...types: string[]): Promise<Readonly<Record<string, number>>>;
}

/** How much may be in the queue; at least one must be given. */
export interface QueueCheckOptions {
  /** Jobs that wait to be taken: waiting, prioritized or paused. */
  readonly mostWaiting?: number;
  /** Jobs that have failed and are kept. */
  readonly mostFailed?: number;
}

/**
 * Counts the jobs of a queue of BullMQ. It asks over the connection of the queue itself, which waits while its Redis is
 * away; there is never more than one such question.
 *
 * @throws TypeError when `queue` is none, or no limit is given
 */
export function queueCheck(queue: QueueLike, options: QueueCheckOptions): Check {
  if (typeof queue?.getJobCounts !== 'function') throw optionError('queue', 'to be a Queue of BullMQ', queue);
  checkOptions<QueueCheckOptions>(options, { mostWaiting: AMOUNT, mostFailed: AMOUNT });
  const { mostWaiting, mostFailed } = options;
  if (mostWaiting === undefined && mostFailed === undefined) {
    throw optionError('mostWaiting', 'or `mostFailed` to be given', undefined);
  }
  return async () => {
    const counts = await queue.getJobCounts('waiting', 'prioritized', 'paused', 'failed');
    const waiting = ['waiting', 'prioritized', 'paused'].reduce((sum, type) => sum + (counts[type] ?? 0), 0);
    if (waiting > (mostWaiting ?? Number.POSITIVE_INFINITY)) {
      throw new CheckError(`${waiting} jobs wait`, 'QUEUE_WAITING');
    }
    const failed = counts['failed'] ?? 0;
    if (failed > (mostFailed ?? Number.POSITIVE_INFINITY)) {
      throw new CheckError(`${failed} jobs have failed`, 'QUEUE_FAILED');
    }
  };
}

/** How much must be free for this user; at least one must be given. */
export interface DiskCheckOptions {
  readonly leastFreeBytes?: number;
  /** Percent of the whole, 0 to 100. */
  readonly leastFreePercent?: number;
}

/**
 * Looks at the space of the disk that `path` is on. A network disk that hangs keeps one thread of the process waiting,
 * and never more than one.
 *
 * @throws TypeError when `path` is none, or no limit is given
 */
export function diskCheck(path: string, options: DiskCheckOptions): Check {
  if (typeof path !== 'string' || path === '') throw optionError('path', 'to be a path', path);
  checkOptions<DiskCheckOptions>(options, { leastFreeBytes: AMOUNT, leastFreePercent: numberFrom(0, 100) });
  const { leastFreeBytes, leastFreePercent } = options;
  if (leastFreeBytes === undefined && leastFreePercent === undefined) {
    throw optionError('leastFreeBytes', 'or `leastFreePercent` to be given', undefined);
  }
  return async () => {
    const { statfs } = await import('node:fs/promises');
    const { bavail, blocks, bsize } = await statfs(path);
    const freeBytes = bavail * bsize;
    const isTooLittle = freeBytes < (leastFreeBytes ?? 0) || bavail * 100 < blocks * (leastFreePercent ?? 0);
    if (isTooLittle) throw new CheckError(`${freeBytes} bytes are free`, 'DISK_SPACE');
  };
}

/** Why a check says no, for the log of the application. */
class CheckError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}
