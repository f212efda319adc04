/**
 * What can be run of the files for Docker, Kubernetes and systemd without any of them.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/env.js';
import { SETTINGS } from '../../src/config/settings.js';
import { sendRequest } from '../request.js';
import { startService, type TestService } from '../service.js';
import { readDeployFile } from './deploy-files.js';

const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));
const DOCKERFILE = readDeployFile('docker/Dockerfile');

let postgres: PostgresServer;
let redis: RedisServer;
let service: TestService;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  service = await startService({ databaseUrl: await postgres.createDatabase(), redisUrl: redis.url });
});

after(async () => {
  await service?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
});

/** Runs the HEALTHCHECK as a container's shell would, but against `url`. */
async function healthcheck(url: string, cwd = ROOT): Promise<number | null> {
  const line = /^HEALTHCHECK [^]*?CMD (.+)$/m.exec(DOCKERFILE)?.[1] ?? '';
  assert.ok(line.includes('http://127.0.0.1:7331'), 'the line asks the port of the image');
  const child = spawn('sh', ['-c', line.replace('http://127.0.0.1:7331', url)], {
    cwd,
    stdio: 'ignore',
  });
  await once(child, 'close');
  return child.exitCode;
}

async function until(status: string): Promise<void> {
  await waitFor(status, async () => (await sendRequest(service.url, '/health')).json['status'] === status);
}

test('HEALTHCHECK: degraded still serves and is well; unhealthy, gone or unasked are not', async () => {
  await until('healthy');
  assert.equal(await healthcheck(service.url), 0);
  redis.freeze();
  await until('degraded');
  assert.equal(await healthcheck(service.url), 0);
  redis.thaw();
  await postgres.freeze();
  await until('unhealthy');
  assert.equal(await healthcheck(service.url), 1);
  await postgres.thaw();
  await until('healthy');
  assert.equal(await healthcheck('http://127.0.0.1:1'), 1);
  assert.equal(await healthcheck(service.url, tmpdir()), 1, 'where the program is missing');
});

test('each probe of Kubernetes asks a door that is there, for what it is for', async () => {
  const probes = [
    ...readDeployFile('kubernetes/deployment.yml').matchAll(/(\w+)Probe:\s+httpGet: \{ path: (\S+),/g),
  ];
  assert.deepEqual(
    probes.map(([, probe, path]) => [probe, path]),
    [
      ['startup', '/startupz'],
      ['liveness', '/livez'],
      ['readiness', '/readyz'],
    ],
  );
  for (const [, , path = ''] of probes)
    assert.equal((await sendRequest(service.url, path)).status, 200, path);
});

test('in Kubernetes the data folder is one that the service makes below the mount, which belongs to root', () => {
  const text = readDeployFile('kubernetes/deployment.yml');
  const mount = /mountPath: (\S+) \}/.exec(text)?.[1];
  assert.ok(mount);
  assert.ok(text.includes(`{ name: PORTAL_DATA_DIR, value: ${mount}/`));
});

test('every setting that the files name is one that the service knows', () => {
  const known = new Set<string>(Object.values(SETTINGS).map(({ variable }) => variable));
  const files = [
    'docker/Dockerfile',
    'docker/compose.yml',
    'kubernetes/deployment.yml',
    'systemd/portal.service',
  ];
  for (const file of files) {
    for (const [name] of readDeployFile(file).matchAll(/\b(PORTAL_[A-Z_]+|[A-Z]+_URL)\b/g)) {
      assert.ok(known.has(name), `${file} names ${name}`);
    }
  }
});

test('what compose gives the service are settings, and the service takes them', () => {
  const { services } = parse(readDeployFile('docker/compose.yml')) as { services: Record<string, Composed> };
  const { portal } = services;
  assert.ok(portal);
  const known = new Set<string>(Object.values(SETTINGS).map(({ variable }) => variable));
  const given = Object.entries(portal.environment ?? {});
  assert.deepEqual(
    given.filter(([name]) => !known.has(name)),
    [],
  );
  const values = given.map(([name, value]) => [
    name,
    value.replace(/\$\{POSTGRES_PASSWORD:\?[^}]*\}/, 'f3a9'),
  ]);
  const config = readConfig({ ...settingsOfImage(), ...(Object.fromEntries(values) as object) });
  assert.equal(config.databaseUrl, 'postgres://portal:f3a9@postgres:5432/portal');
  assert.equal(config.redisUrl, 'redis://redis:6379/0');
  assert.equal(config.publicUrl?.origin, `http://${portal.ports?.[0]?.replace(/:\d+$/, '')}`);
  assert.equal(portal.volumes?.[0]?.split(':')[1], config.dataDir);
  // Both are waited for, so both say how they are.
  for (const name of ['postgres', 'redis']) {
    assert.deepEqual(portal.depends_on?.[name], { condition: 'service_healthy' });
    assert.ok(services[name]?.healthcheck?.test);
  }
});

/** The members of a service of compose that are read here. */
interface Composed {
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly healthcheck?: { readonly test?: unknown };
}

function settingsOfImage(): Record<string, string> {
  const [, line = ''] = /^ENV (.+)$/m.exec(DOCKERFILE) ?? [];
  return Object.fromEntries(line.split(' ').map((pair) => pair.split('=') as [string, string]));
}

test('the image is built from every folder that the lock file and the compiler name', () => {
  const copied = [...DOCKERFILE.matchAll(/^COPY (?!--from)(\S.*) \S+$/gm)].flatMap(([, paths = '']) =>
    paths.split(' '),
  );
  const { workspaces } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { workspaces: string[] };
  for (const folder of workspaces) {
    assert.ok(
      copied.some((path) => folder.startsWith(`${path}/`) || path === `${folder}/package.json`),
      `${folder} is not there when npm ci asks for it`,
    );
  }
  for (const path of copied) assert.ok(existsSync(`${ROOT}${path}`), path);
});
