/**
 * Twelve real instances of one service that are deployed one by one, each with its files and the signed statement of its release, and
 * a service that watches them. Nothing is ever put at the watcher but the public key.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash, createPrivateKey, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { signRelease, startPostgres, startReceiver, waitFor, type TestReceiver } from 'portal-test-kit';
import {
  newAdministrator,
  startServiceProcess,
  WITHOUT_LIMITS,
  type ServiceProcess,
} from './service-process.js';

const CLI = fileURLToPath(
  new URL('../../../packages/integrity/dist/src/cli/portal-integrity.js', import.meta.url),
);
const APP = fileURLToPath(new URL('fleet-source-app.js', import.meta.url));
const PATIENCE = { timeoutMs: 180_000, everyMs: 100 };
const INTERVAL_S = 5;

export interface Release {
  readonly version: string;
  readonly folder: string;
  readonly statement: string;
}

export interface SourceState {
  readonly state: string;
  readonly since: string;
  readonly release: { readonly version: string; readonly sequence: number } | null;
  readonly matching: number;
  readonly reported: number;
  readonly not_reported: number;
  readonly odd: readonly string[];
  readonly refused: readonly { readonly instance: string | null; readonly code: string }[];
}

export interface SourceFixture {
  readonly receiver: TestReceiver;
  readonly service: ServiceProcess;
  readonly targets: readonly string[];
  /** Signs a release: with the key that the watcher pins, unless another is named. */
  release(version: string, sequence: number, options?: { key?: string; expired?: boolean }): Promise<Release>;
  /** Ends an instance and starts it with other files; `edit`: one of them is changed before. */
  deploy(index: number, release: Release, edit?: boolean): Promise<void>;
  read(): Promise<SourceState>;
  /** Status of the service, which nothing here may change but the instances' own word. */
  readStatus(): Promise<string>;
  /** Until the state is `wanted`, such as `rolling 7 of 12`. @returns each that was seen on the way */
  until(wanted: string): Promise<readonly string[]>;
  /** How often an instance was polled until `since`. */
  pollsUntil(index: number, since: string): Promise<number>;
  close(): Promise<void>;
}

export async function startSourceFixture(count: number): Promise<SourceFixture> {
  const undo: (() => unknown)[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'portal-e2e-source-'));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const token = randomBytes(32).toString('hex');
  const digest = createHash('sha256').update(token).digest('hex');
  await writeFile(join(folder, 'token'), token, { mode: 0o600 });
  for (const name of ['release', 'stranger']) {
    await integrity('keygen', join(folder, name));
  }
  const running: (Program | undefined)[] = [];
  const ports: number[] = [];
  let releases = 0;

  async function integrity(...args: readonly string[]): Promise<void> {
    await promisify(execFile)(process.execPath, [CLI, ...args]);
  }

  async function release(
    version: string,
    sequence: number,
    { key = 'release', expired = false }: { key?: string; expired?: boolean } = {},
  ): Promise<Release> {
    releases += 1;
    const place = join(folder, `release-${releases}`);
    const app = join(place, 'app');
    await mkdir(join(app, 'lib'), { recursive: true });
    await writeFile(join(app, 'app.js'), `export const version = '${version}';\n`);
    await writeFile(join(app, 'lib', 'orders.js'), 'export const orders = [];\n');
    const manifest = join(place, 'source.sha256');
    const statement = join(place, 'source.intoto.jsonl');
    await integrity('manifest', app, '--out', manifest);
    const keyFile = join(folder, `${key}.key`);
    const named = ['--release', version, '--sequence', String(sequence)];
    await integrity('sign', app, '--key', keyFile, ...named, '--manifest', manifest, '--out', statement);
    if (expired) {
      const hash = createHash('sha256')
        .update(await readFile(manifest))
        .digest('hex');
      const privateKey = createPrivateKey(await readFile(keyFile));
      const expires = new Date(Date.now() - 60_000);
      await writeFile(
        statement,
        signRelease(hash, { privateKey, publicPem: '' }, { version, sequence, expires }),
      );
    }
    return { version, folder: app, statement };
  }

  async function deploy(index: number, { folder: app, statement }: Release, edit = false): Promise<void> {
    await running[index]?.kill();
    const place = join(folder, `instance-${index}`);
    await rm(place, { recursive: true, force: true });
    await cp(app, join(place, 'app'), { recursive: true });
    await cp(statement, join(place, 'source.intoto.jsonl'));
    if (edit) await writeFile(join(place, 'app', 'lib', 'orders.js'), 'export const orders = [evil];\n');
    const shown = [join(place, 'app'), join(place, 'source.intoto.jsonl'), join(folder, 'release.pub')];
    const started = await startProgram([APP, ...shown, String(ports[index] ?? 0), digest]);
    running[index] = started;
    ports[index] = started.port;
  }

  undo.push(() => Promise.all(running.flatMap((one) => one?.kill() ?? [])));
  const first = await release('1.3.0', 12);
  for (let index = 0; index < count; index += 1) await deploy(index, first);
  const targets = ports.map((port) => `127.0.0.1:${port}`);
  const receiver = await startReceiver();
  undo.push(() => receiver.close());
  const postgres = await startPostgres();
  undo.push(() => postgres.close());
  await writeFile(
    join(folder, 'fleet.json'),
    JSON.stringify({
      fleet: 'prod',
      services: [
        {
          name: 'orders',
          interval: `${INTERVAL_S}s`,
          timeout: `${INTERVAL_S}s`,
          discover: { static: targets.map((target) => `http://${target}`) },
          authorization: { credentials_file: join(folder, 'token') },
          release: { keys: [join(folder, 'release.pub')], minimum_sequence: 12 },
        },
      ],
    }),
  );
  const environment = {
    ...WITHOUT_LIMITS,
    ...receiver.alertSettings('generic'),
    DATABASE_URL: await postgres.createDatabase(),
    PORTAL_DATA_DIR: join(folder, 'data'),
    PORTAL_FETCH_REDIS: 'off',
    PORTAL_FLEET_FILE: join(folder, 'fleet.json'),
  };
  const cookie = await newAdministrator(environment, 'watcher');
  const service = await startServiceProcess(folder, environment);
  undo.push(() => service.stop('SIGTERM'));

  async function get<Document>(path: string): Promise<Document> {
    const response = await fetch(`${service.url}/v1/admin/fleet${path}`, { headers: { Cookie: cookie } });
    assert.equal(response.status, 200, path);
    return (await response.json()) as Document;
  }

  async function read(): Promise<SourceState> {
    const { services } = await get<{ services: (SourceState & { name: string })[] }>('/source');
    return services.find(({ name }) => name === 'orders') ?? assert.fail();
  }

  return {
    receiver,
    service,
    targets,
    release,
    deploy,
    read,
    async readStatus() {
      return (await get<{ service: { status: string } }>('/services/orders')).service.status;
    },
    async until(wanted) {
      const seen: string[] = [];
      await waitFor(
        wanted,
        async () => {
          const { state, matching, reported } = await read();
          const now = `${state} ${matching} of ${reported}`;
          if (seen.at(-1) !== now) seen.push(now);
          return now === wanted;
        },
        PATIENCE,
      ).catch((error: unknown) => assert.fail(`${String(error)} Seen: ${seen.join(', ')}`));
      return seen;
    },
    async pollsUntil(index, since) {
      const response = await fetch(`http://${targets[index]}/polls`);
      // The time is in whole seconds.
      const untilMs = Date.parse(since) + 1_000;
      return ((await response.json()) as number[]).filter((at) => at < untilMs).length;
    },
    async close() {
      for (const step of undo.toReversed()) await step();
    },
  };
}

interface Program {
  readonly port: number;
  kill(): Promise<void>;
}

/** It ends with the test, however that ends. */
async function startProgram(args: readonly string[]): Promise<Program> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const port = (): number => Number(/listening {2}http:\/\/[^:]+:(\d+)/.exec(said)?.[1]);
  await waitFor('an instance that listens', () => port() > 0 || child.exitCode !== null, PATIENCE);
  assert.ok(port() > 0, said);
  return {
    port: port(),
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
