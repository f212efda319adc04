/**
 * In place of the API server of Kubernetes: real HTTPS, with answers in the form of its reference (`discovery.k8s.io/v1`,
 * "API concepts": lists in pages, watches, bookmarks). **Not recorded from a cluster here.**
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from 'portal-test-kit';
import type { Cluster } from '../../../src/fleet/discovery/kubernetes-api.js';

export interface ApiServer {
  readonly cluster: Cluster;
  /** Lists and watches so far: path with query, and token. */
  readonly asked: readonly {
    readonly query: URLSearchParams;
    readonly path: string;
    readonly token: string;
  }[];
  /** Answers lists; `status` other than 200 refuses them. */
  list: (query: URLSearchParams) => { readonly status: number; readonly body: unknown };
  /** Answers watches; ends them at once by default. */
  watch: (response: ServerResponse, query: URLSearchParams) => void;
  /** What a pod sends. */
  writeToken(token: string): void;
  /** Another certificate, that is not the cluster's any more. */
  replaceCertificate(): Promise<void>;
  /** Lets the pod know the one that is shown. */
  trustCertificate(): void;
  close(): Promise<void>;
}

export const TOKEN = 'the-token-of-a-pod';

export async function startApiServer(): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'portal-cluster-'));
  const { certificate, key } = await makeCertificate(folder, 'localhost');
  writeFileSync(join(folder, 'ca.crt'), readFileSync(certificate));
  writeFileSync(join(folder, 'token'), TOKEN);
  const asked: ApiServer['asked'][number][] = [];
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  let accepted = TOKEN;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '', 'https://localhost');
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    asked.push({ path, query, token });
    response.setHeader('Content-Type', 'application/json');
    if (token !== accepted) {
      response.writeHead(401).end(JSON.stringify(status(401, 'Unauthorized')));
      return;
    }
    if (query.has('watch')) {
      response.writeHead(200);
      // So that the client knows that it is watching.
      response.flushHeaders();
      api.watch(response, query);
      return;
    }
    const given = api.list(query);
    response.writeHead(given.status).end(JSON.stringify(given.body));
  }

  const api: ApiServer = {
    cluster: { host: 'localhost', port: (server.address() as AddressInfo).port, folder },
    asked,
    list: () => ({ status: 200, body: sliceList([], '1') }),
    watch: (response) => void response.end(),
    writeToken(token) {
      accepted = token;
      writeFileSync(join(folder, 'token'), token);
    },
    async replaceCertificate() {
      const next = await makeCertificate(folder, 'localhost');
      server.setSecureContext({ cert: readFileSync(next.certificate), key: readFileSync(next.key) });
      server.closeAllConnections();
    },
    trustCertificate: () =>
      writeFileSync(join(folder, 'ca.crt'), readFileSync(join(folder, 'certificate.pem'))),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
  return api;
}

export interface PodEntry {
  readonly name: string;
  readonly address: string;
  /** Left out: `null`, as by an older control plane. */
  readonly ready?: boolean;
  readonly terminating?: boolean;
}

export interface SliceOptions {
  readonly name?: string;
  readonly version?: string;
  readonly family?: string;
  readonly ports?: unknown;
  readonly pods: readonly PodEntry[];
}

const HTTP = [{ name: 'http', protocol: 'TCP', port: 8080 }];

export function slice({
  name = 'stock-x7k2p',
  version = '10',
  family = 'IPv4',
  ports = HTTP,
  pods,
}: SliceOptions) {
  return {
    metadata: {
      name,
      generateName: 'stock-',
      namespace: 'prod',
      resourceVersion: version,
      labels: {
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'kubernetes.io/service-name': 'stock',
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name: 'stock', controller: true }],
    },
    addressType: family,
    endpoints: pods.map(({ name: pod, address, ready = null, terminating = null }) => ({
      addresses: [address],
      conditions: { ready, serving: ready, terminating },
      nodeName: 'node-1',
      zone: 'eu-1a',
      targetRef: { kind: 'Pod', namespace: 'prod', name: pod, uid: `uid-${pod}` },
    })),
    ports,
  };
}

export function sliceList(items: readonly unknown[], resourceVersion: string, more = '') {
  return {
    kind: 'EndpointSliceList',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { resourceVersion, ...(more !== '' && { continue: more, remainingItemCount: 1 }) },
    items,
  };
}

export function status(code: number, reason: string) {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: reason, reason, code };
}

/** A line of a watch. */
export function event(
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR',
  object: unknown,
): string {
  return `${JSON.stringify({ type, object })}\n`;
}

export function bookmark(resourceVersion: string): string {
  return event('BOOKMARK', {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { resourceVersion },
    endpoints: null,
    ports: null,
    addressType: '',
  });
}
