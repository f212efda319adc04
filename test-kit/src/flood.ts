/**
 * Many requests at once over few connections, one after the other on each, as cheap for the machine as can be: what is
 * counted is what they cost the service.
 */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Flood {
  readonly method: string;
  readonly path: string;
  /** How many requests in all. */
  readonly requests: number;
  readonly connections: number;
  /** The local address to send from. */
  readonly from: string;
  /** Another one for each request. */
  readonly cookie: () => string;
  /** In place of the cookie. */
  readonly bearer?: () => string;
  readonly body?: () => string;
  /** Asked before each request; absent: until all are sent. */
  readonly goesOn?: () => boolean;
  /** After which it is given up; default 60 s. */
  readonly timeoutMs?: number;
}

/** How often each status was answered. A connection that the service ends is made anew, a little later. */
export async function flood(url: string, what: Flood): Promise<ReadonlyMap<number, number>> {
  const answers = new Map<number, number>();
  const untilMs = performance.now() + (what.timeoutMs ?? 60_000);
  let left = what.requests;
  const isOver = (): boolean => left === 0 || what.goesOn?.() === false;

  async function runConnection(): Promise<void> {
    while (!isOver() && performance.now() < untilMs) {
      await conversation(url, what, untilMs, () => {
        if (isOver()) return undefined;
        left -= 1;
        return (status) => answers.set(status, (answers.get(status) ?? 0) + 1);
      });
      await sleep(10);
    }
  }
  await Promise.all(Array.from({ length: what.connections }, runConnection));
  return answers;
}

type Answered = (status: number) => void;

/** Asks for as long as there is something `next` and the service keeps the connection; never rejects. */
function conversation(
  url: string,
  what: Flood,
  untilMs: number,
  next: () => Answered | undefined,
): Promise<void> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), localAddress: what.from });
    const timer = setTimeout(() => socket.destroy(), Math.max(0, untilMs - performance.now()));
    let text = '';
    let answered: Answered | undefined;

    function askNext(): void {
      answered = next();
      if (answered) socket.write(requestOf(what, hostname));
      else socket.destroy();
    }
    socket.setEncoding('latin1');
    socket.on('connect', askNext);
    socket.on('data', (piece: string) => {
      text += piece;
      const length = lengthOf(text, what.method);
      if (length === undefined || text.length < length) return;
      const status = Number(text.slice(9, 12));
      text = text.slice(length);
      answered?.(status);
      askNext();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function requestOf({ method, path, cookie, bearer, body }: Flood, host: string): string {
  const content = body?.();
  return [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Accept-Encoding: br',
    bearer ? `Authorization: Bearer ${bearer()}` : `Cookie: ${cookie()}`,
    ...(content === undefined ? [] : ['Content-Type: application/json']),
    `Content-Length: ${Buffer.byteLength(content ?? '')}`,
    '',
    content ?? '',
  ].join('\r\n');
}

/** How long the answer at the beginning of `text` is; `undefined` while that is not known. */
function lengthOf(text: string, method: string): number | undefined {
  const headerEnd = text.indexOf('\r\n\r\n');
  if (headerEnd === -1) return undefined;
  const header = text.slice(0, headerEnd);
  const begin = headerEnd + 4;
  if (method === 'HEAD' || /^HTTP\/1\.1 (?:204|304)/.test(header)) return begin;
  if (/^transfer-encoding: chunked/im.test(header)) {
    const end = text.indexOf('\r\n0\r\n\r\n', headerEnd);
    return end === -1 ? undefined : end + 7;
  }
  return begin + Number(/^content-length: (\d+)/im.exec(header)?.[1] ?? 0);
}
