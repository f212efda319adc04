/**
 * The database when no DATABASE_URL is given: a real Postgres in the service's data folder.
 *
 * There: `postgres` (the data), `postgres.password`, `postgres.lock`, `postgres.log`. The port is another one after
 * every start; what must stay is kept.
 */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, openDataFolder } from './data-folder.js';
import { withFreePort } from './free-port.js';
import { chooseIdentity } from './identity.js';
import { makePassword } from './password.js';
import { findPostgresBinaries } from './postgres-binaries.js';
import {
  ClusterNotStartedError,
  makeCluster,
  MAKING,
  startCluster,
  SUPERUSER,
  type Toolbox,
} from './postgres-cluster.js';
import { exists } from './processes.js';

/** A Postgres of our own. */
export interface EmbeddedPostgres {
  /** With the password; for this process, and for `psql` by whoever may read the data folder. */
  readonly url: string;
  readonly pid: number;
  /** Ends the server in good order, within 3 s at the most. */
  close(): Promise<void>;
}

/** Where the Postgres lives. */
export interface EmbeddedPostgresOptions {
  /** The service's data folder; made when there is none. */
  readonly dataDir: string;
  /** Called with one sentence when a new database is made. */
  readonly announce?: (line: string) => void;
}

/** The release that the platform packages bring. */
const MAJOR = '18';

const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 3_000;

/** How long the server of a killed predecessor has to end; its guardian gives it 5 s. */
const PREDECESSOR_TIMEOUT_MS = 8_000;

/** The log is for an operator, and holds nothing of what the application asks. */
const SETTINGS = {
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  log_line_prefix: '%m [%p] ',
};

/**
 * Starts the Postgres of a data folder at a free port of 127.0.0.1, and makes it first if there is none.
 *
 * @throws an Error of one sentence that says what to do when the folder cannot be written to, is in use by another
 * service, or holds what this Postgres cannot read. Nothing in it is deleted then.
 */
export async function startEmbeddedPostgres({
  dataDir,
  announce = () => undefined,
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const home = await openDataFolder(dataDir);
  const binaries = await findPostgresBinaries(join(home, 'postgres.links'));
  const identity = await chooseIdentity({ program: binaries.postgres, env: binaries.env, folder: home });
  const toolbox: Toolbox = { binaries, identity };
  const cluster: Cluster = {
    toolbox,
    home,
    folder: join(home, 'postgres'),
    // Elsewhere Postgres' own status file is all there is against two servers in one folder.
    ...(process.platform === 'linux' ? { lockFile: join(home, 'postgres.lock') } : {}),
  };
  const password = await preparePassword(cluster);
  if ((await look(cluster)) === 'nothing') {
    announce(`Making a database in ${cluster.folder} …`);
    await patiently(cluster, () => makeCluster(toolbox, { ...cluster, password }));
  }
  const { port, server } = await patiently(cluster, () =>
    withFreePort(
      async (candidate) => ({
        port: candidate,
        server: await startCluster(toolbox, {
          ...cluster,
          port: candidate,
          settings: SETTINGS,
          logFile: join(home, 'postgres.log'),
          orphanSignal: 'INT',
          startTimeoutMs: START_TIMEOUT_MS,
        }),
      }),
      (error) => error instanceof ClusterNotStartedError && error.portIsTaken,
    ),
  );
  await tidy(cluster);
  return {
    url: `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`,
    pid: server.pid,
    close: () => server.stop('SIGINT', STOP_GRACE_MS),
  };
}

interface Cluster {
  readonly toolbox: Toolbox;
  readonly home: string;
  readonly folder: string;
  readonly lockFile?: string;
}

/** What lies in the place of the data. */
async function look({ folder }: Cluster): Promise<'nothing' | 'cluster'> {
  let version: string;
  try {
    version = (await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' && !(await isThere(folder))) return 'nothing';
    if (code === 'ENOENT') throw unusable(folder, 'it is not a complete database', error);
    throw unusable(folder, `it cannot be read (${code})`, error);
  }
  if (version === MAJOR) return 'cluster';
  throw unusable(folder, `it was made by Postgres ${version}, and this is Postgres ${MAJOR}`);
}

function isThere(folder: string): Promise<boolean> {
  return readdir(folder).then(
    () => true,
    () => false,
  );
}

function unusable(folder: string, reason: string, cause?: unknown): Error {
  return new Error(
    `The database in ${folder} cannot be used: ${reason}. Nothing in it was changed; ` +
      'restore it from a backup, move it away to begin anew, or set PORTAL_DATA_DIR or DATABASE_URL.',
    { cause },
  );
}

/** The password of the database, made before the database, so that there is never one without the other. */
async function preparePassword(cluster: Cluster): Promise<string> {
  const file = `${cluster.folder}.password`;
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw unusable(file, `it cannot be read (${codeOf(error)})`, error);
  }
  if (await isThere(cluster.folder)) throw unusable(cluster.folder, `its password is missing (${file})`);
  try {
    await writeFile(file, `${makePassword()}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    // Somebody else starts here at the same time, and made one.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}

/**
 * Does something that needs the folder for itself. The server of a predecessor that was killed is on its way out, and
 * waited for; that of a service that still runs is not.
 */
async function patiently<Result>(cluster: Cluster, action: () => Promise<Result>): Promise<Result> {
  const { folder, lockFile } = cluster;
  const deadlineMs = performance.now() + PREDECESSOR_TIMEOUT_MS;
  for (;;) {
    try {
      const result = await action();
      // Whom to name to somebody who comes while we hold the lock.
      if (lockFile !== undefined) await writeFile(lockFile, `${process.pid}\n`);
      return result;
    } catch (error) {
      if (!(error instanceof ClusterNotStartedError)) throw error;
      if (!error.folderIsInUse) throw unusable(folder, error.reason, error);
      const other = Number(await readFile(lockFile ?? '', 'utf8').catch(() => '0'));
      const isAlive = other > 0 && other !== process.pid && exists(other);
      if (isAlive || performance.now() > deadlineMs) {
        throw new Error(
          `The data folder ${cluster.home} is in use by another service${isAlive ? ` (process ${other})` : ''}; ` +
            'stop that one, or set PORTAL_DATA_DIR to a folder of its own for each.',
          { cause: error },
        );
      }
      await sleep(100);
    }
  }
}

/** Deletes what starts that were cut short left; whoever holds the lock knows that nobody is making anything now. */
async function tidy({ home, folder }: Cluster): Promise<void> {
  for (const name of await readdir(home)) {
    const path = join(home, name);
    if (path.startsWith(`${folder}${MAKING}`)) await rm(path, { recursive: true, force: true });
  }
}
