/** The API of one Alertmanager. No error of it says where it is. */
import { readFileSync } from 'node:fs';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';

export interface AlertmanagerClient {
  /**
   * Each rejects with the code of the connection, or with `HTTP_500`.
   *
   * @param path - below `/api/v2/`
   */
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<void>;
  delete(path: string): Promise<void>;
  /** Gives up what is under way. */
  close(): void;
}

/** By its place in the setting, since a URL may have a password in it. */
export function alertmanagerName(index: number): string {
  return `alertmanager ${index + 1}`;
}

export interface AlertmanagerClientOptions {
  readonly url: string;
  /** Read again for each request. */
  readonly tokenFile: string | undefined;
  /** Milliseconds for one request, with its answer: a later one is none. Default 10,000. */
  readonly timeoutMs?: number;
}

export const TIMEOUT_MS = 10_000;

export function createAlertmanagerClient({
  url,
  tokenFile,
  timeoutMs = TIMEOUT_MS,
}: AlertmanagerClientOptions): AlertmanagerClient {
  const isSecure = url.startsWith('https:');
  const underWay = new Set<() => void>();

  function request(method: string, path: string, body?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const token = tokenFile === undefined ? undefined : readFileSync(tokenFile, 'utf8').trim();
      const connection = createConnection(isSecure);
      const beganAt = Date.now();
      // Timers may be late by as much as this process stood still.
      const isLate = (): boolean => Math.abs(Date.now() - beganAt) > timeoutMs;
      const sent: ClientRequest = (isSecure ? httpsRequest : httpRequest)(`${url}/api/v2/${path}`, {
        method,
        createConnection: connection.open,
        headers: {
          'Content-Type': 'application/json',
          ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        },
      });
      const giveUp = (): void => {
        reject(new GivenUpError());
        connection.reset();
        sent.destroy();
      };
      underWay.add(giveUp);
      const timer = setTimeout(giveUp, timeoutMs);
      const settle = (): void => {
        clearTimeout(timer);
        underWay.delete(giveUp);
      };
      sent.on('close', settle);
      sent.on('error', reject);
      sent.on('response', (response: IncomingMessage) => {
        const { statusCode = 0 } = response;
        // A redirect is followed no more than any other refusal.
        if (statusCode < 200 || statusCode > 299) reject(new RefusedError(statusCode));
        text(response)
          .then((said) => {
            if (isLate()) throw new GivenUpError();
            resolve(said);
          })
          .catch(reject)
          .finally(settle);
      });
      sent.on('socket', (socket) => {
        // What was to be said before this process stood still may be over.
        socket.once(isSecure ? 'secureConnect' : 'connect', () => {
          if (isLate()) giveUp();
          else sent.end(body);
        });
      });
    });
  }

  return {
    get: async (path) => JSON.parse(await request('GET', path)) as unknown,
    async post(path, body) {
      await request('POST', path, JSON.stringify(body));
    },
    async delete(path) {
      await request('DELETE', path);
    },
    close() {
      for (const giveUp of underWay) giveUp();
    },
  };
}

/**
 * One that is ended by a reset, so that the kernel forgets what it has not sent yet: a report that was given up while the
 * network was cut would arrive once it is whole again, and fire anew what is over by then.
 */
function createConnection(isSecure: boolean) {
  let socket: Socket | undefined;
  return {
    open: (options: object): Socket => {
      const place = options as TcpNetConnectOpts;
      const { host = '' } = place;
      const plain = connectTcp(place);
      socket = plain;
      if (!isSecure) return plain;
      const secure = connectTls({ socket: plain, host, ...(isIP(host) === 0 ? { servername: host } : {}) });
      plain.on('error', (error) => secure.destroy(error));
      secure.on('close', () => plain.destroy());
      return secure;
    },
    reset() {
      // One that is being closed already cannot be reset, and would stay.
      if (socket && !socket.destroyed && !socket.writableEnded) socket.resetAndDestroy();
    },
  };
}

class GivenUpError extends Error {
  readonly code = 'ETIMEDOUT';
}

class RefusedError extends Error {
  readonly code: string;

  constructor(status: number) {
    super(`Refused with ${status}.`);
    this.code = `HTTP_${status}`;
  }
}
