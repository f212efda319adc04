/**
 * Unauthenticated clients that hold connections, against the service as it is run: with requests whose responses they do
 * not read, and with no request at all. What the service holds is bounded, and what it says stays true.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer, get } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import {
  newAdministrator,
  startServiceProcess,
  WITHOUT_LIMITS,
  type Environment,
  type ServiceProcess,
} from './service-process.js';

const CONNECTIONS = 10;
const REQUESTS = 1_400;
const MOST_GROWTH_BYTES = 50e6;
const WARMING_ATTACKS = 6;
/** What all requests of one attack may take to read and to refuse, of one core: far less than would make the loop late. */
const MOST_CPU_SECONDS = 0.8;
const DESCRIPTORS = 300;
const IDLE = 330;
const WITH_FEW_DESCRIPTORS = ['/bin/sh', '-c', `ulimit -n ${DESCRIPTORS} && exec "$0" "$@"`];
/** For parameters of a path. */
const NAMES: Readonly<Record<string, string>> = { guide: 'errors.md', token_suffix: 'abcdef' };

let postgres: PostgresServer;
let redis: RedisServer;
let folder: string;
let stores: Environment;
let cookie: string;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  folder = await mkdtemp(join(tmpdir(), 'portal-e2e-held-'));
  stores = {
    DATABASE_URL: await postgres.createDatabase(),
    REDIS_URL: redis.url,
    ...WITHOUT_LIMITS,
    PORTAL_REFUSALS_PER_MINUTE: '0',
  };
  cookie = await newAdministrator(stores, 'keeper');
});

after(async () => {
  await Promise.all([postgres?.close(), redis?.close()]);
  await rm(folder, { recursive: true, force: true });
});

interface TimedResponse {
  readonly status: number;
  readonly body: string;
  readonly ms: number;
}

function timedRequest(
  url: string,
  { agent, from }: { agent?: Agent; from?: string } = {},
): Promise<TimedResponse> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const options = {
      agent: agent ?? false,
      timeout: 10_000,
      ...(from !== undefined && { localAddress: from }),
    };
    const outgoing = get(url, options, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (text: string) => (body += text));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, body, ms: performance.now() - startedMs }),
      );
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`No answer of ${url} within 10 s.`)));
    outgoing.on('error', reject);
  });
}

/** Asks for the report again and again, and keeps everything that it said. */
async function watchVerdict(url: string): Promise<{ stop(): Promise<ReadonlySet<string>> }> {
  const verdicts = new Set<string>();
  const stopping = new AbortController();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  async function look(): Promise<void> {
    const { status, body } = await timedRequest(`${url}/health`, { agent });
    const { status: verdict, errors } = JSON.parse(body) as { status: string; errors: readonly string[] };
    // A loop that is late on a machine with too much to do is no work of anybody here: that is counted below.
    const isMachine = errors.every((error) => error.includes('(EVENT_LOOP_DELAYED)')) && errors.length > 0;
    verdicts.add(isMachine ? '200 healthy' : [status, verdict, ...errors].join(' '));
  }
  // A client that has asked only once may have to make room for others.
  for (let round = 0; round < 3; round += 1) await look();
  const work = (async () => {
    while (!stopping.signal.aborted) {
      await look();
      await sleep(50);
    }
  })().catch((error: unknown) => void verdicts.add(String(error)));
  return {
    async stop() {
      stopping.abort();
      await work;
      agent.destroy();
      return verdicts;
    },
  };
}

/** How long the machine as it is now takes for an answer of a server that does nothing else. */
async function bareMs(): Promise<number> {
  const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { ms } = await timedRequest(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  server.close();
  return ms;
}

async function open(port: number, from = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => undefined);
  await new Promise((resolve) => {
    socket.once('connect', resolve).once('close', resolve);
  });
  return socket;
}

async function getPaths(url: string): Promise<readonly string[]> {
  const { body } = await timedRequest(`${url}/openapi.json`);
  const { paths } = JSON.parse(body) as { paths: Record<string, { get?: object }> };
  const described = Object.entries(paths)
    .filter(([, { get: reads }]) => reads !== undefined)
    .map(([path]) => path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => NAMES[name] ?? name));
  const { body: page } = await timedRequest(`${url}/`);
  const files = [...page.matchAll(/(?:src|href)="[./]*(assets\/[^"]+)"/g)].map(([, path = '']) => `/${path}`);
  assert.ok(described.length > 15 && files.length > 1);
  return [
    ...described,
    '/',
    ...files,
    '/docs',
    '/docs/errors.md',
    '/openapi.json',
    '/llms.txt',
    '/nowhere',
    '/health?verbose',
  ];
}

async function settled(service: ServiceProcess): Promise<void> {
  await waitFor('health', async () =>
    (await timedRequest(`${service.url}/health`)).body.includes('"healthy"'),
  );
}

/** Asks for `path` over and over on every connection, and reads nothing. */
async function attack(port: number, path: string, fields: string): Promise<readonly Socket[]> {
  const bytes = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${fields}\r\n`.repeat(REQUESTS);
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(port)));
  for (const socket of sockets) socket.write(bytes);
  return sockets;
}

/** They have been cut off, which they see once they read; by a reset, for one who has sent more than was read. */
async function ended(sockets: readonly Socket[]): Promise<void> {
  for (const socket of sockets) socket.resume();
  await waitFor('the connections to be ended', () => sockets.every(({ destroyed }) => destroyed));
}

test(`${CONNECTIONS} × ${REQUESTS} requests that nobody reads, for each path: bounded memory, answers, the same verdict`, async (t) => {
  const service = await startServiceProcess(folder, stores);
  t.after(() => service.stop('SIGKILL'));
  await settled(service);
  const port = Number(new URL(service.url).port);
  const paths = await getPaths(service.url);
  // Compiled, and grown to the size that work takes.
  for (const path of paths)
    for (let round = 0; round < 20; round += 1)
      await timedRequest(`${service.url}${path}`).catch(() => undefined);
  // A heap that has met one attack stays as large as that needed, and no larger for those that follow.
  for (const path of paths.slice(0, WARMING_ATTACKS)) await ended(await attack(port, path, ''));
  const restingBytes = await service.residentBytes();
  const verdicts = await watchVerdict(service.url);
  t.after(() => verdicts.stop());
  const worst = { growth: 0, path: '', ms: 0, cpuSeconds: 0 };
  for (const path of paths) {
    for (const fields of ['', `Cookie: ${cookie}\r\n`]) {
      const beforeSeconds = await service.cpuSeconds();
      const beforeBytes = await service.residentBytes();
      const sockets = await attack(port, path, fields);
      const { status, ms } = await timedRequest(`${service.url}/livez`);
      assert.equal(status, 200, path);
      const growth = (await service.residentBytes()) - beforeBytes;
      assert.ok(growth <= MOST_GROWTH_BYTES, `${path}: ${(growth / 1e6).toFixed(0)} MB more`);
      if (growth > worst.growth) Object.assign(worst, { growth, path });
      worst.ms = Math.max(worst.ms, ms - (await bareMs()));
      await ended(sockets);
      worst.cpuSeconds = Math.max(worst.cpuSeconds, (await service.cpuSeconds()) - beforeSeconds);
    }
  }
  assert.deepEqual(await verdicts.stop(), new Set(['200 healthy']));
  assert.ok(worst.cpuSeconds <= MOST_CPU_SECONDS, `${worst.cpuSeconds} s of a core`);
  t.diagnostic(
    `${paths.length} paths: at most ${(worst.growth / 1e6).toFixed(1)} MB more (${worst.path}), /livez at most ${worst.ms.toFixed(0)} ms beyond a bare server, ${worst.cpuSeconds.toFixed(2)} s of a core`,
  );
  await waitFor('the memory to come back', async () => {
    await timedRequest(`${service.url}/livez`);
    return (await service.residentBytes()) - restingBytes < MOST_GROWTH_BYTES;
  });
});

for (const [what, beginning, address] of [
  ['say nothing', '', () => '127.0.0.1'],
  ['send half a header', 'GET /livez HTTP/1.1\r\nHost:', () => '127.0.0.1'],
  ['have asked once', 'GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', () => '127.0.0.1'],
  ['come from many addresses', '', (index: number) => `127.0.9.${(index % 250) + 1}`],
] as const) {
  test(`${IDLE} connections that ${what}, and ${DESCRIPTORS} descriptors: healthy throughout, and everybody is answered`, async (t) => {
    const service = await startServiceProcess(folder, stores, WITH_FEW_DESCRIPTORS);
    t.after(() => service.stop('SIGKILL'));
    await settled(service);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const early = (): Promise<TimedResponse> =>
      timedRequest(`${service.url}/livez`, { agent, from: '127.0.0.2' });
    assert.equal((await early()).status, 200);
    const verdicts = await watchVerdict(service.url);
    t.after(() => verdicts.stop());
    const sockets: Socket[] = [];
    t.after(() => {
      agent.destroy();
      for (const socket of sockets) socket.destroy();
    });
    const port = Number(new URL(service.url).port);
    for (let index = 0; index < IDLE; index += 1) {
      const socket = await open(port, address(index));
      sockets.push(socket.resume());
      socket.write(beginning);
    }
    // Long enough for every probe to have run, and run again.
    for (let round = 0; round < 25; round += 1) {
      assert.equal((await early()).status, 200, 'a connection of before');
      assert.equal(
        (await timedRequest(`${service.url}/livez`)).status,
        200,
        'a new one from the same address',
      );
      assert.equal(
        (await timedRequest(`${service.url}/livez`, { from: '127.0.0.3' })).status,
        200,
        'and from another',
      );
      await sleep(200);
    }
    assert.deepEqual(await verdicts.stop(), new Set(['200 healthy']));
    await waitFor('the line of it', () =>
      service.logged().includes('a connection was ended, because too many were open'),
    );
    assert.doesNotMatch(service.logged(), /EMFILE|UNREACHABLE/);
  });
}
