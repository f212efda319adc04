/**
 * Claim: response times do not show whether a user exists: neither that of a request for a code, nor that of the next
 * request on its connection. The receiver of the codes is reached by https.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { environmentWithPackages, startPostgres, waitFor } from 'portal-test-kit';
import type { Claim } from './claim.js';
import { startBenchService } from './service.js';
import { median, table } from './statistics.js';

const PAIRS = 400;
/** Below 600 requests a minute: beyond that they queue. */
const EVERY_MS = 110;
/** The user that every bench service has, and a name of the same length without a user. */
const NAMES = { known: 'bench', unknown: 'bemch' } as const;

type Kind = keyof typeof NAMES;
type Times = Record<'answer' | 'next', number>;

export const signInTiming: Claim = {
  name: 'sign-in-timing',
  title: 'Who exists, by time',
  async measure() {
    const postgres = await startPostgres();
    const folder = await mkdtemp(join(tmpdir(), 'portal-bench-'));
    try {
      const receiver = await startReceiver(folder);
      try {
        const service = await startBenchService({
          DATABASE_URL: postgres.url,
          NODE_EXTRA_CA_CERTS: join(folder, 'certificate.pem'),
          PORTAL_DATA_DIR: join(folder, 'data'),
          PORTAL_LOGIN_WEBHOOK_URL: `https://localhost:${receiver.port}/`,
          PORTAL_LOGIN_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
        });
        try {
          const times = await measurePairs(service.port);
          await receiver.arrived(PAIRS);
          return section(times);
        } finally {
          await service.close();
        }
      } finally {
        receiver.close();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
      await postgres.close();
    }
  },
};

interface HttpsReceiver {
  readonly port: number;
  arrived(count: number): Promise<void>;
  close(): void;
}

async function startReceiver(folder: string): Promise<HttpsReceiver> {
  const [key, cert] = ['key.pem', 'certificate.pem'].map((file) => join(folder, file));
  if (key === undefined || cert === undefined) throw new Error('There are no two files.');
  const words = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost`;
  await promisify(execFile)('openssl', [...words.split(' '), '-keyout', key, '-out', cert], {
    env: await environmentWithPackages('openssl'),
  });
  let received = 0;
  const server: Server = createServer(
    { key: await readFile(key), cert: await readFile(cert) },
    (incoming, response) => {
      received += 1;
      incoming.resume().on('end', () => response.end());
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async arrived(count) {
      await waitFor(`${count} messages`, () => received >= count, { timeoutMs: 30_000 });
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function measurePairs(port: number): Promise<Record<Kind, Times[]>> {
  const times: Record<Kind, Times[]> = { known: [], unknown: [] };
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const kinds: readonly Kind[] = Math.random() < 0.5 ? ['known', 'unknown'] : ['unknown', 'known'];
    for (const [index, kind] of kinds.entries()) {
      const from = `127.${20 + index}.${Math.floor(pair / 250)}.${(pair % 250) + 1}`;
      const startedMs = performance.now();
      times[kind].push(await measureOne(port, from, NAMES[kind]));
      await sleep(Math.max(0, EVERY_MS - (performance.now() - startedMs)));
    }
  }
  return times;
}

async function measureOne(port: number, from: string, username: string): Promise<Times> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress: from });
  try {
    await timed(agent, port, '/livez');
    const answer = await timed(agent, port, '/v1/authentication/request', JSON.stringify({ username }));
    return { answer, next: await timed(agent, port, '/livez') };
  } finally {
    agent.destroy();
  }
}

async function timed(agent: Agent, port: number, path: string, body?: string): Promise<number> {
  const startedMs = performance.now();
  const outgoing = request({
    agent,
    host: '127.0.0.1',
    port,
    path,
    ...(body === undefined
      ? {}
      : {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
        }),
  });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  response.resume();
  await once(response, 'end');
  if (response.statusCode !== (body === undefined ? 200 : 202)) {
    throw new Error(`${path} answered ${response.statusCode}.`);
  }
  return performance.now() - startedMs;
}

/** How often one of `a` is larger than one of `b`: 0.5 when they have the same distribution. */
function auc(a: readonly number[], b: readonly number[]): number {
  let larger = 0;
  for (const one of a) for (const other of b) larger += one > other ? 1 : one === other ? 0.5 : 0;
  return larger / (a.length * b.length);
}

function section({ known, unknown }: Record<Kind, Times[]>): string {
  const row = (title: string, key: keyof Times): readonly string[] => {
    const [a, b] = [known, unknown].map((all) => all.map((times) => times[key]));
    if (!a || !b) throw new Error('There are not two kinds.');
    return [title, median(a).toFixed(2), median(b).toFixed(2), auc(a, b).toFixed(3)];
  };
  return [
    `\`npm run bench -- sign-in-timing\`: ${PAIRS} pairs of requests for a code, for a name that exists and one that does ` +
      'not, in random order, each from an address of its own; codes go to an https receiver. AUC: how often one of the ' +
      'first kind took longer than one of the second; within 0.5 ± 0.09 they cannot be told apart; chance alone gives ± 0.02.',
    table(
      ['', 'known, median ms', 'unknown, median ms', 'AUC'],
      [row('answer', 'answer'), row('next answer on the connection', 'next')],
    ),
  ].join('\n\n');
}
