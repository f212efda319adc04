/**
 * One real instance behind a network that breaks: a server with the library, that can be killed, replaced by another answer, or
 * shown with a wrong certificate.
 */
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createHealth, type Health } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import { makeCertificate, startProxy, type Proxy, type ProxyCertificate } from 'portal-test-kit';

/** Which certificate an instance of `stock` shows. */
export type Certificate = 'good' | 'expired' | 'of another name' | 'signed by nobody known';

export interface Instance {
  readonly target: string;
  readonly proxy: Proxy;
  /** What answers in its place. */
  replace(answer: Answer | undefined): void;
  /** Ends its server, as a kill does. */
  kill(): Promise<void>;
  /** Starts it again, where it was. */
  revive(): Promise<void>;
  certify(certificate: Certificate): Promise<void>;
  close(): Promise<void>;
}

export type Answer = (requests: number) => { readonly status: number; readonly body: string };

type Certificates = Readonly<Record<Certificate, ProxyCertificate>>;

/** All but the last are in `ca.pem`, so that each is refused for what is wrong with it. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  async function make(place: string, name: string, days: number): Promise<ProxyCertificate> {
    await mkdir(join(folder, place));
    return makeCertificate(join(folder, place), name, { days });
  }
  const made: Certificates = {
    good: await make('good', 'stock.example', 2),
    expired: await make('expired', 'stock.example', -1),
    'of another name': await make('other', 'other.example', 2),
    'signed by nobody known': await make('unknown', 'stock.example', 2),
  };
  const known = [made.good, made.expired, made['of another name']];
  const texts = await Promise.all(known.map(({ certificate }) => readFile(certificate, 'utf8')));
  await writeFile(join(folder, 'ca.pem'), texts.join(''));
  return made;
}

/** @param certificates - default: it speaks no TLS */
export async function startInstance(certificates: Certificates | undefined): Promise<Instance> {
  const health = await startHealth();
  let runs = 0;
  let replacement: Answer | undefined;
  const respond: RequestListener = (request, response) => {
    if (!replacement) {
      createHealthHandler(health)(request, response);
      return;
    }
    runs += 1;
    const { status, body } = replacement(runs);
    response
      .writeHead(status, { Location: 'http://127.0.0.1:9/', 'Content-Type': 'application/json' })
      .end(body);
  };
  const tls = certificates && createTlsServer(respond);
  const server: Server | TlsServer = tls ?? createServer(respond);

  async function certify(certificate: Certificate): Promise<void> {
    if (!tls || !certificates) return;
    const { certificate: cert, key } = certificates[certificate];
    tls.setSecureContext({ cert: await readFile(cert), key: await readFile(key) });
    // The next request shakes hands anew.
    tls.closeAllConnections();
  }

  async function listen(port: number): Promise<number> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
  await certify('good');
  const port = await listen(0);
  const proxy = await startProxy({ port });

  async function kill(): Promise<void> {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  return {
    target: `127.0.0.1:${proxy.port}`,
    proxy,
    replace(answer) {
      runs = 0;
      replacement = answer;
    },
    kill,
    async revive() {
      if (!server.listening) await listen(port);
    },
    certify,
    async close() {
      await proxy.close();
      await kill();
      await health.close();
    },
  };
}

async function startHealth(): Promise<Health> {
  const health = createHealth({ checks: { work: { check: () => true, critical: true } } });
  await health.start();
  return health;
}
