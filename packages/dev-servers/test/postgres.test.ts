import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { isRunning, waitFor } from 'portal-test-kit';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../src/postgres.js';
import { childrenOf, processesIn, signalAll } from '../src/processes.js';
import { CHECKOUT_DATA, copyDataDir, makeDataDir } from './folders.js';
import { statusOf, userOf } from './process-status.js';

async function start(t: TestContext, options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres(options);
  t.after(() => postgres.close());
  return postgres;
}

async function query(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
    return rows[0]?.[0];
  } finally {
    await client.end();
  }
}

/** A process that holds both servers, and what it printed when they ran. */
async function startHolder(
  t: TestContext,
  dataDir: string,
  prefix: readonly string[] = [],
): Promise<{ holder: ChildProcess; pids: number[]; url: string }> {
  const holder = spawnHolder(t, [dataDir, CHECKOUT_DATA], prefix);
  const complaint = text(holder.stderr ?? Readable.from([]));
  const line = await new Promise<string>((resolve, reject) => {
    holder.stdout?.once('data', (data: Buffer) => resolve(data.toString()));
    holder.once('close', () => void complaint.then((said) => reject(new Error(said))));
  });
  return { holder, ...(JSON.parse(line) as { pids: number[]; url: string }) };
}

function spawnHolder(
  t: TestContext,
  folders: readonly string[],
  prefix: readonly string[] = [],
): ChildProcess {
  const file = fileURLToPath(new URL('holder.js', import.meta.url));
  const [program = '', ...args] = [...prefix, process.execPath, file, ...folders];
  const holder = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => holder.kill('SIGKILL'));
  return holder;
}

async function kill(holder: ChildProcess): Promise<void> {
  const ended = once(holder, 'exit');
  holder.kill('SIGKILL');
  await ended;
}

const NONE = [0n];
/** `CAP_DAC_READ_SEARCH`, or where that cannot be had, `CAP_DAC_OVERRIDE`. */
const REACHES_FILES = [1n << 2n, 1n << 1n];

async function capabilitiesOf(pid: number): Promise<bigint> {
  const [digits = ''] = await statusOf(pid, 'CapEff');
  return BigInt(`0x${digits}`);
}

function succeeds(program: string, ...args: readonly string[]): Promise<boolean> {
  return promisify(execFile)(program, args).then(
    () => true,
    () => false,
  );
}

function mayMakeNamespace(): Promise<boolean> {
  return succeeds('unshare', '--user', 'true');
}

/** Words that let a command make no user namespace: the kernel refuses it to whoever has a root folder of its own. */
async function asInContainer(t: TestContext): Promise<readonly string[]> {
  // Nobody but root has need of one.
  if (process.getuid?.() !== 0 || !(await mayMakeNamespace())) return [];
  const root = await mkdtemp(join(SCRATCH_FOLDER, 'portal-root-'));
  t.after(() => rmdir(root));
  const script = 'PATH=$PATH:/usr/sbin:/sbin && mount --rbind / "$0" && exec chroot "$0" "$@"';
  return ['unshare', '--mount', 'sh', '-c', script, root];
}

/** Every server with its children: all that must be gone. */
async function familyOf(pids: readonly number[]): Promise<readonly number[]> {
  const children = await Promise.all(pids.map(childrenOf));
  return [...pids, ...children.flat()];
}

async function noneRuns(pids: readonly number[]): Promise<boolean> {
  return !(await Promise.all(pids.map(isRunning))).includes(true);
}

/** Whether anybody can walk to where the programs lie. */
function programsAreOpen(): Promise<boolean> {
  const reachesThis = ['--reuid=65534', '--clear-groups', 'test', '-e', fileURLToPath(import.meta.url)];
  return succeeds('setpriv', ...reachesThis);
}

/** A number that is handed out by nobody. */
function isOfItsOwn(uid: number | undefined): boolean {
  return uid !== undefined && uid >= 60_706 && uid <= 61_183;
}

/** What a first start leaves, with a table in it: made once, because making a database takes its time. */
const seed = await mkdtemp(join(SCRATCH_FOLDER, 'portal-seed-'));
const SEED = join(seed, 'not', 'there', 'yet');
const firstOutput: string[] = [];

before(async () => {
  await chmod(seed, 0o755);
  const first = await startEmbeddedPostgres({ dataDir: SEED, announce: (line) => firstOutput.push(line) });
  try {
    await query(first.url, 'create table kept as select 42 as answer');
  } finally {
    await first.close();
  }
  assert.equal(await isRunning(first.pid), false);
});

after(() => rm(seed, { recursive: true, force: true, maxRetries: 10 }));

test('The first start makes a database and says so, the second finds what the first left.', async (t) => {
  assert.deepEqual(firstOutput, [`Making a database in ${SEED}/postgres …`]);
  const { url } = await start(t, { dataDir: await copyDataDir(t, SEED), announce: assert.fail });
  assert.equal(await query(url, 'select answer from kept'), 42);
  assert.equal(await query(url, 'show server_encoding'), 'UTF8');
  assert.equal(await query(url, 'show fsync'), 'on');
});

test('It is not root, listens to this machine only, and lets nobody in without the password.', async (t) => {
  const { url, pid } = await start(t, { dataDir: await copyDataDir(t, SEED) });
  const us = process.getuid?.();
  const user = await userOf(pid);
  assert.ok(us === 0 ? isOfItsOwn(user) : user === us, `it runs as ${user}`);
  // Unless the programs themselves lie where nobody but root can reach them, and root may not make a namespace.
  const needsMore = us === 0 && !(await programsAreOpen()) && !(await mayMakeNamespace());
  assert.ok((needsMore ? REACHES_FILES : NONE).includes(await capabilitiesOf(pid)));
  assert.equal(await query(url, 'show listen_addresses'), '127.0.0.1');
  const { password } = new URL(url);
  await assert.rejects(query(url.replace(password, 'guess'), 'select 1'), { code: '28P01' });
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
  assert.equal(commandLine.includes(password), false);
});

test('Below a folder that is closed to everybody else it works all the same.', async (t) => {
  const closed = await copyDataDir(t, seed);
  await chmod(closed, 0o700);
  const dataDir = join(closed, 'not', 'there', 'yet');
  const first = await start(t, { dataDir });
  assert.equal(await query(first.url, 'select answer from kept'), 42);
  await first.close();
  // And again when the folder was opened, where the files belong to another user by now.
  await chmod(closed, 0o755);
  const second = await start(t, { dataDir });
  assert.equal(await query(second.url, 'select answer from kept'), 42);
});

test('As root in a container, below a closed folder, it is a user of its own that holds no privilege.', async (t) => {
  const closed = await copyDataDir(t, seed);
  await chmod(closed, 0o700);
  const { holder, pids, url } = await startHolder(
    t,
    join(closed, 'not', 'there', 'yet'),
    await asInContainer(t),
  );
  const family = await familyOf(pids);
  assert.equal(await query(url, 'select answer from kept'), 42);
  const [postgres = 0] = pids;
  const us = process.getuid?.();
  const user = await userOf(postgres);
  assert.ok(us === 0 ? isOfItsOwn(user) : user === us, `it runs as ${user}`);
  if (await programsAreOpen()) assert.equal(await capabilitiesOf(postgres), 0n);
  await kill(holder);
  await waitFor('every server to end', () => noneRuns(family));
});

test('As root in a container, with programs in a closed folder, a server can reach files and nothing else.', async (t) => {
  if (process.getuid?.() !== 0) return;
  const closed = await makeDataDir(t);
  await chmod(closed, 0o700);
  const identity = JSON.stringify(import.meta.resolve('../src/identity.js'));
  const script = `const { chooseIdentity, runAs } = await import(${identity});
    const chosen = await chooseIdentity({ program: process.argv[1], env: {}, uid: 61000 });
    console.log(await runAs(chosen, ['cat', '/proc/self/status']));`;
  await writeFile(join(closed, 'program'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  const [program, ...args] = [...(await asInContainer(t)), process.execPath];
  const command = [...args, '--input-type=module', '-e', script, join(closed, 'program')];
  const { stdout } = await promisify(execFile)(program, command);
  assert.match(stdout, /^Uid:\t61000\t61000\t61000\t61000$/m);
  assert.ok(REACHES_FILES.includes(BigInt(`0x${/^CapEff:\t(\w+)$/m.exec(stdout)?.[1]}`)), stdout);
});

test('SIGKILL of the service leaves no server behind, and the next start finds everything.', async (t) => {
  const dataDir = await copyDataDir(t, SEED);
  const { holder, pids } = await startHolder(t, dataDir);
  // It says that it is ready before it has started every one of them.
  await waitFor('the children of Postgres', async () => (await familyOf(pids)).length > 5);
  const family = await familyOf(pids);
  await kill(holder);
  // At once, while the old one may still be on its way out.
  const next = await start(t, { dataDir });
  assert.equal(await query(next.url, 'select answer from kept'), 42);
  await waitFor('every server to end', () => noneRuns(family));
});

test('SIGKILL of the service ends servers that are frozen, too.', async (t) => {
  const dataDir = await copyDataDir(t, SEED);
  const { holder, pids } = await startHolder(t, dataDir);
  const family = await familyOf(pids);
  signalAll(family, 'SIGSTOP');
  await kill(holder);
  await waitFor('every server to end', () => noneRuns(family));
});

test('A frozen server is closed in good time.', async (t) => {
  const postgres = await start(t, { dataDir: await copyDataDir(t, SEED) });
  const family = await familyOf([postgres.pid]);
  signalAll(family, 'SIGSTOP');
  await postgres.close();
  await waitFor('every process to end', () => noneRuns(family));
});

test('Servers that are killed come back at the same URL, with the data.', async (t) => {
  const dataDir = await copyDataDir(t, SEED);
  const said: string[] = [];
  const postgres = await start(t, { dataDir, announce: (line) => said.push(line) });
  const { pid } = postgres;
  signalAll([pid], 'SIGKILL');
  await waitFor('Postgres to come back', () => postgres.pid !== pid, { timeoutMs: 20_000 });
  assert.equal(await query(postgres.url, 'select answer from kept'), 42);
  await waitFor('it to be announced', () => said.includes('Postgres is back.'));
});

test('The status file of a killed server does not fool it, whoever has that process id now.', async (t) => {
  const dataDir = await copyDataDir(t, SEED);
  const other = await start(t, { dataDir: await copyDataDir(t, SEED) });
  const first = await start(t, { dataDir });
  await first.close();
  // The id of a Postgres, of the same user, that works elsewhere: the hardest to tell.
  await writeFile(
    join(dataDir, 'postgres', 'postmaster.pid'),
    `${other.pid}\n${dataDir}/postgres\n1\n5432\n\n127.0.0.1\n1 1\nready\n`,
  );
  const second = await start(t, { dataDir });
  assert.equal(await query(second.url, 'select 1'), 1);
});

test('A second service on the same folder is told who has it.', async (t) => {
  const dataDir = await copyDataDir(t, SEED);
  const { holder, url } = await startHolder(t, dataDir);
  await assert.rejects(startEmbeddedPostgres({ dataDir }), {
    message:
      `The data in ${dataDir}/postgres is in use by another service (process ${holder.pid}); ` +
      'stop that one, or give each a PORTAL_DATA_DIR of its own.',
  });
  assert.equal(await query(url, 'select 1'), 1);
});

test('Of two services that start at once on a new folder, one gets it and both are told the truth.', async (t) => {
  const dataDir = await makeDataDir(t);
  const { holder } = await Promise.any([startHolder(t, dataDir), startHolder(t, dataDir)]);
  await assert.rejects(startEmbeddedPostgres({ dataDir }), { message: new RegExp(`process ${holder.pid}`) });
});

test('The kernel holds the lock of the folder for as long as the server runs, whoever it runs as.', async (t) => {
  if (process.platform !== 'linux') return;
  const dataDir = await copyDataDir(t, SEED);
  const takeLock = (): Promise<boolean> =>
    succeeds('flock', '--nonblock', join(dataDir, 'postgres.lock'), 'true');
  const postgres = await start(t, { dataDir });
  assert.equal(await takeLock(), false);
  await postgres.close();
  await waitFor('the lock to be free', takeLock);
});

test('A first start that is killed half-way is begun anew by the next.', async (t) => {
  const dataDir = await makeDataDir(t);
  const holder = spawnHolder(t, [dataDir]);
  await waitFor('half a database', async () => {
    const names = await readdir(dataDir, { recursive: true });
    return names.some((name) => name.includes('.making-') && name.endsWith('global/pg_control'));
  });
  await kill(holder);
  const { url } = await start(t, { dataDir });
  assert.equal(await query(url, 'select 1'), 1);
  const left = await readdir(dataDir);
  assert.deepEqual(left.toSorted(), ['postgres', 'postgres.lock', 'postgres.log', 'postgres.password']);
});

test('Data that cannot be used is said to be so, and left as it is.', async (t) => {
  const damages: readonly [RegExp, (folder: string) => Promise<void>][] = [
    [
      /could not read file "global\/pg_control"/,
      (folder) => writeFile(join(folder, 'global/pg_control'), 'x'),
    ],
    [/cannot be used: .*does not exist/, (folder) => rm(join(folder, 'base'), { recursive: true })],
    [/it is not complete\./, (folder) => rm(join(folder, 'PG_VERSION'))],
    [
      /made by Postgres 15, and this is Postgres 18/,
      (folder) => writeFile(join(folder, 'PG_VERSION'), '15\n'),
    ],
    [/its password in .* cannot be read \(ENOENT\)/, (folder) => rm(`${folder}.password`)],
    [/password authentication failed/, (folder) => writeFile(`${folder}.password`, 'another\n')],
  ];
  for (const [sentence, damage] of damages) {
    const dataDir = await copyDataDir(t, SEED);
    await damage(join(dataDir, 'postgres'));
    const there = await readdir(join(dataDir, 'postgres'), { recursive: true });
    await assert.rejects(startEmbeddedPostgres({ dataDir }), (error: Error) => {
      assert.match(error.message, sentence);
      assert.match(error.message, /Nothing in it was deleted; restore it from a backup/);
      return true;
    });
    const left = new Set(await readdir(join(dataDir, 'postgres'), { recursive: true }));
    const lost = there.filter((name) => !left.has(name));
    // A cache, which Postgres makes anew at every start.
    assert.deepEqual(
      lost.filter((name) => !name.endsWith('pg_internal.init')),
      [],
    );
    assert.deepEqual(await processesIn(join(dataDir, 'postgres'), 'postgres'), []);
  }
});

test('A data folder that cannot be written to is said to be so.', async (t) => {
  const file = join(await makeDataDir(t), 'file');
  await writeFile(file, '');
  for (const dataDir of ['/proc/portal/data', join(file, 'data')]) {
    await assert.rejects(startEmbeddedPostgres({ dataDir }), {
      message: new RegExp(
        String.raw`^The data folder ${dataDir} cannot be written to \(\w+\); set PORTAL_DATA_DIR to one that can\.$`,
      ),
    });
  }
});

test('A folder of one user cannot be used by another, who is told so.', async (t) => {
  const dataDir = join(await makeDataDir(t), 'closed');
  await mkdir(dataDir, { mode: 0o700 });
  const file = fileURLToPath(new URL('holder.js', import.meta.url));
  // Root can give the folder away, and try without the privilege to enter it all the same; to anybody else root's
  // folders are closed anyway.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await chown(dataDir, 65_534, 65_534);
  const foreign = isRoot ? dataDir : '/root/portal';
  const other = isRoot ? ['--bounding-set=-dac_override,-dac_read_search'] : [];
  const child = spawn('setpriv', [...other, process.execPath, file, foreign], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const printed: Buffer[] = [];
  child.stderr.on('data', (bytes: Buffer) => printed.push(bytes));
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 1);
  assert.match(Buffer.concat(printed).toString(), /The data folder .* cannot be written to \(EACCES\)/);
});
