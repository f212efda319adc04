/**
 * The HTTP API of a Prometheus, or of what speaks like one. The address is the operator's own, so its loopback is meant.
 */
import { asObject } from 'portal-shared/json';
import { buildConnector, Client } from 'undici';
import { hostOf } from '../file/fleet-file.js';
import { parseJson } from '../formats/fields.js';
import { isLoopback } from '../networks.js';
import { createCredentials } from '../polling/credentials.js';
import { exchange } from '../polling/exchange.js';
import { createResolver } from '../polling/resolve.js';

/** Where it is, and how it is asked. */
export interface PrometheusAddress {
  /** With a path before `/api/v1`, if any. */
  readonly url: string;
  /** A file with a bearer token. */
  readonly tokenFile: string | null;
}

/** One row of an instant vector. */
export interface Row {
  readonly labels: Readonly<Record<string, unknown>>;
  readonly value: number;
}

export interface PrometheusSession {
  /** @throws PrometheusError, or an error of the connection */
  query(promql: string): Promise<readonly Row[]>;
  close(): void;
}

export interface PrometheusApi {
  /**
   * Connects for several questions about one moment.
   *
   * @param deadlineMs - of all of them, by `performance.now()`
   * @throws an error of the look-up of its name
   */
  open(atMs: number, deadlineMs: number): Promise<PrometheusSession>;
}

/** An answer that cannot be used. The message is for the log, and quotes nothing. */
export class PrometheusError extends Error {}

/** Ten thousand instances that are all unwell, each with several codes. */
const LONGEST_BODY = 32 * 1024 * 1024;

export function createPrometheusApi({ url: written, tokenFile }: PrometheusAddress): PrometheusApi {
  const url = new URL(written);
  const host = hostOf(url);
  const allowsLoopback = host === 'localhost' || isLoopback(host);
  const path = `${url.pathname.replace(/\/$/, '')}/api/v1/query`;
  const credentials = tokenFile === null ? undefined : createCredentials(tokenFile);
  const resolver = createResolver();

  return {
    async open(atMs, deadlineMs) {
      const address = await resolver.resolve(host, allowsLoopback);
      const connect = buildConnector({ timeout: Math.max(1, deadlineMs - performance.now()) });
      const client = new Client(url.origin, {
        connect: (options, callback) => connect({ ...options, hostname: address }, callback),
        maxResponseSize: LONGEST_BODY,
      });
      return {
        async query(promql) {
          const form = new URLSearchParams({
            query: promql,
            time: (atMs / 1_000).toFixed(3),
            // VictoriaMetrics: nothing of the last half minute is left out. Thanos: a part is no answer.
            nocache: '1',
            partial_response: 'false',
          });
          const { status, body } = await exchange(client, {
            path,
            form: form.toString(),
            authorization: credentials?.header() ?? undefined,
            deadlineMs,
          });
          if (status === 401) credentials?.refresh();
          if (status !== 200) throw new PrometheusError(`the Prometheus answered with ${status}`);
          return readVector(body);
        },
        close() {
          client.destroy().catch(() => undefined);
        },
      };
    },
  };
}

/** @throws PrometheusError */
export function readVector(body: string): readonly Row[] {
  const document = asObject(parseJson(body));
  const data = asObject(document?.['data']);
  const result = data?.['result'];
  if (document?.['status'] !== 'success' || data?.['resultType'] !== 'vector' || !Array.isArray(result)) {
    throw new PrometheusError('the answer of the Prometheus is no vector');
  }
  const warnings = document['warnings'];
  if (document['isPartial'] === true || (Array.isArray(warnings) && warnings.length > 0)) {
    throw new PrometheusError('the Prometheus says that its answer is not the whole one');
  }
  return (result as readonly unknown[]).map((entry) => {
    const row = asObject(entry);
    const labels = asObject(row?.['metric']);
    const value = row?.['value'];
    if (!labels || !Array.isArray(value)) throw new PrometheusError('a row of the Prometheus is none');
    return { labels, value: Number(value[1]) };
  });
}
