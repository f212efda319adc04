/**
 * The database when no DATABASE_URL is given: a real Postgres in the service's data folder.
 *
 * There: `postgres` (the data), `postgres.password`, `postgres.lock`, `postgres.log`. The port is another one after
 * every start of the service; what must stay is kept.
 */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { openDataFolder } from './data-folder.js';
import { killLeftovers, whenFree } from './folder-lock.js';
import { withFreePort } from './free-port.js';
import { chooseIdentity, mayTake, NOBODY, uidFor, type ServerIdentity } from './identity.js';
import { findPostgresBinaries } from './postgres-binaries.js';
import { ClusterNotStartedError, makeCluster, startCluster, SUPERUSER } from './postgres-cluster.js';
import { deleteUnfinished, hasCluster, preparePassword, unusable } from './postgres-folder.js';
import { supervise } from './supervisor.js';
import type { ServerProcess } from './server-process.js';

export interface EmbeddedPostgres {
  /** With the password; for this process, and for `psql` by whoever may read the data folder. */
  readonly url: string;
  /** Of the postmaster; another one after it died and was started again, 5 s later and at the same URL. */
  readonly pid: number;
  /** Ends the server in good order, within 3 s at the most. */
  close(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** The service's data folder; made when there is none. */
  readonly dataDir: string;
  /** Called with one sentence when a database is made, or the server died and was started again. */
  readonly announce?: (line: string) => void;
}

/** Where there are no other numbers, as in some containers. */
const SHARED =
  'PostgreSQL runs as nobody (user 65534): another process of that user can get at its data. ' +
  'Start the service as a user of its own instead of root.';

const NAMELESS =
  ' PostgreSQL runs for users with a name only: give this one a line in /etc/passwd (or by nss_wrapper), or set DATABASE_URL.';

const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 3_000;

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
  const identity = await chooseIdentity({
    program: binaries.postgres,
    env: binaries.env,
    place: binaries.links,
    uid: await uidFor(home),
  });
  if (identity.owner === NOBODY) announce(SHARED);
  const folder = join(home, 'postgres');
  const locked = {
    folder,
    ...(process.platform === 'linux' ? { lockFile: join(home, 'postgres.lock') } : {}),
  };
  const toolbox = { binaries, identity };

  async function start(port: number): Promise<ServerProcess> {
    const server = await startCluster(toolbox, {
      ...locked,
      port,
      settings: SETTINGS,
      logFile: join(home, 'postgres.log'),
      orphanSignal: 'INT',
      startTimeoutMs: START_TIMEOUT_MS,
    });
    server.onEnd(() => void killLeftovers(locked));
    return server;
  }

  async function startAnywhere(): Promise<{ port: number; server: ServerProcess }> {
    return withFreePort(
      async (port) => ({ port, server: await start(port) }),
      (error) => error instanceof ClusterNotStartedError && error.portIsTaken,
    );
  }

  try {
    const isNew = !(await hasCluster(folder));
    if (!isNew) await assertOwner(folder, identity);
    const password = await preparePassword(folder);
    if (isNew) {
      announce(`Making a database in ${folder} …`);
      await whenFree(locked, () => makeCluster(toolbox, { ...locked, password })).catch((error: unknown) => {
        if (!(error instanceof ClusterNotStartedError)) throw error;
        const hint = error.reason.includes('look up effective user') ? NAMELESS : '';
        throw new Error(`A database could not be made in ${folder}: ${error.reason}.${hint}`, {
          cause: error,
        });
      });
    }
    const { port, server } = await whenFree(locked, startAnywhere);
    const url = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
    await enter(url).catch(async (error: unknown) => {
      await server.stop('SIGINT', STOP_GRACE_MS);
      throw unusable(folder, error instanceof Error ? error.message : String(error), error);
    });
    await deleteUnfinished(folder);
    const supervised = supervise({
      name: 'Postgres',
      first: server,
      start: () => whenFree(locked, () => start(port)),
      stop: (last) => last.stop('SIGINT', STOP_GRACE_MS),
      announce,
    });
    return {
      url,
      get pid() {
        return supervised.pid();
      },
      close: () => supervised.close(),
    };
  } catch (error) {
    if (error instanceof ClusterNotStartedError) throw unusable(folder, error.reason, error);
    throw error;
  }
}

/** @throws an Error of one sentence for a database that is neither ours nor our server's */
async function assertOwner(folder: string, identity: ServerIdentity): Promise<void> {
  const { uid } = await lstat(folder);
  if (mayTake(identity, uid)) return;
  throw unusable(folder, `it belongs to user ${uid}, and not to the one that runs it`);
}

/** A server also starts on data that nobody can enter, because half of it is missing or the password is another. */
async function enter(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: START_TIMEOUT_MS });
  try {
    await client.connect();
  } finally {
    await client.end();
  }
}
