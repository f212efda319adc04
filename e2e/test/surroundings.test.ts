/**
 * What only the surroundings of a start decide: which authorities Node trusts (E-22), and whether its user has a name (E-23). Needs root,
 * who alone can be a user without one.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer, type Server } from 'node:tls';
import {
  makeCertificate,
  startPostgres,
  startRedis,
  waitFor,
  type PostgresServer,
  type RedisServer,
} from 'portal-test-kit';
import { REPOSITORY } from './packed.js';
import { startServiceProcess, WITHOUT_LIMITS, type Environment } from './service-process.js';

const MAIN = join(REPOSITORY, 'packages/server/dist/src/main.js');
const OPERATIONS = readFileSync(join(REPOSITORY, 'docs/operations.md'), 'utf8');

let folder: string;
let postgres: PostgresServer;
let redis: RedisServer;

before(async () => {
  assert.equal(process.getuid?.(), 0, 'run it as root');
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  folder = await mkdtemp(join(tmpdir(), 'portal-surroundings-'));
  await chmod(folder, 0o755);
});

after(async () => {
  await Promise.all([postgres?.close(), redis?.close()]);
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

describe('a Redis whose certificate vouches for itself', () => {
  let front: Server;
  let trusting: Environment;
  let environment: Environment;

  before(async () => {
    const { certificate, key } = await makeCertificate(folder, 'localhost');
    front = createServer({ key: await readFile(key), cert: await readFile(certificate) }, (client) => {
      const behind = connect(redis.port, '127.0.0.1');
      for (const side of [client, behind]) {
        side.on('error', () => undefined).on('close', () => void (client.destroy(), behind.destroy()));
      }
      client.pipe(behind).pipe(client);
    });
    front.on('tlsClientError', () => undefined);
    front.listen(0, 'localhost');
    await once(front, 'listening');
    trusting = { NODE_EXTRA_CA_CERTS: certificate };
    environment = {
      ...WITHOUT_LIMITS,
      DATABASE_URL: await postgres.createDatabase(),
      REDIS_URL: `rediss://localhost:${(front.address() as AddressInfo).port}`,
      PORTAL_LOG_LEVEL: 'info',
    };
  });

  after(() => front?.close());

  /** The first report of a service that says what it is waited for. */
  async function reportWith(more: Environment, isMeant: (errors: string) => boolean): Promise<string> {
    const service = await startServiceProcess(folder, { ...environment, ...more });
    try {
      let report = '';
      await waitFor(
        'the report',
        async () => isMeant((report = await (await fetch(`${service.url}/health`)).text())),
        { timeoutMs: 30_000, everyMs: 100 },
      );
      return report;
    } finally {
      await service.stop('SIGKILL');
    }
  }

  test('is a cache that is down, by its cause; trusted by NODE_EXTRA_CA_CERTS it is healthy', async () => {
    const refused = await reportWith({}, (report) => report.includes('CACHE_'));
    assert.match(refused, /\(CACHE_CERTIFICATE\)/);
    const { status, cache } = JSON.parse(
      await reportWith(trusting, (report) => report.includes('"healthy"')),
    ) as Record<string, unknown>;
    assert.deepEqual([status, cache], ['healthy', true]);
  });

  test('`doctor` and the guide name the variable that helps, which helps `doctor` too', async () => {
    const doctor = (more: Environment): Promise<string> =>
      new Promise((resolve) => {
        const env = { PATH: process.env['PATH'], ...environment, ...more };
        execFile(process.execPath, [MAIN, 'doctor'], { cwd: folder, env, timeout: 60_000 }, (_, out, err) =>
          resolve(out + err),
        );
      });
    const refused = await doctor({});
    assert.match(refused, /CACHE_CERTIFICATE/);
    assert.match(refused, /NODE_EXTRA_CA_CERTS/);
    assert.doesNotMatch(await doctor(trusting), /CACHE_/);
    assert.match(OPERATIONS, /rediss:\/\/[^]{0,200}NODE_EXTRA_CA_CERTS=/);
  });
});

describe('a user without a name', () => {
  const NAMELESS = 123_456;
  const AS_NAMELESS = ['setpriv', `--reuid=${NAMELESS}`, '--regid=0', '--clear-groups', '--'] as const;

  test('is told what to do where a database has to be made; with stores given it is healthy', async () => {
    await chown(folder, NAMELESS, 0);
    const [program, ...args] = [...AS_NAMELESS, process.execPath, MAIN, 'serve'];
    const env = { PATH: process.env['PATH'], PORT: '0', REDIS_URL: redis.url };
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: folder,
      env: { ...env, PORTAL_DATA_DIR: join(folder, 'made') },
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(status, 1, stderr);
    assert.match(
      stderr,
      /give this one a line in \/etc\/passwd \(or by nss_wrapper\), or set DATABASE_URL\./,
    );
    assert.doesNotMatch(stdout + stderr, /\n\s+at /, 'a sentence and no stack');
    assert.match(OPERATIONS, /--reuid=[^]{0,200}DATABASE_URL/);

    const stores = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url };
    const environment = { ...WITHOUT_LIMITS, ...stores, PORTAL_DATA_DIR: join(folder, 'given') };
    const service = await startServiceProcess(folder, environment, AS_NAMELESS);
    try {
      await waitFor(
        'it to be healthy',
        async () => (await (await fetch(`${service.url}/health`)).text()).includes('"healthy"'),
        { timeoutMs: 30_000, everyMs: 100 },
      );
    } finally {
      await service.stop('SIGKILL');
    }
  });
});
