/**
 * The data folder as another user of the machine meets it, on the service's own servers. Needs root, who alone can be
 * several users.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startRedis, waitFor, type RedisServer } from 'portal-test-kit';
import { startServiceProcess, WITHOUT_LIMITS, type ServiceProcess } from './service-process.js';

const MAIN = fileURLToPath(new URL('../../../packages/server/dist/src/main.js', import.meta.url));
/** A user without a name, `nobody`, and one with a name on every system: the embedded Postgres can only be run by a user with a name. */
const OTHERS = [12_345, 65_534, 2];
const DAEMON = 1;

let redis: RedisServer;
let folder: string;
let service: ServiceProcess | undefined;

before(async () => {
  assert.equal(process.getuid?.(), 0, 'run it as root');
  redis = await startRedis();
});

after(() => redis?.close());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-users-'));
  await chmod(folder, 0o755);
});

afterEach(async () => {
  await service?.stop('SIGKILL');
  service = undefined;
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

function asUser(uid: number): readonly string[] {
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
}

/** Prints every path of its standard input that the kernel lets it list or read; no process for each, of which there are thousands. */
const PROWL = 'while read -r path; do [ -r "$path" ] && echo "$path"; done; true';

/** What another user can read of the folder, given every path in it. */
async function seenBy(uid: number, data: string): Promise<string> {
  const names = await readdir(data, { recursive: true });
  assert.ok(names.includes('service.json') && names.includes('history.sqlite'), names.join());
  const input = ['', ...names].map((name) => `${join(data, name)}\n`).join('');
  const [program, ...args] = [...asUser(uid), 'sh', '-c', PROWL];
  const { stdout, status } = spawnSync(program, args, { input, encoding: 'utf8' });
  assert.equal(status, 0);
  return stdout;
}

async function isClosed(data: string, owner: number): Promise<boolean> {
  const { mode, uid: actual } = await stat(data);
  assert.deepEqual([mode & 0o7777, actual], [0o700, owner]);
  for (const name of await readdir(data)) {
    // A file of a moment, which is renamed to what it shall be, may be gone by now.
    const found = await stat(join(data, name)).catch(() => undefined);
    if (found?.isFile()) assert.equal(found.mode & 0o7777, 0o600, name);
  }
  return true;
}

/** What a start finds open it closes when it opens it, the history in a thread of its own. */
async function untilClosed(data: string, owner: number): Promise<void> {
  await waitFor('every file to be closed to others', () => isClosed(data, owner));
  for (const uid of OTHERS) assert.equal(await seenBy(uid, data), '', `user ${uid}`);
}

for (const owner of [0, DAEMON]) {
  test(`nobody else can read anything while it runs as ${owner === 0 ? 'root' : 'an ordinary user'}, is killed and starts again`, async () => {
    const data = join(folder, '.portal');
    await chown(folder, owner, owner);
    const environment = { REDIS_URL: redis.url, ...WITHOUT_LIMITS, PORTAL_LOG_LEVEL: 'info' };
    const start = async (): Promise<void> => {
      const command = [...(owner === 0 ? [] : asUser(owner))];
      // As carelessly as a launcher can be.
      service = await startServiceProcess(folder, environment, [
        'sh',
        '-c',
        'umask 0; exec "$@"',
        'sh',
        ...command,
      ]);
      await waitFor('the history', async () => (await readdir(data)).includes('history.sqlite-wal'));
    };
    await start();
    await untilClosed(data, owner);
    await service?.stop('SIGKILL');
    await untilClosed(data, owner);
    // And from what an earlier version left.
    for (const name of ['history.sqlite', 'history.sqlite-wal', 'postgres.log'])
      await chmod(join(data, name), 0o644);
    await chmod(data, 0o755);
    await start();
    await untilClosed(data, owner);
    const pid = (await readFile(join(data, 'postgres/postmaster.pid'), 'utf8')).split('\n')[0];
    for (const uid of OTHERS) {
      for (const way of ['cwd/PG_VERSION', 'fd/3/PG_VERSION', 'environ']) {
        const [program, ...args] = [...asUser(uid), 'cat', `/proc/${pid}/${way}`];
        assert.notEqual(spawnSync(program, args).status, 0, `user ${uid}: ${way}`);
      }
    }
  });
}

describe('what somebody else has planted is not believed', () => {
  async function portal(...args: readonly string[]): Promise<{ code: unknown; stderr: string }> {
    const env = { PATH: process.env['PATH'], PORT: '0', REDIS_URL: redis.url, PORTAL_LOG_LEVEL: 'silent' };
    return promisify(execFile)(process.execPath, [MAIN, ...args], { cwd: folder, env, timeout: 60_000 }).then(
      ({ stderr }) => ({ code: 0, stderr }),
      ({ code, stderr }: { code: unknown; stderr: string }) => ({ code, stderr }),
    );
  }

  async function assertRefused(what: RegExp, code = 1): Promise<void> {
    for (const command of [['serve'], ['user', 'list'], ['session', 'create', '--user', 'admin']]) {
      const ended = await portal(...command);
      assert.deepEqual([ended.code, ended.stderr.trim().split('\n').length], [code, 1], ended.stderr);
      assert.match(ended.stderr, what);
    }
  }

  async function plant(path: string, uid: number, text?: string): Promise<void> {
    if (text === undefined) await mkdir(path, { mode: 0o700 });
    else await writeFile(path, text);
    await chown(path, uid, uid);
  }

  const planted = JSON.stringify({
    pid: 1,
    url: 'http://127.0.0.1:9',
    databaseUrl: 'postgres://a:b@127.0.0.1:9/c',
  });

  for (const mode of [0o777, 0o1777, 0o755, 0o700]) {
    test(`a folder of theirs, ${mode.toString(8)}`, async () => {
      const data = join(folder, '.portal');
      await plant(data, 12_345);
      await plant(join(data, 'service.json'), 12_345, planted);
      await chmod(data, mode);
      await assertRefused(
        /^Expected `PORTAL_DATA_DIR` to be a folder of .*: it belongs to user 12345; .*\n$/,
      );
    });
  }

  test('a link of theirs, to a folder of ours or not', async () => {
    await mkdir(join(folder, 'precious'), { mode: 0o755 });
    await chmod(folder, 0o1777);
    const [program, ...args] = [...asUser(12_345), 'ln', '-s', 'precious', join(folder, '.portal')];
    assert.equal(spawnSync(program, args).status, 0);
    await assertRefused(/the link \S+\/\.portal belongs to user 12345/);
    assert.equal((await stat(join(folder, 'precious'))).mode & 0o777, 0o755);
  });

  test('a file of theirs in a folder of ours that was open', async () => {
    const data = join(folder, '.portal');
    await mkdir(data, { mode: 0o700 });
    for (const name of ['service.json', 'postgres.password', 'history.sqlite']) {
      await plant(join(data, name), 12_345, planted);
      const { code, stderr } = await portal('serve');
      assert.equal(code, 1);
      assert.match(
        stderr,
        new RegExp(`with nothing of anybody else in it, .*: ${name} belongs to user 12345`),
      );
      await rm(join(data, name));
    }
    await plant(join(data, 'service.json'), 12_345, planted);
    const { code, stderr } = await portal('user', 'list');
    assert.equal(code, 1);
    assert.match(stderr, /is not believed: it belongs to user 12345\.\n$/);
  });

  test('a database of theirs', async () => {
    const data = join(folder, '.portal');
    await mkdir(data, { mode: 0o700 });
    await plant(join(data, 'postgres'), 12_345);
    await plant(join(data, 'postgres', 'PG_VERSION'), 12_345, '18\n');
    await writeFile(join(data, 'postgres.password'), 'x', { mode: 0o600 });
    const { code, stderr } = await portal('serve');
    assert.equal(code, 1);
    assert.match(stderr, /cannot be used: it belongs to user 12345/);
    assert.equal((await stat(join(data, 'postgres'))).uid, 12_345);
  });

  test('a .env of theirs, or one that they can write to', async () => {
    await plant(join(folder, '.env'), 12_345, 'DATABASE_URL=postgres://a:b@127.0.0.1:9/c\n');
    await assertRefused(/^Expected the file \.env .*: it belongs to user 12345\.\n$/, 2);
    await chown(join(folder, '.env'), 0, 0);
    for (const mode of [0o602, 0o620, 0o666]) {
      await chmod(join(folder, '.env'), mode);
      await assertRefused(/^Expected the file \.env .*: others can write to it/, 2);
    }
    await rename(join(folder, '.env'), join(folder, 'theirs'));
    await chmod(folder, 0o1777);
    await chmod(join(folder, 'theirs'), 0o600);
    const [program, ...args] = [...asUser(12_345), 'ln', '-s', 'theirs', join(folder, '.env')];
    assert.equal(spawnSync(program, args).status, 0);
    await assertRefused(/the link \S+ belongs to user 12345/, 2);
    await rm(join(folder, '.env'));
    await symlink('theirs', join(folder, '.env'));
    assert.match((await portal('user', 'list')).stderr, /cannot be reached/);
  });
});
