/**
 * The load of a benchmark: a fixed number of keep-alive connections, each of which sends the next request as soon as it
 * has the response. autocannon rounds latencies to whole milliseconds, and a p99 here is one or two.
 */
import { createConnection, type Socket } from 'node:net';
import { createHistogram } from 'node:perf_hooks';

/** What a run of load saw. Latencies in milliseconds. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
}

export interface LoadOptions {
  readonly port: number;
  readonly path: string;
  /** Complete lines, such as `Cookie: psession=…`. */
  readonly headers?: readonly string[];
  readonly connections: number;
  readonly durationMs: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');
/** The end of a chunked body; no body here has these bytes in it. */
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

/** Loads the server at `port` of this machine for `durationMs`; a response other than 200 counts as failed. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const histogram = createHistogram();
  const request = [
    `GET ${options.path} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...(options.headers ?? []),
    '',
    '',
  ].join('\r\n');
  const startedMs = performance.now();
  const endMs = startedMs + options.durationMs;
  let requests = 0;
  let failed = 0;

  function worker(socket: Socket): Promise<void> {
    return new Promise((resolve) => {
      let sentAt = 0n;
      let pending = Buffer.alloc(0);
      function send(): void {
        if (performance.now() >= endMs) {
          socket.destroy();
          return;
        }
        sentAt = process.hrtime.bigint();
        socket.write(request);
      }
      socket.on('data', (chunk) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        const length = responseLength(pending);
        if (length === undefined || pending.length < length) return;
        histogram.record(process.hrtime.bigint() - sentAt);
        requests += 1;
        if (pending.toString('latin1', 9, 12) !== '200') failed += 1;
        pending = pending.subarray(length);
        send();
      });
      socket.on('error', () => (failed += 1));
      socket.on('close', () => resolve());
      socket.on('connect', send);
    });
  }

  await Promise.all(
    Array.from({ length: options.connections }, () => worker(createConnection(options.port, '127.0.0.1'))),
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  return {
    requestsPerSecond: requests / seconds,
    requests,
    p50: histogram.percentile(50) / 1e6,
    p99: histogram.percentile(99) / 1e6,
    failed,
  };
}

/** Length of the first response in `bytes`, head and body; `undefined` until it is complete. */
function responseLength(bytes: Buffer): number | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const match = /content-length: *(\d+)/i.exec(head);
  if (match) return headEnd + HEAD_END.length + Number(match[1]);
  if (!/transfer-encoding: *chunked/i.test(head)) throw new Error(`This response has no length: ${head}`);
  const lastChunk = bytes.indexOf(LAST_CHUNK, headEnd);
  return lastChunk === -1 ? undefined : lastChunk + LAST_CHUNK.length;
}
