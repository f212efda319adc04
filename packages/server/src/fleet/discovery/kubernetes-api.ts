/**
 * What is asked of the API of Kubernetes: a list in pages, and a watch. With the token and the authority that every pod is
 * given, both read again as they rotate.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { asObject } from 'portal-shared/json';
import { buildConnector, Client, type Dispatcher } from 'undici';
import { parseJson } from '../formats/fields.js';
import { createCredentials } from '../polling/credentials.js';
import { exchange } from '../polling/exchange.js';
import { createResolver } from '../polling/resolve.js';
import { DiscoveryError } from './target-list.js';

export interface Cluster {
  readonly host: string;
  readonly port: number;
  /** Where a pod finds `token` and `ca.crt`. */
  readonly folder: string;
}

/** Of the pod that this is. */
export const OWN_CLUSTER: Cluster = {
  host: 'kubernetes.default.svc',
  port: 443,
  folder: '/var/run/secrets/kubernetes.io/serviceaccount',
};

export interface KubernetesApi {
  /**
   * @param path - with its query
   * @throws GoneError, DiscoveryError, or an error of the connection
   */
  list(path: string): Promise<{ readonly items: readonly unknown[]; readonly version: string }>;
  /**
   * Resolves once the server has ended the watch in good order.
   *
   * @throws GoneError, DiscoveryError, or an error of the connection
   */
  watch(path: string, options: WatchOptions): Promise<void>;
  close(): void;
}

export interface WatchOptions {
  /** Of the last thing known. */
  readonly version: string;
  readonly seconds: number;
  readonly onEvent: (type: string, object: unknown) => void;
}

/** The version is too old to go on from: what is known must be listed anew. */
export class GoneError extends Error {}

const TIMEOUT_MS = 10_000;
const PAGE = 500;
const MOST_PAGES = 100;
/** Of one page, and of one watch. */
const LONGEST_BODY = 16 * 1024 * 1024;
const GONE = 410;

export function createKubernetesApi({ host, port, folder }: Cluster): KubernetesApi {
  const resolver = createResolver();
  const credentials = createCredentials(join(folder, 'token'));
  let underWay: Client | undefined;

  /** A connection of its own each time, so that an authority that has changed is the one that is believed. */
  async function withClient<Result>(work: (client: Client) => Promise<Result>): Promise<Result> {
    const secureContext = createSecureContext({ ca: readFileSync(join(folder, 'ca.crt')) });
    // The cluster is the operator's own.
    const address = await resolver.resolve(host, true);
    const connect = buildConnector({ timeout: TIMEOUT_MS, secureContext });
    const client = new Client(`https://${host}:${port}`, {
      connect: (options, callback) => connect({ ...options, hostname: address }, callback),
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: 0,
      maxResponseSize: LONGEST_BODY,
    });
    underWay = client;
    try {
      return await work(client);
    } finally {
      underWay = undefined;
      await client.destroy();
    }
  }

  /** @throws GoneError, DiscoveryError */
  function checkStatus(status: number): void {
    if (status === 200) return;
    if (status === 401) credentials.refresh();
    if (status === GONE) throw new GoneError();
    throw new DiscoveryError(`Kubernetes answered with ${status}`);
  }

  async function listPage(client: Client, path: string): Promise<Readonly<Record<string, unknown>>> {
    const { status, body } = await exchange(client, {
      path,
      authorization: credentials.header() ?? undefined,
      deadlineMs: performance.now() + TIMEOUT_MS,
    });
    checkStatus(status);
    const page = asObject(parseJson(body));
    if (!page || !Array.isArray(page['items'])) throw new DiscoveryError('Kubernetes answered with no list');
    return page;
  }

  return {
    list: (path) =>
      withClient(async (client) => {
        const items: unknown[] = [];
        let next = '';
        for (let pages = 0; pages < MOST_PAGES; pages += 1) {
          const page = await listPage(client, `${path}&limit=${PAGE}${next}`);
          items.push(...(page['items'] as readonly unknown[]));
          const metadata = asObject(page['metadata']);
          const { continue: token, resourceVersion: version } = metadata ?? {};
          if (typeof version !== 'string') throw new DiscoveryError('a list of Kubernetes has no version');
          if (typeof token !== 'string' || token === '') return { items, version };
          next = `&continue=${encodeURIComponent(token)}`;
        }
        throw new DiscoveryError('a list of Kubernetes has too many pages', 'FLEET_DISCOVERY_SHORT');
      }),
    watch: (path, { version, seconds, onEvent }) =>
      withClient((client) =>
        readLines(client, {
          path: `${path}&watch=1&allowWatchBookmarks=true&timeoutSeconds=${seconds}&resourceVersion=${encodeURIComponent(version)}`,
          authorization: credentials.header(),
          // A connection that died without a word ends here.
          timeoutMs: seconds * 1_000 + TIMEOUT_MS,
          onStatus: checkStatus,
          onLine(line) {
            const { type, object } = asObject(parseJson(line)) ?? {};
            if (typeof type !== 'string') throw new DiscoveryError('an event of Kubernetes is none');
            if (type !== 'ERROR') return onEvent(type, object);
            if (asObject(object)?.['code'] === GONE) throw new GoneError();
            throw new DiscoveryError('Kubernetes ended the watch with an error');
          },
        }),
      ),
    close() {
      underWay?.destroy().catch(() => undefined);
    },
  };
}

interface Lines {
  readonly path: string;
  readonly authorization: string | null;
  readonly timeoutMs: number;
  /** Both may throw, which ends it. */
  readonly onStatus: (status: number) => void;
  readonly onLine: (line: string) => void;
}

function readLines(
  client: Client,
  { path, authorization, timeoutMs, onStatus, onLine }: Lines,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    let controller: Dispatcher.DispatchController | undefined;
    let rest = '';
    const timer = setTimeout(() => end(new DiscoveryError('the watch of Kubernetes was silent')), timeoutMs);

    function end(error: Error): void {
      clearTimeout(timer);
      reject(error);
      controller?.abort(error);
    }

    function attempt(work: () => void): void {
      try {
        work();
      } catch (error) {
        end(error instanceof Error ? error : new Error(String(error)));
      }
    }

    client.dispatch(
      {
        method: 'GET',
        path,
        headers: { accept: 'application/json', ...(authorization !== null && { authorization }) },
      },
      {
        onRequestStart(started) {
          controller = started;
        },
        onResponseStart: (_, status) => attempt(() => onStatus(status)),
        onResponseData: (_, chunk) =>
          attempt(() => {
            const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
            rest = lines.pop() ?? '';
            for (const line of lines) if (line.trim() !== '') onLine(line);
          }),
        onResponseEnd() {
          clearTimeout(timer);
          resolve();
        },
        onResponseError: (_, error) => end(error),
      },
    );
  });
}
