/**
 * Asks one instance, over a connection that is kept.
 */
import { withTimeout } from 'portal-shared/with-timeout';
import { hostOf, type Polling } from '../file/fleet-file.js';
import { readResponse, type InstanceResponse } from '../formats/format.js';
import { reasonsIn, type InstanceReason } from '../formats/reasons.js';
import type { InstanceProblem } from '../fleet-problems.js';
import type { NetworkSet } from '../networks.js';
import type { Observation, Reading } from '../observation.js';
import type { KnownStatement, PinnedKeys, Signed } from '../source/pinned-keys.js';
import type { Certificates } from './certificates.js';
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
  readonly certificates: Certificates | undefined;
  /** Whose signed statements are believed; `undefined`: none is asked for. */
  readonly pinned: PinnedKeys | undefined;
}

/** @param origin - `http://host:port`, as discovered */
export function createInstanceClient(
  origin: string,
  { polling, networks, credentials, certificates, pinned }: ServicePolling,
  resolver: Resolver,
): InstanceClient {
  const { path, timeoutMs, format, tokenHosts, tls } = polling;
  const url = new URL(origin);
  const host = hostOf(url);
  const connection = createInstanceConnection(url, polling, certificates, resolver);
  let shown: Shown | undefined;

  async function ask(deadlineMs: number): Promise<Observation> {
    const kept = connection.kept();
    const { client, address } =
      kept ?? (await withTimeout(connection.open(), Math.max(1, deadlineMs - performance.now())));
    const authorization = credentials?.header() ?? undefined;
    const isTokenWithheld = authorization !== undefined && !maySend(address);
    let response: InstanceResponse;
    try {
      response = await exchange(client, {
        path,
        authorization: isTokenWithheld ? undefined : authorization,
        deadlineMs,
      });
    } catch (error) {
      // The instance closed a kept connection at the moment of the request: that says nothing about it.
      if (!kept || !isConnectionLost(error)) throw error;
      connection.disconnect();
      return ask(deadlineMs);
    }
    if (response.status === 401) credentials?.refresh();
    const reading = readResponse(response, format, Date.now());
    if (typeof reading === 'string') {
      return { kind: 'failed', code: isTokenWithheld ? withheldOr(reading) : reading };
    }
    const isAsked = pinned !== undefined && reading.sourceHash !== null;
    return {
      kind: 'answered',
      reading: isAsked ? await withStatement(reading, pinned, deadlineMs) : reading,
      isTokenWithheld,
    };
  }

  /** An instance has the statement that it read at its start, so it is asked once for each. */
  async function withStatement(reading: Reading, keys: PinnedKeys, deadlineMs: number): Promise<Reading> {
    const { sourceHash, startedAtMs } = reading;
    const of = `${sourceHash} ${startedAtMs}`;
    if (shown?.of !== of || shown.statement === 'unheard') {
      const isFirst = shown?.of !== of;
      const statement = await askStatement(keys, deadlineMs);
      shown = { of, statement, isDue: isFirst };
    }
    return { ...reading, signed: signedIn(shown) };
  }

  /** First where the library has it, then where portal-server does. */
  async function askStatement(keys: PinnedKeys, deadlineMs: number): Promise<Shown['statement']> {
    for (const place of [belowPath(path, 'statement'), SERVICE_STATEMENT]) {
      const response = await askKnown(place, deadlineMs);
      if (response === undefined || response.status >= 500) return 'unheard';
      if (response.status === 200) return keys.statement(response.body);
    }
    return null;
  }

  /** What is told only to those who show who they are. @returns `undefined` where nothing was heard */
  async function askKnown(place: string, deadlineMs: number): Promise<InstanceResponse | undefined> {
    const kept = connection.kept();
    const authorization = credentials?.header() ?? undefined;
    const isKnownThere = authorization !== undefined || (tls?.certFile ?? null) !== null;
    if (!kept || format !== 'portal') return undefined;
    if (!isKnownThere || (authorization !== undefined && !maySend(kept.address))) return NOT_TOLD;
    return exchange(kept.client, { path: place, authorization, deadlineMs }).catch(() => undefined);
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
      const response = await askKnown(belowPath(path, 'reasons'), deadlineMs);
      return response?.status === 200 ? reasonsIn(response.body, Date.now()) : [];
    },
    close: () => connection.disconnect(),
  };
}

/** What an instance has shown of its statement. */
interface Shown {
  /** Its hash and its start. */
  readonly of: string;
  /** `null`: it shows none; `unheard`: it did not say. */
  readonly statement: KnownStatement | 'unheard' | null;
  /** The first time that it did not say may have been chance. */
  readonly isDue: boolean;
}

function signedIn({ statement, isDue }: Shown): Signed {
  if (statement === 'unheard') return { kind: isDue ? 'pending' : 'none' };
  return statement?.signed() ?? { kind: 'none' };
}

/** Whoever may not ask is told of nothing. */
const NOT_TOLD: InstanceResponse = { status: 404, body: '' };
const SERVICE_STATEMENT = '/v1/admin/integrity/statement';

/** Below the path of the report, as the library has it. */
function belowPath(path: string, name: string): string {
  return path.replace(/\/?(\?.*)?$/, `/${name}`);
}

/** Without its token an instance says no, which is not its fault. */
function withheldOr(code: InstanceProblem): InstanceProblem {
  return code === 'INSTANCE_UNAUTHORIZED' ? 'INSTANCE_TOKEN_WITHHELD' : code;
}
