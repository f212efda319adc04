/**
 * The log: lines of JSON. It cannot hold a secret, because nothing but plain fields that we chose ever reaches it:
 * no request, no error object, no URL. Of an error it gets the code under a reference; what a driver says besides can
 * hold pieces of a password, so that is written at level `debug` only.
 */
import { randomUUID } from 'node:crypto';
import { pino, type DestinationStream } from 'pino';
import { errorCode, framesOf } from 'portal-shared/error-code';

/** What may stand in a line. */
export type Fields = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** Levels, the least severe first; `silent` writes nothing. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** A log. Every call is one line, two for a failure at level `debug`. */
export interface Log {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  /** Something of the outside failed: its code, and its own words at `debug`, under one `reference`. */
  failure(event: string, error: unknown, fields?: Fields): void;
  /** We failed: also the stack, without the message. */
  bug(event: string, error: unknown, fields?: Fields): void;
  /** Writes what is still waiting to be written. */
  flush(): Promise<void>;
}

/** Where and what to write. */
export interface LogOptions {
  readonly level: LogLevel;
  /** Default: the standard error of the process, unbuffered and off the event loop. */
  readonly destination?: DestinationStream;
}

/** Lines that wait because nobody reads them are dropped beyond this, rather than kept until memory ends. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;

function openStandardError(): DestinationStream {
  const stream = pino.destination({ dest: 2, sync: false, minLength: 0, maxLength: MOST_WAITING_BYTES });
  // Whoever read the log is gone: a reason to write nothing, not to serve nothing.
  stream.on('error', () => undefined);
  return stream;
}

/** Opens a log. */
export function createLog({ level, destination }: LogOptions): Log {
  const stream = destination ?? openStandardError();
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );

  function failed(severity: 'warn' | 'error', event: string, error: unknown, fields: Fields): void {
    const reference = fields['correlation_id'] ?? randomUUID();
    logger[severity]({ ...fields, reference, cause: errorCode(error) }, event);
    logger.debug(
      { reference, words: error instanceof Error ? error.message : String(error) },
      `${event}, in full`,
    );
  }

  return {
    debug: (event, fields = {}) => logger.debug(fields, event),
    info: (event, fields = {}) => logger.info(fields, event),
    warn: (event, fields = {}) => logger.warn(fields, event),
    error: (event, fields = {}) => logger.error(fields, event),
    failure: (event, error, fields = {}) => failed('warn', event, error, fields),
    bug: (event, error, fields = {}) => failed('error', event, error, { ...fields, stack: framesOf(error) }),
    flush: () => new Promise((resolve) => logger.flush(() => resolve())),
  };
}
