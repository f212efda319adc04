/**
 * What is refused before any route is looked for, and what is no request at all: in our form, like every other error.
 */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ERRORS, type HttpErrorResponse } from '../errors.js';
import type { ResponseLog } from './response-log.js';

/** The longest address of ours, with every parameter, has a few hundred characters. */
const LONGEST_TARGET = 4_096;
/** Ours has 52 characters; the rest belongs to neighbours of the same name. */
const LONGEST_COOKIES = 8_192;

/** What HTTP itself asks of a request, whoever it is for; `undefined` when it may be answered. */
export function requestErrorOf({ httpVersion, headers }: IncomingMessage): HttpErrorResponse | undefined {
  if (httpVersion !== '1.1') return undefined;
  if (headers.host === undefined) return ERRORS.badRequest;
  const { expect } = headers;
  if (expect === undefined || expect.toLowerCase() === '100-continue') return undefined;
  return ERRORS.expectationFailed;
}

/**
 * What the routes of the framework ask of a request besides: what they read of it is not longer than this. Whoever sends
 * more cookies than anybody needs is somebody who has none of ours.
 */
export function lengthErrorOf({ url = '', headers }: IncomingMessage): HttpErrorResponse | undefined {
  if (url.length > LONGEST_TARGET) return ERRORS.uriTooLong;
  if (headers.cookie !== undefined && headers.cookie.length > LONGEST_COOKIES) delete headers.cookie;
  return undefined;
}

/** The body of an error, for a client. */
export function errorBody({ sentence }: HttpErrorResponse, correlationId: string): string {
  return JSON.stringify({ error: sentence, correlation_id: correlationId });
}

/** Answers a request that no route has seen. What it may bring along is not read, so the connection ends. */
export function respondWithError(
  response: ServerResponse,
  answer: HttpErrorResponse,
  log: ResponseLog,
): void {
  const { body, headers } = errorResponseText(answer, log, 'none');
  response.writeHead(answer.status, headers).end(body);
}

/**
 * Something that is no HTTP, or not in time: there is no request to answer, only a socket.
 *
 * @param isAnswering - something of another answer has been sent on it: what we would add would be taken for a part of that
 */
export function sendUnreadable(
  error: Error & { readonly code?: string },
  socket: Socket,
  { isAnswering, log }: { readonly isAnswering: boolean; readonly log: ResponseLog },
): void {
  if (socket.destroyed || !socket.writable || isAnswering || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const answer = UNREADABLE[error.code ?? ''] ?? ERRORS.badRequest;
  const { body, headers } = errorResponseText(answer, log, 'unreadable');
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const line = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`;
  socket.end([line, ...fields, '', body].join('\r\n'));
}

const UNREADABLE: Readonly<Record<string, HttpErrorResponse>> = {
  HPE_HEADER_OVERFLOW: ERRORS.headersTooLarge,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, sentence: 'Payload too large' },
  ERR_HTTP_REQUEST_TIMEOUT: ERRORS.requestTimeout,
};

function errorResponseText(
  answer: HttpErrorResponse,
  log: ResponseLog,
  route: string,
): { readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  const id = randomUUID();
  log.log({ correlation_id: id, route, status: answer.status }, false);
  const body = errorBody(answer, id);
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Correlation-Id': id,
    Connection: 'close',
  };
  return { body, headers };
}
