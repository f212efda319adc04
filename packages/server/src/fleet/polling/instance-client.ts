/**
 * Asks one instance, over a connection that is kept.
 */
import type { SecureContext } from 'node:tls';
import { withTimeout } from 'portal-shared/with-timeout';
import { hostOf, type Polling } from '../file/fleet-file.js';
import { readResponse } from '../formats/format.js';
import { reasonsIn, type InstanceReason } from '../formats/reasons.js';
import type { InstanceProblem } from '../fleet-problems.js';
import type { NetworkSet } from '../networks.js';
import type { Observation } from '../observation.js';
import type { Credentials } from './credentials.js';
import { exchange } from './exchange.js';
import { createInstanceConnection } from './instance-connection.js';
import { isConnectionLost, isOwnTrouble, problemOf } from './poll-error.js';
import type { Resolver } from './resolve.js';

export interface InstanceClient {
  /** Resolves with an observation in every case, within the timeout of the service and one turn of the event loop. */
  poll(): Promise<Observation>;
  /**
   * Asks why it is unwell, over the connection of the poll before.
   *
   * @param deadlineMs - by `performance.now()`
   * @returns none also where it did not say
   */
  reasons(deadlineMs: number): Promise<readonly InstanceReason[]>;
  close(): void;
}

/** What the instances of a service have in common. */
export interface ServicePolling {
  readonly polling: Polling;
  readonly networks: NetworkSet;
  readonly credentials: Credentials | undefined;
  readonly secureContext: SecureContext | undefined;
}

/** @param origin - `http://host:port`, as discovered */
export function createInstanceClient(
  origin: string,
  { polling, networks, credentials, secureContext }: ServicePolling,
  resolver: Resolver,
): InstanceClient {
  const { path, timeoutMs, format, tokenHosts, tls } = polling;
  const url = new URL(origin);
  const host = hostOf(url);
  const connection = createInstanceConnection(url, polling, secureContext, resolver);

  async function ask(deadlineMs: number): Promise<Observation> {
    const kept = connection.kept();
    const { client, address } =
      kept ?? (await withTimeout(connection.open(), Math.max(1, deadlineMs - performance.now())));
    const authorization = credentials?.header() ?? undefined;
    const isTokenWithheld = authorization !== undefined && !maySend(address);
    const response = await exchange(client, {
      path,
      authorization: isTokenWithheld ? undefined : authorization,
      deadlineMs,
    }).catch((error: unknown) => {
      // The instance closed a kept connection at the moment of the request: that says nothing about it.
      if (kept && isConnectionLost(error)) return undefined;
      throw error;
    });
    if (!response) {
      connection.disconnect();
      return ask(deadlineMs);
    }
    if (response.status === 401) credentials?.refresh();
    const reading = readResponse(response, format, Date.now());
    return typeof reading === 'string'
      ? { kind: 'failed', code: isTokenWithheld ? withheldOr(reading) : reading }
      : { kind: 'answered', reading, isTokenWithheld };
  }

  function maySend(address: string): boolean {
    return networks.has(address) || tokenHosts.includes(host);
  }

  return {
    async poll() {
      try {
        return await ask(performance.now() + timeoutMs);
      } catch (error) {
        connection.disconnect();
        return isOwnTrouble(error) ? { kind: 'void' } : { kind: 'failed', code: problemOf(error) };
      }
    },
    async reasons(deadlineMs) {
      const kept = connection.kept();
      const authorization = credentials?.header() ?? undefined;
      // Nobody else is told.
      const isKnownThere = authorization !== undefined || (tls?.certFile ?? null) !== null;
      if (!kept || format !== 'portal' || !isKnownThere) return [];
      if (authorization !== undefined && !maySend(kept.address)) return [];
      const question = { path: reasonsPathOf(path), authorization, deadlineMs };
      const response = await exchange(kept.client, question).catch(() => undefined);
      return response?.status === 200 ? reasonsIn(response.body, Date.now()) : [];
    },
    close: () => connection.disconnect(),
  };
}

/** Below the path of the report, as the library has it. */
function reasonsPathOf(path: string): string {
  return path.replace(/\/?(\?.*)?$/, '/reasons');
}

/** Without its token an instance says no, which is not its fault. */
function withheldOr(code: InstanceProblem): InstanceProblem {
  return code === 'INSTANCE_UNAUTHORIZED' ? 'INSTANCE_TOKEN_WITHHELD' : code;
}
