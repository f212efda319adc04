/**
 * `portal-health/auto` by `NODE_OPTIONS`, in commands of several programs: the one that has the stores is watched, and not
 * the one that was first.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { withApp, type App } from './auto-app.js';
import { REPOSITORY } from './packed.js';

const APPLICATION = `
  const { Pool } = require('pg');
  const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.argv[2]) });
  // It ends with the program that has started it, however that ends.
  process.stdin.on('end', () => process.exit()).resume();`;
/** Starts the application when it is told to, as one that compiles first, and again when that has ended. */
const LAUNCHER = `
  const { spawn } = require('node:child_process');
  let size = 0;
  let child;
  process.on('SIGUSR2', () => {
    child?.kill('SIGKILL');
    child = spawn(process.execPath, [__dirname + '/application.cjs', String((size += 1))], { stdio: ['pipe', 'inherit', 'inherit'] });
  });
  console.log('launcher', process.pid);
  setInterval(() => undefined, 1000);`;

let postgres: PostgresServer;
let folder: string;
let port: number;

before(async () => {
  postgres = await startPostgres();
  folder = await mkdtemp(join(tmpdir(), 'portal-launcher-'));
  await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'application.cjs'), APPLICATION);
  await writeFile(join(folder, 'launcher.cjs'), LAUNCHER);
  const server = createServer().listen(0, '127.0.0.1');
  await waitFor('a port', () => server.listening);
  ({ port } = server.address() as AddressInfo);
  server.close();
});

after(async () => {
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `work` with the launcher, whose process it is given, and with what is at the port. */
async function withLauncher(
  work: (app: App, start: () => void, size: () => Promise<number | null | undefined>) => Promise<void>,
): Promise<void> {
  const options = {
    args: [],
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_OPTIONS: '--import portal-health/auto',
      PORTAL_HEALTH_PORT: String(port),
      DATABASE_URL: await postgres.createDatabase(),
    },
  };
  await withApp(
    'launcher.cjs',
    async (app) => {
      await waitFor('the launcher', () => app.said().includes('launcher '));
      const pid = Number(/launcher (\d+)/.exec(app.said())?.[1]);
      const start = (): void => void process.kill(pid, 'SIGUSR2');
      await work(app, start, async () => {
        const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
        const report = (await response?.json()) as { db_statistics: { size: number | null } } | undefined;
        return report?.db_statistics.size;
      });
    },
    options,
  );
}

const LONG = { timeoutMs: 40_000, everyMs: 100 };

test('a program that starts others gives the port to the one that has a store, each time it is started', async () => {
  await withLauncher(async (app, start, size) => {
    await waitFor('it to say that it has found nothing', async () => (await size()) === null, LONG);
    for (const [index, name] of ['started', 'started again', 'and again'].entries()) {
      start();
      await waitFor(`the application, ${name}`, async () => (await size()) === index + 1, LONG);
    }
    const lines = app.lines();
    assert.match(lines[0] ?? '', /has found no pool/);
    assert.equal(lines.filter((line) => /has found nothing to watch, and leaves/.test(line)).length, 1);
    assert.equal(lines.filter((line) => line.includes('is not watched')).length, 0, app.said());
  });
});

test('where the application was first, the program that has started it keeps away', async () => {
  await withLauncher(async (app, start, size) => {
    start();
    await waitFor('the application', async () => (await size()) === 1, LONG);
    await waitFor('the launcher to say so', () => app.lines().length === 2, LONG);
    assert.match(app.lines().join('\n'), /watches database \(pg[^]*has found nothing to watch, and leaves/);
    assert.equal(await size(), 1);
  });
});

test('what somebody asks who has none of it is not answered by giving the port up', async () => {
  await withLauncher(async (_app, start, size) => {
    start();
    await waitFor('the application', async () => (await size()) === 1, LONG);
    const response = await fetch(`http://127.0.0.1:${port}/portal-health/port`, { method: 'POST' });
    assert.equal(response.status, 404);
    assert.equal(await size(), 1);
  });
});
