/**
 * One request and its whole response, within one deadline. Nothing is followed, and nothing is decoded.
 */
import type { Client, Dispatcher } from 'undici';
import type { InstanceResponse } from '../formats/format.js';

export interface ExchangeRequest {
  readonly path: string;
  /** Fields of a form, to be posted; default: nothing is, and it is a `GET`. */
  readonly form?: string;
  readonly authorization: string | undefined;
  /** By `performance.now()`, for the connection, the headers and the body together. */
  readonly deadlineMs: number;
}

/** The deadline passed. */
export class PollTimeoutError extends Error {
  readonly code = 'POLL_TIMEOUT';
}

/** The body is encoded although nothing was offered; it is not read. */
export class EncodedBodyError extends Error {
  readonly code = 'POLL_ENCODED';
}

/** @throws PollTimeoutError, EncodedBodyError, or an error of the connection */
export function exchange(
  client: Client,
  { path, form, authorization, deadlineMs }: ExchangeRequest,
): Promise<InstanceResponse> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let status = 0;
    const chunks: Buffer[] = [];
    const timer = setTimeout(() => end(new PollTimeoutError()), Math.max(0, deadlineMs - performance.now()));

    function end(error: Error): void {
      clearTimeout(timer);
      reject(error);
      controller?.abort(error);
    }

    client.dispatch(
      {
        method: form === undefined ? 'GET' : 'POST',
        path,
        body: form ?? null,
        headers: {
          accept: 'application/json, application/health+json;q=0.9, */*;q=0.1',
          'user-agent': 'portal-health',
          ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
          ...(authorization !== undefined && { authorization }),
        },
      },
      {
        onRequestStart(started) {
          controller = started;
        },
        onResponseStart({ rawHeaders }, statusCode, headers) {
          status = statusCode;
          // An array from the end of the response before, so by now it is among what lives long: whatever it held when V8 collects
          // would be kept with it, a kilobyte a poll. `headers` is a copy.
          if (Array.isArray(rawHeaders)) rawHeaders.length = 0;
          const encoding = headers['content-encoding'];
          if (encoding !== undefined && encoding !== 'identity') end(new EncodedBodyError());
        },
        onResponseData(_, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd() {
          clearTimeout(timer);
          // Nearly every body is one chunk, of which no copy is needed.
          const [first] = chunks;
          const body = chunks.length > 1 ? Buffer.concat(chunks) : first;
          resolve({ status, body: body?.toString('utf8') ?? '' });
        },
        onResponseError(_, error) {
          end(error);
        },
      },
    );
  });
}
