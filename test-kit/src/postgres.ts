/**
 * A real Postgres to break on purpose, with a cluster of its own.
 */
import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { withFreePort } from 'portal-dev-servers/free-port';
import { giveTo } from 'portal-dev-servers/identity';
import {
  ClusterNotStartedError,
  startCluster,
  SUPERUSER,
  type Toolbox,
} from 'portal-dev-servers/postgres-cluster';
import { childrenOf, signalAll } from 'portal-dev-servers/processes';
import type { ServerProcess } from 'portal-dev-servers/server-process';
import { makeServerFolder } from './paths.js';
import { copyTemplate, openToolbox, PASSWORD } from './postgres-template.js';
import { waitUntilGone } from './signals.js';
import { waitFor } from './wait.js';

/** A running Postgres. A method resolves when the server has done it. */
export interface PostgresServer {
  /** Of the superuser `portal`, in the database `postgres`. */
  readonly url: string;
  readonly port: number;
  /** Of the postmaster; another one after `restart`. */
  readonly pid: number;
  /** A new, empty database, owned by the ordinary role `app`; resolves with that role's URL. */
  createDatabase(): Promise<string>;
  /** Runs SQL as the superuser, in the database `postgres`, over a connection made for it. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Stops every process where it is (SIGSTOP); the kernel still accepts connections for it. */
  freeze(): Promise<void>;
  /** Halts the postmaster only: open connections work, new ones hang. */
  freezePostmaster(): void;
  thaw(): Promise<void>;
  /** Refuses writes, in every session, as a standby does; `false` ends it. */
  readOnly(on: boolean): Promise<void>;
  /**
   * Takes every connection that an ordinary role can have, also those that become free: the next is refused with
   * 53300. Returns its end.
   */
  fillConnections(): Promise<() => Promise<void>>;
  /** SIGKILL to every process, which is what a crash looks like. */
  kill(): Promise<void>;
  /** Stops it in good order; clients are disconnected. */
  stop(): Promise<void>;
  /** Starts it again, at the same port and with the same data, whether or not it still runs. */
  restart(): Promise<void>;
  /** Like `restart`, but as a server that is still starting: every login is refused with 57P03 until `restart`. */
  restartStarting(): Promise<void>;
  /** Like `restart`, but as a hot standby: reads only, `pg_is_in_recovery()` is true, until `restart`. */
  restartStandby(): Promise<void>;
  /** What it has logged since the start. */
  readLog(): Promise<string>;
  /** Ends it, frozen or not, and deletes its data. */
  close(): Promise<void>;
}

/** What counts is the start: nothing need survive a power cut, nothing be ready for a crowd. */
const SETTINGS = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  // In its folder, and gone with it.
  dynamic_shared_memory_type: 'mmap',
  autovacuum: 'off',
  shared_buffers: '16MB',
  max_connections: 50,
  min_wal_size: '8MB',
  max_wal_size: '64MB',
};

/**
 * Starts a Postgres for a test file, in about 0.3 s.
 *
 * @param options.settings - settings of Postgres besides the kit's own, e.g. `{ max_connections: 10 }`
 * @param options.place - the folder in which its own is made, such as a disk that can be filled
 */
export async function startPostgres({
  settings = {},
  place,
}: {
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly place?: string;
} = {}): Promise<PostgresServer> {
  const folder = await makeServerFolder('postgres', place);
  try {
    const toolbox = await openToolbox(folder);
    await copyTemplate(toolbox, join(folder, 'data'));
    return await start(toolbox, folder, { ...SETTINGS, ...settings });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function start(
  toolbox: Toolbox,
  folder: string,
  settings: Readonly<Record<string, string | number>>,
): Promise<PostgresServer> {
  const data = join(folder, 'data');
  const { port, server: first } = await withFreePort(
    async (candidate) => ({ port: candidate, server: await launch(candidate) }),
    (error) => error instanceof ClusterNotStartedError && error.portIsTaken,
  );
  let server = first;
  let databases = 0;

  function launch(at: number, more: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    return startCluster(toolbox, {
      folder: data,
      port: at,
      settings: { ...settings, ...more },
      logFile: join(folder, 'log'),
      orphanSignal: 'QUIT',
      orphanFolder: folder,
      startTimeoutMs: 30_000,
    });
  }

  function urlOf(role: string, database: string): string {
    return `postgres://${role}:${PASSWORD}@127.0.0.1:${port}/${database}`;
  }

  const query: PostgresServer['query'] = (sql, values) => queryAt(urlOf(SUPERUSER, 'postgres'), sql, values);

  async function kill(): Promise<void> {
    if (server.hasEnded()) return;
    signalAll([server.pid], 'SIGSTOP');
    const children = await childrenOf(server.pid);
    signalAll([server.pid, ...children], 'SIGKILL');
    await server.wait();
    // They hold the shared memory, without which the next start is refused.
    await waitUntilGone(children);
  }

  async function stop(): Promise<void> {
    if (server.hasEnded()) return;
    await signalFamily(server.pid, 'SIGCONT');
    await server.stop('SIGINT', 10_000);
  }

  async function restart(
    role: 'primary' | 'standby',
    more: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await stop();
    const marker = join(data, 'standby.signal');
    await rm(marker, { force: true });
    if (role === 'standby') {
      await writeFile(marker, '');
      if (toolbox.identity.owner !== undefined) await giveTo(toolbox.identity, marker);
    }
    server = await launch(port, more);
  }

  return {
    url: urlOf(SUPERUSER, 'postgres'),
    port,
    get pid() {
      return server.pid;
    },
    query,
    async createDatabase() {
      databases += 1;
      const name = `test${databases}`;
      if (databases === 1) await query(`create role app login password '${PASSWORD}'`);
      // Without a crash to survive, copying files is twice as fast as writing them to the log.
      await query(`create database ${name} owner app strategy file_copy`);
      return urlOf('app', name);
    },
    freeze: () => signalFamily(server.pid, 'SIGSTOP'),
    freezePostmaster: () => signalAll([server.pid], 'SIGSTOP'),
    thaw: () => signalFamily(server.pid, 'SIGCONT'),
    readOnly: (on) => setReadOnly(query, on),
    fillConnections: () => fillConnections(query, urlOf('filler', 'postgres')),
    kill,
    stop,
    restart: () => restart('primary'),
    restartStarting: () => restart('standby', { hot_standby: 'off' }),
    restartStandby: () => restart('standby'),
    readLog: () => readFile(join(folder, 'log'), 'utf8'),
    async close() {
      // The fastest end that gives the kernel back its shared memory.
      await server.stop('SIGQUIT', 5_000);
      await freeSharedMemory(data);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function signalFamily(postmaster: number, name: NodeJS.Signals): Promise<void> {
  // The postmaster first, so that it has no more children after they were listed.
  signalAll([postmaster], name);
  signalAll(await childrenOf(postmaster), name);
}

async function queryAt(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    // Without values by the simple protocol, which takes several statements at once.
    const result = await client.query(sql, values.length > 0 ? [...values] : undefined);
    return result.rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

async function setReadOnly(query: PostgresServer['query'], on: boolean): Promise<void> {
  const value = on ? 'on' : 'off';
  await query(`alter system set default_transaction_read_only = ${value}`);
  await query('select pg_reload_conf()');
  await waitFor(`default_transaction_read_only = ${value}`, async () => {
    const [row] = await query('show default_transaction_read_only');
    return row?.['default_transaction_read_only'] === value;
  });
}

/** By a role of its own, whose connections have this URL. Returns its end. */
async function fillConnections(query: PostgresServer['query'], url: string): Promise<() => Promise<void>> {
  await query(`do $$ begin
    if not exists (select from pg_roles where rolname = 'filler') then
      create role filler login password '${PASSWORD}';
    end if;
  end $$`);
  const clients: Client[] = [];
  const isTaken = async (): Promise<boolean> => {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
    } catch (error) {
      if ((error as { code?: string }).code === '53300') return false;
      throw error;
    }
    clients.push(client);
    return true;
  };
  // Somebody else's connection may be on its way out and leave a place free a moment later: so it is full only
  // when it has been full for a while, and stays full because every place that is left is taken again.
  for (let refusals = 0; refusals < 5;) {
    if (await isTaken()) {
      refusals = 0;
      continue;
    }
    refusals += 1;
    await sleep(50);
  }
  const over = new AbortController();
  const kept = (async () => {
    // A server that the test stops or freezes meanwhile has no place to take.
    while (!over.signal.aborted) if (!(await isTaken().catch(() => false))) await sleep(50);
  })();
  return async () => {
    over.abort();
    await kept;
    await Promise.all(clients.map((client) => client.end()));
    // On a busy machine a session ends later than its client.
    const areGone = async (): Promise<boolean> =>
      (await query(`SELECT FROM pg_stat_activity WHERE usename = 'filler'`)).length === 0;
    await waitFor('the end of those sessions', areGone);
  };
}

/** What a killed server could not do itself: without it, some thousand test runs use up all that the kernel has. */
async function freeSharedMemory(data: string): Promise<void> {
  const status = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const id = status.split('\n')[6]?.trim().split(/\s+/)[1];
  if (id !== undefined) await promisify(execFile)('ipcrm', ['--shmem-id', id]).catch(() => undefined);
}
