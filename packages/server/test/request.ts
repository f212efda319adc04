/**
 * One request, sent just as it is written: `fetch` would tidy up the path, refuse some methods, and keep some headers
 * for itself.
 */
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { assertAnswer } from './answers.js';

/** What is asked besides the path. */
export interface TestRequest {
  readonly method?: string;
  /** The `Cookie` header. */
  readonly cookie?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: string;
  /** Sent as whatever the headers say. */
  readonly rawBody?: string;
  /** The address of this machine to ask from. */
  readonly from?: string;
  /** After which the question is given up; default 10 s. */
  readonly timeoutMs?: number;
}

/** What was answered. */
export interface TestResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Status line, headers and body as they came, but for what is another each time: date and correlation id. */
  readonly bytes: string;
  /** The body as JSON; an empty object when it is none. */
  readonly json: Record<string, unknown>;
  /** From the first byte sent to the last received. */
  readonly ms: number;
}

/** Asks on a connection of its own; the answer must be one that its endpoint is described to give. */
export function sendRequest(base: string, path: string, question: TestRequest = {}): Promise<TestResponse> {
  const { method = 'GET', cookie, headers = {}, body, rawBody, from, timeoutMs = 10_000 } = question;
  const { hostname, port } = new URL(base);
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        hostname,
        port,
        path,
        method,
        agent: false,
        ...(from === undefined ? {} : { localAddress: from }),
        headers: {
          ...headers,
          ...(cookie === undefined ? {} : { Cookie: cookie }),
          ...(body === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
        },
        signal: AbortSignal.timeout(timeoutMs),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          try {
            resolve(replyOf(incoming, text, { method, path, ms: performance.now() - startedMs }));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body ?? rawBody);
  });
}

function replyOf(
  incoming: IncomingMessage,
  body: string,
  { method, path, ms }: { readonly method: string; readonly path: string; readonly ms: number },
): TestResponse {
  const { statusCode: status = 0, headers } = incoming;
  assertAnswer({ method, path, status, headers, body });
  return { status, bytes: comparable(incoming, body), headers, body, json: parse(body), ms };
}

function comparable(
  { statusCode, statusMessage, rawHeaders, headers }: IncomingMessage,
  text: string,
): string {
  const bytes = [statusCode, statusMessage, ...rawHeaders, text].join('\n');
  return bytes
    .replaceAll(headers['date'] ?? '\0', 'DATE')
    .replaceAll(String(headers['x-correlation-id']), 'ID');
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
