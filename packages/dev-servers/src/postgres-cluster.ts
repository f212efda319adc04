/**
 * A Postgres cluster as such: made in a folder, started on a port. Which folder, which port, and what to do when that
 * fails is for the caller: the service keeps its data, a test throws it away.
 */
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { giveTo, reach, type ServerIdentity } from './identity.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import { workingFolderOf } from './processes.js';
import {
  LOCKED,
  type ServerProcess,
  type ServerProcessOptions,
  startServerProcess,
} from './server-process.js';

/** The one role of a new cluster, a superuser. */
export const SUPERUSER = 'portal';

/** The programs and the user to run them as. */
export interface Toolbox {
  readonly binaries: PostgresBinaries;
  readonly identity: ServerIdentity;
}

export interface NewCluster {
  /** Must not exist yet. */
  readonly folder: string;
  readonly password: string;
  readonly lockFile?: string;
  /** Arguments of `initdb` besides. */
  readonly args?: readonly string[];
}

/** What stands between the name of a cluster and the random end of the name that it has while it is made. */
export const MAKING = '.making-';

/**
 * Makes a cluster: UTF-8, sorted by code point, passwords by SCRAM. It is made beside its place and moved there when
 * it is complete, so that a start that was cut short leaves nothing that looks like data.
 *
 * @throws {ClusterNotStartedError} when `initdb` fails
 */
export async function makeCluster(
  { binaries, identity }: Toolbox,
  { folder, password, lockFile, args = [] }: NewCluster,
): Promise<void> {
  const making = await mkdtemp(`${folder}${MAKING}`);
  try {
    const passwordFile = join(making, 'password');
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    // The start after it gives the data to the server's own user.
    const maker = reach(identity.named ?? identity, foldersOf(making, binaries));
    await giveTo(maker, making);
    const initdb = await startServerProcess({
      command: [
        binaries.initdb,
        `--pgdata=${maker.seen(join(making, 'data'))}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${maker.seen(passwordFile)}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-instructions',
        ...args,
      ],
      identity: maker,
      env: maker.seenAll(binaries.env),
      logFile: join(making, 'log'),
      ...(lockFile === undefined ? {} : { lockFile }),
      orphanSignal: 'KILL',
      orphanFolder: making,
    });
    await initdb.wait();
    if (initdb.exitCode() !== 0) {
      // Whoever has the lock may have deleted the folder, and the log with it.
      throw new ClusterNotStartedError(initdb.exitCode(), await initdb.printed().catch(() => ''));
    }
    await rename(join(making, 'data'), folder);
  } finally {
    await rm(making, { recursive: true, force: true, maxRetries: 5 });
  }
}

export interface ClusterOptions extends Pick<
  ServerProcessOptions,
  'logFile' | 'lockFile' | 'orphanSignal' | 'orphanFolder'
> {
  readonly folder: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, string | number>>;
  /** How long it may take until it accepts connections; recovery after a crash included. */
  readonly startTimeoutMs: number;
}

/** A cluster that did not start; `log` is what Postgres said about it. */
export class ClusterNotStartedError extends Error {
  override readonly name = 'ClusterNotStartedError';
  /** `null` when a signal ended it, or it did not end. */
  readonly exitCode: number | null;
  readonly log: string;
  /** What Postgres gave as its reason. */
  readonly reason: string;

  constructor(exitCode: number | null, log: string) {
    const reason = reasonIn(log);
    super(`Postgres did not start: ${reason}.`);
    this.exitCode = exitCode;
    this.log = log;
    this.reason = reason;
  }

  /** Whether another server works in the folder. */
  get folderIsInUse(): boolean {
    return this.exitCode === LOCKED || this.log.includes('lock file "postmaster.pid" already exists');
  }

  /** Whether another process has the port. */
  get portIsTaken(): boolean {
    return this.log.includes('Address already in use');
  }
}

/** The line that says so, or else the last one. */
function reasonIn(log: string): string {
  const lines = log.trim().split('\n');
  const line = lines.findLast((text) => /(?:FATAL|PANIC|error): /.test(text)) ?? lines.at(-1) ?? '';
  return line.replace(/^.*?(?:FATAL|PANIC|error): +/, '') || 'it gave no reason';
}

const STATUS_FILE = 'postmaster.pid';

/**
 * Postgres takes the status file that a killed predecessor left for that of a running server when its process id has
 * a new owner by now, which in a container is the rule. Whoever holds the lock file knows better.
 */
const FORGET_PREDECESSOR = 'rm -f -- "$0"; exec "$@"';

/**
 * Starts the cluster and waits until it accepts connections.
 *
 * @throws {ClusterNotStartedError} when it ends instead, or takes longer than `startTimeoutMs`
 */
export async function startCluster(
  { binaries, identity }: Toolbox,
  { folder, port, settings, startTimeoutMs, ...rest }: ClusterOptions,
): Promise<ServerProcess> {
  if (rest.lockFile !== undefined && (await isAtWork(folder))) throw new ClusterNotStartedError(LOCKED, '');
  await giveTo(identity, folder);
  const given = {
    listen_addresses: '127.0.0.1',
    port,
    // TCP only: a socket's path is limited to 107 bytes, which a folder of ours may well exceed.
    unix_socket_directories: '',
    ...settings,
  };
  const user = reach(identity, foldersOf(folder, binaries));
  const statusFile = user.seen(join(folder, STATUS_FILE));
  const server = await startServerProcess({
    command: [
      ...(rest.lockFile === undefined ? [] : ['sh', '-c', FORGET_PREDECESSOR, statusFile]),
      binaries.postgres,
      '-D',
      user.seen(folder),
      ...Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    identity: user,
    env: user.seenAll(binaries.env),
    ...rest,
  });
  const deadlineMs = performance.now() + startTimeoutMs;
  while (!(await isReady(folder, server.pid))) {
    if (server.hasEnded()) {
      await server.wait();
      throw new ClusterNotStartedError(server.exitCode(), await server.printed());
    }
    if (performance.now() > deadlineMs) {
      await server.stop('SIGINT', 5_000);
      throw new ClusterNotStartedError(null, `it was not ready within ${startTimeoutMs / 1000} s`);
    }
    await sleep(5);
  }
  return server;
}

function foldersOf(folder: string, { links }: PostgresBinaries): readonly string[] {
  return links === undefined ? [folder] : [folder, links];
}

/** Its own status file says so, and says it of this very process: somebody else at our port cannot be mistaken for it. */
async function isReady(folder: string, pid: number): Promise<boolean> {
  const lines = (await readStatus(folder)).split('\n');
  return Number(lines[0]) === pid && /^(?:ready|standby)/.test(lines[7] ?? '');
}

/** Whether a Postgres that does not know our lock file, because somebody started it by hand, works in the folder. */
async function isAtWork(folder: string): Promise<boolean> {
  const [pid] = (await readStatus(folder)).split('\n');
  return (await workingFolderOf(Number(pid))) === folder;
}

function readStatus(folder: string): Promise<string> {
  return readFile(join(folder, STATUS_FILE), 'utf8').catch(() => '');
}
