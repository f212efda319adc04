/** One request and its answer over a real connection, with the path exactly as written, which `fetch` would tidy up. */
import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';

export interface AdapterResponse {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type SendRequest = (
  port: number,
  path: string,
  method?: string,
  headers?: OutgoingHttpHeaders,
  body?: string,
) => Promise<AdapterResponse>;

/** A request that nobody answers fails, rather than the test never ending. */
const UNANSWERED_MS = 30_000;

export const requestHttp1: SendRequest = async (port, path, method = 'GET', headers = {}, sent = '') => {
  const signal = AbortSignal.timeout(UNANSWERED_MS);
  const req = request({ port, host: '127.0.0.1', path, method, headers, agent: false, signal });
  if (sent !== '') req.setHeader('content-length', Buffer.byteLength(sent));
  req.end(sent);
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  const gzipped = res.headers['content-encoding'] === 'gzip' && method !== 'HEAD';
  return {
    status: res.statusCode,
    headers: res.headers,
    body: await text(gzipped ? res.pipe(createGunzip()) : res),
  };
};

export const requestHttp2: SendRequest = async (port, path, method = 'GET', headers = {}, sent = '') => {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request(
      { ':path': path, ':method': method, ...headers },
      { endStream: sent === '' },
    );
    if (sent !== '') stream.end(sent);
    const [received] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
    const { ':status': status, ...fields } = received;
    return { status, headers: fields, body: await text(stream) };
  } catch (error) {
    // What HTTP/2 cannot say, such as a whole URL for a path, ends the stream: its way of saying 400.
    if (String(error).includes('PROTOCOL_ERROR')) return { status: 400, headers: {}, body: '' };
    throw error;
  } finally {
    session.close();
  }
};
