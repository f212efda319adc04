/**
 * A list from a URL, as Prometheus' `http_sd` has it: 200, JSON, the whole list. The URL is the operator's own, so its
 * loopback is meant; what a name leads to is checked all the same.
 */
import { buildConnector, Client } from 'undici';
import type { Discover } from '../file/discover.js';
import { hostOf } from '../file/fleet-file.js';
import { createCredentials } from '../polling/credentials.js';
import { exchange } from '../polling/exchange.js';
import { createResolver } from '../polling/resolve.js';
import { isLoopback } from '../networks.js';
import { DiscoveryError, readTargetList } from './target-list.js';

const TIMEOUT_MS = 10_000;
/** 10,000 targets of the longest names. */
const LONGEST_BODY = 16 * 1024 * 1024;

export interface HttpList {
  /** @throws DiscoveryError or an error of the connection */
  look(): Promise<readonly string[]>;
  close(): void;
}

export function createHttpList({
  url: written,
  credentialsFile,
}: Extract<Discover, { kind: 'http_sd' }>): HttpList {
  const url = new URL(written);
  const host = hostOf(url);
  const allowsLoopback = host === 'localhost' || isLoopback(host);
  const credentials = credentialsFile === null ? undefined : createCredentials(credentialsFile);
  const resolver = createResolver();
  const connect = buildConnector({ timeout: TIMEOUT_MS });
  let underWay: Client | undefined;

  return {
    async look() {
      const address = await resolver.resolve(host, allowsLoopback);
      const client = new Client(url.origin, {
        connect: (options, callback) => connect({ ...options, hostname: address }, callback),
        maxResponseSize: LONGEST_BODY,
      });
      underWay = client;
      try {
        const { status, body } = await exchange(client, {
          path: `${url.pathname}${url.search}`,
          authorization: credentials?.header() ?? undefined,
          deadlineMs: performance.now() + TIMEOUT_MS,
        });
        if (status === 401) credentials?.refresh();
        if (status !== 200) throw new DiscoveryError(`the list was answered with ${status}`);
        return readTargetList(body);
      } finally {
        underWay = undefined;
        await client.destroy();
      }
    },
    close() {
      underWay?.destroy().catch(() => undefined);
    },
  };
}
