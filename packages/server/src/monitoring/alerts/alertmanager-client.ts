/** The API of one Alertmanager. No error of it says where it is. */
import { readFileSync } from 'node:fs';

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

export interface AlertmanagerClientOptions {
  readonly url: string;
  /** Read again for each request. */
  readonly tokenFile: string | undefined;
}

const TIMEOUT_MS = 10_000;

export function createAlertmanagerClient({ url, tokenFile }: AlertmanagerClientOptions): AlertmanagerClient {
  const closed = new AbortController();

  async function request(method: string, path: string, body?: string): Promise<Response> {
    const token = tokenFile === undefined ? undefined : readFileSync(tokenFile, 'utf8').trim();
    const response = await fetch(`${url}/api/v2/${path}`, {
      method,
      redirect: 'error',
      signal: AbortSignal.any([closed.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      headers: {
        'Content-Type': 'application/json',
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body }),
    }).catch((error: unknown) => {
      // What fetch says of a connection stands in its cause.
      throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
    });
    if (response.ok) return response;
    await response.body?.cancel();
    throw new RefusedError(response.status);
  }

  async function done(answer: Promise<Response>): Promise<void> {
    const response = await answer;
    await response.body?.cancel();
  }

  return {
    get: async (path) => (await request('GET', path)).json(),
    post: (path, body) => done(request('POST', path, JSON.stringify(body))),
    delete: (path) => done(request('DELETE', path)),
    close: () => closed.abort(),
  };
}

class RefusedError extends Error {
  readonly code: string;

  constructor(status: number) {
    super(`Refused with ${status}.`);
    this.code = `HTTP_${status}`;
  }
}
