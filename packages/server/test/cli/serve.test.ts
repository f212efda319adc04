/**
 * The service as an operator meets it: started, used, stopped and killed from outside.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import {
  isRunning,
  startPostgres,
  startRedis,
  waitFor,
  type PostgresServer,
  type RedisServer,
} from 'portal-test-kit';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';
import { sendRequest } from '../request.js';
import { MAIN, runPortal, servePortal, type RunningPortal } from '../portal.js';

let redis: RedisServer;
let postgres: PostgresServer;
let folder: string;
const running: RunningPortal[] = [];

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});

after(async () => {
  await Promise.all(running.map((portal) => portal.stop('SIGKILL')));
  await Promise.all([postgres?.close(), redis?.close()]);
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

beforeEach(async () => {
  await Promise.all(running.splice(0).map((portal) => portal.stop('SIGKILL')));
  if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  folder = await mkdtemp(join(SCRATCH_FOLDER, 'portal-serve-'));
});

async function serve(environment: Record<string, string> = {}): Promise<RunningPortal> {
  const portal = await servePortal({
    cwd: folder,
    environment: { REDIS_URL: redis.url, PORTAL_SESSION_DEADLINE_MS: '5000', ...environment },
  });
  running.push(portal);
  return portal;
}

function page({ url }: RunningPortal, cookie: string) {
  return sendRequest(url, '/v1/admin/health', { cookie });
}

function postgresPid(dataDir = join(folder, '.portal')): Promise<number> {
  return readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8').then((text) =>
    Number(text.split('\n')[0]),
  );
}

describe('on the embedded database', () => {
  test('one link and one line to paste open the page; the next start has the same data; only one service in a folder', async () => {
    const first = await serve();
    assert.equal(first.output.stdout.split('\n').filter((line) => line.startsWith('curl ')).length, 1);
    const [line = ''] = /^curl .*$/m.exec(first.output.stdout) ?? [];
    const sessionFile = join(folder, '.portal/service.session');
    assert.equal(line, `curl ${first.url}/v1/admin/health -b "psession=$(cat ${sessionFile})"`);
    assert.equal((await stat(sessionFile)).mode & 0o777, 0o600);
    // As it stands, into a shell.
    const pasted = await promisify(execFile)('sh', ['-c', `${line} --silent --fail`]);
    assert.match(pasted.stdout, /"source_hash":"[0-9a-f]{64}"/);
    assert.ok(
      !`${first.output.stdout}${first.output.stderr}`.includes(first.cookie.slice('psession='.length)),
    );
    const code = /^open {7}(\S+)\/#code=(\w{16})$/m.exec(first.output.stdout);
    assert.equal(code?.[1], first.url);
    const entered = await sendRequest(first.url, '/v1/authentication/verify', {
      method: 'POST',
      body: JSON.stringify({ code: code[2] }),
    });
    assert.deepEqual([entered.status, entered.json['permission_name']], [200, 'Owner']);
    await waitFor('a healthy page', async () => {
      const { status, json } = await page(first, first.cookie);
      return status === 200 && json['status'] === 'healthy';
    });

    const file = join(folder, '.portal/service.json');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const listed = await runPortal(['session', 'list'], {
      cwd: folder,
      environment: { REDIS_URL: redis.url },
    });
    assert.match(listed.stdout, new RegExp(`admin +Owner +…${first.cookie.slice(-6)}`));

    const second = await runPortal(['serve'], {
      cwd: folder,
      environment: { REDIS_URL: redis.url, PORT: '0' },
    });
    assert.equal(second.exitCode, 1);
    assert.match(second.stderr, /^The data in \S+ is in use by another service.*\n$/);

    const pid = await postgresPid();
    assert.equal(await first.stop(), 0);
    assert.ok(!(await isRunning(pid)), 'the database has ended');
    assert.ok(!existsSync(file));
    assert.ok(!existsSync(sessionFile));

    const third = await serve();
    assert.notEqual(third.cookie, first.cookie);
    for (const cookie of [first.cookie, third.cookie]) assert.equal((await page(third, cookie)).status, 200);
    const users = await runPortal(['user', 'list'], { cwd: folder, environment: { REDIS_URL: redis.url } });
    assert.equal(users.stdout.trim().split('\n').length, 2, 'the Owner was made once');
  });

  test('a person at a terminal gets the token itself, and the line of a folder with an odd name can be pasted too', async () => {
    const dataDir = join(folder, `it's $HOME of "ours"`);
    const environment = { REDIS_URL: redis.url, PORTAL_DATA_DIR: dataDir };
    const inLog = await serve(environment);
    const [line = ''] = /^curl .*$/m.exec(inLog.output.stdout) ?? [];
    const pasted = await promisify(execFile)('sh', ['-c', `${line} --silent --fail`]);
    assert.match(pasted.stdout, /"source_hash"/);
    await inLog.stop();

    const command = `exec "${process.execPath}" "${MAIN}" serve`;
    const terminal = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], PORT: '0', ...environment },
    });
    let said = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    try {
      await waitFor('the line to paste', () => /curl \S+ -b "psession=[\w-]{43}"/.test(said), {
        timeoutMs: 60_000,
      });
      assert.equal(existsSync(join(dataDir, 'service.session')), false);
    } finally {
      // Its terminal is closed: it ends as it does by Ctrl-C, and takes its database along.
      const pid = await postgresPid(dataDir);
      terminal.kill('SIGKILL');
      await waitFor('the end of the database', async () => !(await isRunning(pid)));
      await waitFor('the end of the service', () => !existsSync(join(dataDir, 'service.json')));
    }
  });

  test('killed, it leaves no server behind, and the next start is clean', async () => {
    const first = await serve();
    const pid = await postgresPid();
    assert.equal(await first.stop('SIGKILL'), 'SIGKILL');
    await waitFor('the end of the database', async () => !(await isRunning(pid)));
    const second = await serve();
    assert.equal((await page(second, first.cookie)).status, 200);
  });

  test('an admin demoted at the command line is out at the next request, and is not let in by the next start', async () => {
    const first = await serve();
    assert.equal((await page(first, first.cookie)).status, 200);
    const demoted = await runPortal(['user', 'permission', 'admin', 'user'], {
      cwd: folder,
      environment: { REDIS_URL: redis.url },
    });
    assert.equal(demoted.stdout, 'admin is now User.\n');
    assert.equal((await page(first, first.cookie)).status, 403);
    await first.stop();
    const second = await serve();
    assert.equal(second.cookie, '');
    assert.match(second.output.stdout, /portal session create --user NAME/);
  });

  test('a data folder that cannot be written to is reported in a sentence', async () => {
    await writeFile(join(folder, 'file'), '');
    const environment = { REDIS_URL: redis.url, PORTAL_DATA_DIR: join(folder, 'file/data') };
    const { exitCode, stderr } = await runPortal(['serve'], { cwd: folder, environment });
    assert.equal(exitCode, 1);
    assert.match(stderr, /^The data folder .* cannot be written to.*\n$/);
  });
});

describe('on a configured database', () => {
  test('nothing to paste is printed, and the data folder has the history and where the service is, for links', async () => {
    const databaseOfOurs = await postgres.createDatabase();
    const portal = await serve({ DATABASE_URL: databaseOfOurs });
    assert.equal(portal.cookie, '');
    assert.doesNotMatch(portal.output.stdout, /curl|psession|#code/);
    assert.equal((await sendRequest(portal.url, '/health')).status, 200);
    await waitFor('the history', () => existsSync(join(folder, '.portal/history.sqlite')));
    const names = await readdir(join(folder, '.portal'));
    assert.ok(
      names.every((name) =>
        /^((history|fleet)\.sqlite|(service\.json|source\.sha256(\.sequence)?)$)/.test(name),
      ),
      names.join(),
    );
    const { databaseUrl, redisUrl, url } = JSON.parse(
      await readFile(join(folder, '.portal/service.json'), 'utf8'),
    ) as Record<string, unknown>;
    assert.deepEqual([databaseUrl, redisUrl, url], [undefined, undefined, portal.url]);
    // A shell that knows the stores and not the port.
    const environment = { DATABASE_URL: databaseOfOurs, REDIS_URL: redis.url };
    await runPortal(['user', 'add', 'ada'], { cwd: folder, environment });
    const made = await runPortal(['login-code', 'create', '--user', 'ada'], { cwd: folder, environment });
    assert.ok(made.stdout.includes(`${portal.url}/#code=`), made.stdout);
  });

  test('a port that is taken is reported in a sentence', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    try {
      await waitFor('a taken port', () => other.listening);
      const { port } = other.address() as AddressInfo;
      const { exitCode, stderr } = await runPortal(['serve'], {
        cwd: folder,
        environment: {
          DATABASE_URL: await postgres.createDatabase(),
          REDIS_URL: redis.url,
          PORT: String(port),
          PORTAL_LOG_LEVEL: 'silent',
        },
      });
      assert.equal(exitCode, 1);
      assert.equal(
        stderr,
        `Expected \`PORT\` to be a port that nobody listens on at 127.0.0.1, got ${port}, which another program has.\n`,
      );
    } finally {
      other.close();
    }
  });

  test('settings that cannot be used stop the start with exit code 2, and quote no password', async () => {
    const { exitCode, stdout, stderr } = await runPortal(['serve'], {
      cwd: folder,
      environment: {
        DATABASE_URL: 'postgres://portal:p@ss/wo#rd@db/portal',
        PORT: 'http',
        PORTAL_INTERVALL_MS: '5',
      },
    });
    assert.equal(exitCode, 2);
    assert.equal(stdout, '');
    assert.equal(stderr.trim().split('\n').length, 3);
    for (const piece of ['p@ss', '@ss/', 'ss/w', 's/wo', '/wo#', 'wo#r', 'o#rd', 'ss"', 'wo"']) {
      assert.ok(!stderr.includes(piece), piece);
    }
  });

  test('settings may stand in a file .env; the environment comes first', async () => {
    await writeFile(join(folder, '.env'), 'PORT=first\nHOST=second place\n');
    const { stderr } = await runPortal(['serve'], { cwd: folder, environment: { PORT: 'third' } });
    assert.match(stderr, /`PORT` .*got "third"/);
    assert.match(stderr, /`HOST` .*got "second place"/);
  });
});

describe('the end', () => {
  test('SIGTERM under load fails no request, and it ends within 5 s', async () => {
    const portal = await serve({
      DATABASE_URL: await postgres.createDatabase(),
      PORTAL_SHUTDOWN_GRACE_MS: '500',
      PORTAL_LOG_LEVEL: 'info',
    });
    const load = startLoad(portal.url, 20);
    await waitFor('some load', () => load.answered() > 500);
    const startedMs = performance.now();
    const ended = portal.stop('SIGTERM');
    await waitFor(
      'readiness to go first',
      async () => (await sendRequest(portal.url, '/readyz')).status === 503,
    );
    assert.equal((await sendRequest(portal.url, '/livez')).status, 200);
    assert.equal(await ended, 0);
    assert.ok(performance.now() - startedMs < 5_000);
    assert.deepEqual(await load.failures(), []);
  });

  test('a terminal that is closed is a reason to drain, like every other', async () => {
    const portal = await serve({
      DATABASE_URL: await postgres.createDatabase(),
      PORTAL_SHUTDOWN_GRACE_MS: '500',
      PORTAL_LOG_LEVEL: 'info',
    });
    const ended = portal.stop('SIGHUP');
    await waitFor(
      'readiness to go first',
      async () => (await sendRequest(portal.url, '/readyz')).status === 503,
    );
    // The kernel signals the session leader, and the foreground process group once more.
    void portal.stop('SIGHUP');
    assert.equal(await ended, 0);
  });

  test('a request that takes long is waited for, an idle connection is not', async () => {
    const portal = await serve({ DATABASE_URL: await postgres.createDatabase() });
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve, reject) => {
      get(`${portal.url}/health`, { agent }, (incoming) => incoming.resume().on('end', resolve)).on(
        'error',
        reject,
      );
    });
    const startedMs = performance.now();
    assert.equal(await portal.stop('SIGTERM'), 0);
    assert.ok(performance.now() - startedMs < 5_000, 'the idle connection was ended');
    agent.destroy();
  });

  test('frozen stores do not keep it from ending', async () => {
    const portal = await serve({ DATABASE_URL: await postgres.createDatabase() });
    redis.freeze();
    await postgres.freeze();
    try {
      const startedMs = performance.now();
      assert.equal(await portal.stop('SIGTERM'), 0);
      assert.ok(performance.now() - startedMs < 5_000);
    } finally {
      await postgres.thaw();
      redis.thaw();
    }
  });

  test('a second signal ends it at once', async () => {
    const portal = await serve({
      DATABASE_URL: await postgres.createDatabase(),
      PORTAL_SHUTDOWN_GRACE_MS: '4000',
    });
    const ended = portal.stop('SIGTERM');
    await waitFor('readiness to go', async () => (await sendRequest(portal.url, '/readyz')).status === 503);
    assert.equal(await portal.stop('SIGINT'), 130);
    await ended;
  });
});

/** Clients on connections of their own, each asking again as soon as it was answered, until nobody listens. */
function startLoad(url: string, clients: number) {
  const failures: string[] = [];
  let answered = 0;
  async function ask1(agent: Agent, path: string): Promise<boolean> {
    return new Promise((resolve) => {
      const outgoing = get(`${url}${path}`, { agent }, (incoming) => {
        let body = '';
        incoming.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        incoming.on('error', (error) => failures.push(`${path}: ${error.message}`));
        incoming.on('end', () => {
          answered += 1;
          if (!body.endsWith('}')) failures.push(`${path}: ${body}`);
          resolve(true);
        });
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        // Nobody listens any more: not a failed request, but none.
        if (error.code !== 'ECONNREFUSED') failures.push(`${path}: ${error.code}`);
        resolve(false);
      });
    });
  }
  const all = Promise.all(
    Array.from({ length: clients }, async (_, index) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (await ask1(agent, index % 2 === 0 ? '/health' : '/v1/admin/health'));
      agent.destroy();
    }),
  );
  return {
    answered: () => answered,
    async failures() {
      await all;
      return failures;
    },
  };
}
