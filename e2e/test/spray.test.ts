/**
 * Strangers at sixty addresses try codes for longer than a minute, as fast as they are answered. Nobody is kept from
 * signing in by it, from wherever.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { after, before, test } from 'node:test';
import {
  messageData,
  startPostgres,
  startReceiver,
  waitFor,
  type PostgresServer,
  type TestReceiver,
} from 'portal-test-kit';
import { startServiceProcess, type ServiceProcess } from './service-process.js';

const MAIN = fileURLToPath(new URL('../../../packages/server/dist/src/main.js', import.meta.url));
const ADDRESSES = 60;
const AT_ONCE = 3;
const SPRAY_MS = 75_000;
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz';

let postgres: PostgresServer;
let receiver: TestReceiver;
let service: ServiceProcess;
let folder: string;
let environment: Record<string, string>;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-spray-'));
  [postgres, receiver] = await Promise.all([startPostgres(), startReceiver()]);
  environment = {
    DATABASE_URL: await postgres.createDatabase(),
    PORTAL_DATA_DIR: join(folder, 'data'),
    PORTAL_LOGIN_WEBHOOK_URL: `${receiver.url}/codes`,
    PORTAL_LOGIN_WEBHOOK_SECRET: receiver.secret,
  };
  service = await startServiceProcess(folder, environment);
  await portal('user', 'add', 'ada', '--permission', 'Owner');
});

after(async () => {
  await service?.stop('SIGTERM');
  receiver?.close();
  await postgres?.close();
  await rm(folder, { recursive: true, force: true });
});

async function portal(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...environment },
  });
  return stdout;
}

function post(path: string, body: object, from: string, agent?: Agent): Promise<number> {
  const text = JSON.stringify(body);
  const { hostname, port } = new URL(service.url);
  return new Promise((resolve, reject) => {
    request(
      {
        hostname,
        port,
        path,
        method: 'POST',
        agent: agent ?? false,
        localAddress: from,
        headers: { 'Content-Type': 'application/json', 'Content-Length': text.length },
        signal: AbortSignal.timeout(20_000),
      },
      (response) => response.resume().on('end', () => resolve(response.statusCode ?? 0)),
    )
      .on('error', reject)
      .end(text);
  });
}

const verify = (code: string, from: string, agent?: Agent) =>
  post('/v1/authentication/verify', { code }, from, agent);

function anyCode(): string {
  const length = randomInt(2) === 0 ? 12 : 16;
  return Array.from({ length }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}

async function codeOfCommand(): Promise<string> {
  return (await portal('login-code', 'create', '--user', 'ada')).split('\n')[0] ?? '';
}

async function requestedCode(from: string): Promise<string> {
  const mine = () => receiver.received.filter((message) => messageData(message)['address'] === from);
  assert.equal(await post('/v1/authentication/request', { username: 'ada' }, from), 202);
  await waitFor('the message', () => mine().length > 0, { timeoutMs: 30_000 });
  return String(messageData(mine()[0])['code']);
}

test(
  'a right code is taken at the first try, during 75 s of spraying and after it',
  { timeout: 240_000 },
  async () => {
    const sprayers = Array.from({ length: ADDRESSES }, (_, index) => `127.7.0.${index + 1}`);
    const answers: Record<number, number> = {};
    const stopping = new AbortController();
    const made = await codeOfCommand();
    const fresh = '127.8.0.1';
    const [sprayed = ''] = sprayers;
    const asked = { fresh: await requestedCode(fresh), sprayed: await requestedCode(sprayed) };

    const spray = sprayers.flatMap((from) => {
      const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
      return Array.from({ length: AT_ONCE }, async () => {
        while (!stopping.signal.aborted) {
          const status = await verify(anyCode(), from, agent);
          answers[status] = (answers[status] ?? 0) + 1;
        }
      });
    });
    try {
      await sleep(SPRAY_MS);
      assert.equal(await verify(made, '127.8.0.2'), 200, 'of the command line, from anywhere');
      assert.equal(await verify(await codeOfCommand(), sprayed), 200, 'and from where there is spraying');
      assert.equal(await verify(asked.fresh, fresh), 200, 'asked for before');
      assert.equal(await verify(asked.sprayed, sprayed), 200, 'from where there is spraying');
      assert.equal(await verify(await requestedCode('127.8.0.3'), '127.8.0.3'), 200, 'asked for meanwhile');
    } finally {
      stopping.abort();
      await Promise.allSettled(spray);
    }
    assert.equal(await verify(await codeOfCommand(), sprayed), 200, 'afterwards');
    assert.deepEqual(Object.keys(answers), ['401'], JSON.stringify(answers));
    assert.ok((answers[401] ?? 0) > ADDRESSES * 20, 'they were over their limits');
  },
);
