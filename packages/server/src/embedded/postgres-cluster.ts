/**
 * A Postgres cluster as such: made in a folder, started on a port. Which folder, which port, and what to do when that
 * fails is for the caller: the service keeps its data, a test throws it away.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { giveTo, type Identity, runAs } from './identity.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import {
  lastLines,
  type ServerProcess,
  type ServerProcessOptions,
  startServerProcess,
} from './server-process.js';

/** The one role of a new cluster, a superuser. */
export const SUPERUSER = 'portal';

/** The programs and the user to run them as. */
export interface Toolbox {
  readonly binaries: PostgresBinaries;
  readonly identity: Identity;
}

/**
 * Makes a cluster in `folder`: UTF-8, sorted by code point, passwords by SCRAM. It is made beside its place and moved
 * there when it is complete, so that a start that was cut short leaves nothing that looks like data.
 */
export async function makeCluster(
  { binaries, identity }: Toolbox,
  { folder, password, args = [] }: { folder: string; password: string; args?: readonly string[] },
): Promise<void> {
  const making = `${folder}.making`;
  await rm(making, { recursive: true, force: true });
  await mkdir(making, { mode: 0o700 });
  const passwordFile = join(making, 'password');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await giveTo(identity, making);
  const data = join(making, 'data');
  await runAs(
    identity,
    [
      binaries.initdb,
      `--pgdata=${data}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      ...args,
    ],
    binaries.env,
  );
  await rename(data, folder);
  await rm(making, { recursive: true, force: true });
}

/** A cluster to start. */
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

/** A cluster that did not start; `log` is the last of what Postgres said about it. */
export class ClusterNotStartedError extends Error {
  override readonly name = 'ClusterNotStartedError';
  /** `null` when a signal ended it, or it did not end. */
  readonly exitCode: number | null;
  readonly log: string;

  constructor(exitCode: number | null, log: string) {
    super(`Postgres did not start: ${fatalLine(log)}.`);
    this.exitCode = exitCode;
    this.log = log;
  }

  /** Whether somebody else has the port. */
  get portIsTaken(): boolean {
    return this.log.includes('Address already in use');
  }
}

/** What Postgres gave as its reason, or else the last thing it said. */
function fatalLine(log: string): string {
  const lines = log.split('\n');
  const line = lines.findLast((text) => /(?:FATAL|PANIC): /.test(text)) ?? lines.at(-1) ?? '';
  return line.replace(/^.*?(?:FATAL|PANIC): +/, '') || 'it gave no reason';
}

/**
 * Starts the cluster and waits until it accepts connections.
 *
 * @throws {ClusterNotStartedError} when it ends instead, or takes longer than `startTimeoutMs`
 */
export async function startCluster(
  { binaries, identity }: Toolbox,
  { folder, port, settings, startTimeoutMs, ...rest }: ClusterOptions,
): Promise<ServerProcess> {
  const given = {
    listen_addresses: '127.0.0.1',
    port,
    // TCP only: a socket's path is limited to 107 bytes, which a folder of ours may well exceed.
    unix_socket_directories: '',
    ...settings,
  };
  const server = await startServerProcess({
    command: [
      binaries.postgres,
      '-D',
      folder,
      ...Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    identity,
    env: binaries.env,
    ...rest,
  });
  const deadlineMs = performance.now() + startTimeoutMs;
  while (!(await isReady(folder, server.pid))) {
    if (server.hasEnded()) {
      await server.ended;
      throw new ClusterNotStartedError(server.exitCode(), await lastLines(rest.logFile, 20));
    }
    if (performance.now() > deadlineMs) {
      await server.stop('SIGINT', 5_000);
      throw new ClusterNotStartedError(null, `it was not ready within ${startTimeoutMs / 1000} s`);
    }
    await sleep(5);
  }
  return server;
}

/** Its own status file says so, and says it of this very process: somebody else at our port cannot be mistaken for it. */
async function isReady(folder: string, pid: number): Promise<boolean> {
  const lines = (await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return Number(lines[0]) === pid && /^(?:ready|standby)/.test(lines[7] ?? '');
}
