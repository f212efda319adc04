/** Services beside each other, with real instances: who is asked, how, and who is left out. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { makeCertificate, waitFor } from 'portal-test-kit';
import { readFleetFile } from '../../src/fleet/file/fleet-file.js';
import { createServices, type Services } from '../../src/fleet/services.js';
import { createLog } from '../../src/infra/log.js';
import { answerWith, startHost } from './hosts.js';

const folder = mkdtempSync(join(tmpdir(), 'portal-services-'));
after(() => rmSync(folder, { recursive: true }));
const log = createLog({ level: 'silent', destination: { write: () => undefined } });

function start(t: TestContext, fleet: unknown): Services {
  const services = createServices(log, null);
  t.after(() => services.close());
  services.apply(readFleetFile(JSON.stringify(fleet)).services);
  return services;
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  await waitFor(what, holds, { timeoutMs: 60_000 });
}

test('an instance of two services is polled for each, with the token of that service', async (t) => {
  const seen: (string | undefined)[] = [];
  const host = await startHost((request, response) => {
    seen.push(request.headers.authorization);
    answerWith({ status: 'healthy', errors: [] })(request, response);
  });
  t.after(() => host.close());
  const services = start(t, {
    defaults: { interval: '2s', timeout: '2s' },
    services: ['orders', 'mail'].map((name) => ({
      name,
      // Twice the same is one.
      discover: { static: [host.origin, host.origin] },
      authorization: { credentials_file: file(`token-${name}`, `token-of-${name}`) },
    })),
  });
  const both = ['Bearer token-of-mail', 'Bearer token-of-orders'];
  await until('a poll of each service', () => both.every((token) => seen.includes(token)));
  await until('both to be healthy', () => {
    services.update(Date.now(), undefined);
    return services.views().every(({ counts }) => counts.healthy === 1);
  });
  assert.deepEqual([...new Set(seen)].toSorted(), both);
  assert.deepEqual(
    services.targets().map(({ instances }) => instances),
    [[host.target], [host.target]],
  );
});

test('whoever scrapes what is watched is told the scheme of each: that of its target, else that of its service', async (t) => {
  const listed = file('schemes.json', '[{ "targets": ["127.0.0.1:9"] }]');
  const services = start(t, {
    defaults: { networks: ['127.0.0.0/8'] },
    services: [
      {
        name: 'mixed',
        discover: { static: ['http://127.0.0.1:1', 'https://127.0.0.1:2', 'http://[::1]:3'] },
      },
      { name: 'listed', scheme: 'http', discover: { file_sd: [listed] } },
      { name: 'nobody', discover: { static: [] } },
    ],
  });
  const shown = (): readonly string[] =>
    services.targets().map(({ service, scheme, instances }) => `${service} ${scheme} ${instances.join()}`);
  await until('the list in the file', () => shown().includes('listed http 127.0.0.1:9'));
  assert.deepEqual(shown(), [
    'mixed http 127.0.0.1:1,[::1]:3',
    'mixed https 127.0.0.1:2',
    'listed http 127.0.0.1:9',
    'nobody https ',
  ]);
});

test('of 20,000 targets the first 10,000 by service and instance are watched, the same every time', async (t) => {
  const host = await startHost(answerWith({ status: 'healthy', errors: [] }));
  t.after(() => host.close());
  const port = host.target.split(':').at(-1);
  const targets = Array.from({ length: 20_000 }, (_, i) => `127.1.${i >> 8}.${i & 255}:${port}`);
  const path = file('many.json', JSON.stringify([{ targets: targets.toReversed() }]));
  const services = start(t, {
    defaults: { scheme: 'http', interval: '3600s', networks: ['127.0.0.0/8'] },
    services: [
      { name: 'zoo', discover: { static: [host.origin] } },
      { name: 'many', discover: { file_sd: [path] } },
      { name: 'few', discover: { static: [host.origin] } },
    ],
  });
  const codes = (): readonly string[] => services.views().map((view) => `${view.name}: ${view.codes.join()}`);
  const cut = ['few: ', 'many: FLEET_TOO_MANY', 'zoo: FLEET_TOO_MANY'];
  const isCut = (): boolean => codes().toSorted().join() === cut.join();
  await until('the surplus to be left out', isCut);
  const watched = (): Readonly<Record<string, readonly string[]>> =>
    Object.fromEntries(services.targets().map(({ service, instances }) => [service, instances.toSorted()]));
  const kept = { few: [host.target], many: targets.toSorted().slice(0, 9_999), zoo: [] };
  assert.deepEqual(watched(), kept);
  const first = `127.0.9.9:${port}`;
  writeFileSync(path, JSON.stringify([{ targets: [...targets, first] }]));
  await until('the surplus of another list to be left out', () => {
    const many = watched()['many'] ?? [];
    return many.length === 9_999 && many[0] === first;
  });
  assert.deepEqual(watched(), { ...kept, many: [first, ...kept.many.slice(0, 9_998)] });
  writeFileSync(path, JSON.stringify([{ targets: targets.slice(0, 100) }]));
  await until('a list that is short enough', () => codes().every((one) => one.endsWith(': ')));
});

test('an unwell instance that takes the token is asked why after each poll, and nobody else', async (t) => {
  const asked: string[] = [];
  let health = 'degraded';
  const reasons = [{ code: 'LOCK_QUEUE', explains: 'DATABASE_SLOW', figures: { sessions: 14 } }];
  const startUnwell = (name: string) =>
    startHost((request, response) => {
      const { url = '', headers } = request;
      asked.push(`${name} ${url} ${headers.authorization ?? 'nobody'}`);
      answerWith(url.startsWith('/health?') ? { status: health, errors: [] } : { reasons })(
        request,
        response,
      );
    });
  const hosts = [await startUnwell('known'), await startUnwell('stranger')];
  t.after(() => Promise.all(hosts.map((host) => host.close())));
  const [known, stranger] = hosts.map(({ origin }) => origin);
  const services = start(t, {
    defaults: { interval: '2s', timeout: '2s', success_threshold: 1, path: '/health?all' },
    services: [
      {
        name: 'known',
        discover: { static: [known] },
        authorization: { credentials_file: file('token-known', 'secret') },
      },
      { name: 'stranger', discover: { static: [stranger] } },
    ],
  });
  const shown = (name: string) => services.detail(name)?.instances[0];
  await until('the reasons', () => (shown('known')?.reasons ?? []).length > 0);
  assert.deepEqual(shown('known')?.reasons, [{ ...reasons[0], checkedAt: null }]);
  await until('another poll', () => asked.filter((one) => one.startsWith('stranger')).length > 1);
  const ofReasons = asked.filter((one) => one.includes('/reasons'));
  assert.deepEqual([...new Set(ofReasons)], ['known /health/reasons Bearer secret']);
  const polls = asked.filter((one) => one.startsWith('known /health?'));
  assert.ok(ofReasons.length <= polls.length, `${ofReasons.length} of ${polls.length}`);
  assert.deepEqual(shown('stranger')?.reasons, []);
  health = 'healthy';
  await until('no reasons', () => shown('known')?.state === 'healthy');
  assert.deepEqual(shown('known')?.reasons, []);
});

test('of very many that are unwell a hundred are asked why, and others as soon as these are well', async (t) => {
  const UNWELL = 130;
  const why = new Set<string>();
  const well = new Set<string>();
  const polls = new Map<string, number>();
  let questions = 0;
  const host = await startHost((request, response) => {
    const { url = '', socket } = request;
    const address = socket.localAddress ?? '';
    if (url.endsWith('/reasons')) {
      why.add(address);
      questions += 1;
    } else polls.set(address, (polls.get(address) ?? 0) + 1);
    const status = well.has(address) ? 'healthy' : 'degraded';
    answerWith(url.endsWith('/reasons') ? { reasons: [] } : { status, errors: [] })(request, response);
  }, '0.0.0.0');
  t.after(() => host.close());
  const port = host.target.split(':').at(-1);
  const addresses = Array.from({ length: UNWELL }, (_, index) => `127.3.0.${index + 1}`);
  const services = start(t, {
    defaults: { interval: '2s', timeout: '2s', success_threshold: 1, networks: ['127.0.0.0/8'] },
    services: [
      {
        name: 'many',
        discover: { static: addresses.map((address) => `http://${address}:${port}`) },
        authorization: { credentials_file: file('token-many', 'secret') },
      },
    ],
  });
  const states = (): readonly string[] =>
    (services.detail('many')?.instances ?? []).map(({ state }) => state);
  await until('all to be unwell', () => states().every((state) => state === 'degraded'));
  const rounds = (): number => Math.max(...polls.values());
  const before = rounds();
  await until('another three rounds', () => rounds() > before + 3);
  assert.ok(questions >= 100 && questions <= 100 * rounds(), `${questions} in ${rounds()} rounds`);
  for (const address of why) well.add(address);
  await until('the others to be asked', () => why.size === UNWELL);
});

test('by a certificate of its own the watcher is known, and is told why an instance is unwell', async (t) => {
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  mkdirSync(ours);
  mkdirSync(theirs);
  const watcher = await makeCertificate(ours, 'watcher.example');
  const server = await makeCertificate(theirs, 'orders.example');
  const asked: string[] = [];
  const reasons = [{ code: 'LOCK_QUEUE', explains: 'DATABASE_SLOW', figures: { sessions: 14 } }];
  const instance = createServer(
    {
      cert: readFileSync(server.certificate),
      key: readFileSync(server.key),
      ca: readFileSync(watcher.certificate),
      requestCert: true,
    },
    (request, response) => {
      const { url = '', socket } = request;
      const { subject } = (socket as TLSSocket).getPeerCertificate();
      asked.push(`${url} ${[subject.CN].join()} ${request.headers.authorization ?? 'no token'}`);
      answerWith(url.endsWith('/reasons') ? { reasons } : { status: 'degraded', errors: [] })(
        request,
        response,
      );
    },
  );
  instance.listen(0, '127.0.0.1');
  await once(instance, 'listening');
  t.after(() => {
    instance.closeAllConnections();
    instance.close();
  });
  const { port } = instance.address() as AddressInfo;
  const tls = { ca_file: server.certificate, server_name: 'orders.example' };
  const services = start(t, {
    defaults: { interval: '2s', timeout: '2s', failure_threshold: 1 },
    services: [
      {
        name: 'known',
        discover: { static: [`https://127.0.0.1:${port}`] },
        tls: { ...tls, cert_file: watcher.certificate, key_file: watcher.key },
      },
      { name: 'stranger', discover: { static: [`https://127.0.0.1:${port}`] }, tls },
    ],
  });
  const shown = (name: string) => services.detail(name)?.instances[0];
  await until('the reasons', () => (shown('known')?.reasons ?? []).length > 0);
  await until('the poll', () => shown('known')?.state === 'degraded');
  await until('the stranger to be refused', () => shown('stranger')?.state === 'unreachable');
  assert.deepEqual([...new Set(asked)].toSorted(), [
    '/health watcher.example no token',
    '/health/reasons watcher.example no token',
  ]);
});
