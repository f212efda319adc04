/**
 * The certificate that the watcher shows, replaced while instances are polled: they ask every client who it is, and say whom
 * they saw.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { makeCertificate, waitFor, type ProxyCertificate } from 'portal-test-kit';
import { readFleetFile } from '../../../src/fleet/file/fleet-file.js';
import { createNetworkSet } from '../../../src/fleet/networks.js';
import { createCertificates } from '../../../src/fleet/polling/certificates.js';
import { createInstanceClient, type InstanceClient } from '../../../src/fleet/polling/instance-client.js';
import { createResolver } from '../../../src/fleet/polling/resolve.js';
import { answerWith } from '../hosts.js';

const PATIENCE = { timeoutMs: 90_000, everyMs: 200 };
/** Longer than until the files are looked at again. */
const LOOK_MS = 6_000;
const folder = mkdtempSync(join(tmpdir(), 'portal-certificates-'));
after(() => rmSync(folder, { recursive: true }));

let [old, next, server]: ProxyCertificate[] = [];

before(async () => {
  const make = (name: string): Promise<ProxyCertificate> => {
    mkdirSync(join(folder, name));
    return makeCertificate(join(folder, name), name);
  };
  [old, next, server] = await Promise.all(['old.example', 'next.example', 'orders.example'].map(make));
});

function made(certificate: ProxyCertificate | undefined): ProxyCertificate {
  return certificate ?? assert.fail('It was made.');
}

interface Instance {
  readonly origin: string;
  /** Who asked last, by the certificate. */
  lastSeen(): string;
}

async function startInstance(t: TestContext): Promise<Instance> {
  let lastSeen = '';
  const instance = createServer(
    {
      cert: readFileSync(made(server).certificate),
      key: readFileSync(made(server).key),
      ca: [made(old), made(next)].map(({ certificate }) => readFileSync(certificate)),
      requestCert: true,
    },
    (request, response) => {
      lastSeen = [(request.socket as TLSSocket).getPeerCertificate().subject.CN].join();
      answerWith({ status: 'healthy', errors: [] })(request, response);
    },
  );
  instance.listen(0, '127.0.0.1');
  await once(instance, 'listening');
  t.after(() => {
    instance.closeAllConnections();
    instance.close();
  });
  const { port } = instance.address() as AddressInfo;
  return { origin: `https://127.0.0.1:${port}`, lastSeen: () => lastSeen };
}

/** A folder whose files are replaced as a certificate manager does it, by rename and one after the other. */
function place(name: string): {
  readonly path: (file: string) => string;
  readonly put: (file: string, from: string) => void;
} {
  mkdirSync(join(folder, name));
  const path = (file: string): string => join(folder, name, file);
  return {
    path,
    put: (file, from) => {
      copyFileSync(from, path(`${file}.new`));
      renameSync(path(`${file}.new`), path(file));
    },
  };
}

function clientFor(t: TestContext, { origin }: Instance, path: (file: string) => string): InstanceClient {
  const tls = {
    ca_file: made(server).certificate,
    server_name: 'orders.example',
    cert_file: path('certificate.pem'),
    key_file: path('key.pem'),
  };
  const service = { name: 'orders', discover: { static: [origin] }, timeout: '10s', tls };
  const [entry] = readFleetFile(JSON.stringify({ services: [service] })).services;
  const { polling } = entry ?? assert.fail();
  const client = createInstanceClient(
    origin,
    {
      polling,
      networks: createNetworkSet(polling.networks),
      credentials: undefined,
      certificates: createCertificates(polling.tls ?? assert.fail()),
      pinned: undefined,
    },
    // What a connection was opened by is looked at again soon, not within a minute.
    { ...createResolver(), freshMs: 500 },
  );
  t.after(() => client.close());
  return client;
}

async function poll(client: InstanceClient): Promise<string> {
  const observation = await client.poll();
  return observation.kind === 'failed' ? observation.code : observation.kind;
}

test('a certificate that is replaced is shown from then on, and the old one until its key has followed', async (t) => {
  const instance = await startInstance(t);
  const { path, put } = place('replaced');
  put('certificate.pem', made(old).certificate);
  put('key.pem', made(old).key);
  const client = clientFor(t, instance, path);
  assert.deepEqual([await poll(client), instance.lastSeen()], ['answered', 'old.example']);

  put('certificate.pem', made(next).certificate);
  await sleep(LOOK_MS);
  for (let i = 0; i < 3; i += 1) {
    assert.deepEqual([await poll(client), instance.lastSeen()], ['answered', 'old.example']);
    await sleep(500);
  }

  put('key.pem', made(next).key);
  await waitFor(
    'the new certificate',
    async () => {
      assert.equal(await poll(client), 'answered');
      return instance.lastSeen() === 'next.example';
    },
    PATIENCE,
  );

  rmSync(path('key.pem'));
  await sleep(LOOK_MS);
  assert.deepEqual([await poll(client), instance.lastSeen()], ['answered', 'next.example']);
});

test('a certificate that comes only after the start is shown once it is there', async (t) => {
  const instance = await startInstance(t);
  const { path, put } = place('late');
  const client = clientFor(t, instance, path);
  assert.equal(await poll(client), 'INSTANCE_TLS');
  put('certificate.pem', made(next).certificate);
  put('key.pem', made(next).key);
  await waitFor('the certificate', async () => (await poll(client)) === 'answered', PATIENCE);
  assert.equal(instance.lastSeen(), 'next.example');
});
