/**
 * Debian's own Postgres, for what another major version than the embedded one may answer differently.
 */
import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { libraryEnvironment } from 'portal-dev-servers/debian-package';
import { withFreePort } from 'portal-dev-servers/free-port';
import { chooseIdentity, giveTo, reach } from 'portal-dev-servers/identity';
import {
  ClusterNotStartedError,
  startCluster,
  SUPERUSER,
  type Toolbox,
} from 'portal-dev-servers/postgres-cluster';
import { startServerProcess } from 'portal-dev-servers/server-process';
import { fetchAptPackage } from './apt-package.js';
import { makeServerFolder } from './paths.js';
import { PASSWORD } from './postgres-template.js';

export interface DebianPostgres {
  /** Of the superuser, in the database `postgres`. */
  readonly url: string;
  close(): Promise<void>;
}

/** @param major - a version of this Debian, such as 15 */
export async function startDebianPostgres(major: number): Promise<DebianPostgres> {
  const folder = await makeServerFolder('postgres');
  try {
    const toolbox = await findPrograms(major, folder);
    const data = join(folder, 'data');
    await initialise(toolbox, folder, data);
    const { port, server } = await withFreePort(
      async (candidate) => ({
        port: candidate,
        server: await startCluster(toolbox, {
          folder: data,
          port: candidate,
          settings: { fsync: 'off', max_prepared_transactions: 2, max_connections: 40 },
          logFile: join(folder, 'log'),
          orphanSignal: 'QUIT',
          orphanFolder: folder,
          startTimeoutMs: 30_000,
        }),
      }),
      (error) => error instanceof ClusterNotStartedError && error.portIsTaken,
    );
    return {
      url: `postgres://${SUPERUSER}:${PASSWORD}@127.0.0.1:${port}/postgres`,
      async close() {
        await server.stop('SIGQUIT', 5_000);
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Installed, or fetched. */
async function findPrograms(major: number, folder: string): Promise<Toolbox> {
  const below = join('usr', 'lib', 'postgresql', String(major));
  const installed = join('/', below);
  const isInstalled = await access(join(installed, 'bin', 'initdb')).then(
    () => true,
    () => false,
  );
  const place = isInstalled
    ? undefined
    : await fetchAptPackage({ name: `postgresql-${major}`, withDependencies: true });
  const root = place === undefined ? installed : join(place, below);
  const env = place === undefined ? {} : await libraryEnvironment(place);
  const [postgres, initdb] = [join(root, 'bin', 'postgres'), join(root, 'bin', 'initdb')];
  const identity = await chooseIdentity({ program: postgres, env, folder });
  return { binaries: { postgres, initdb, root, env }, identity };
}

async function initialise({ binaries, identity }: Toolbox, folder: string, data: string): Promise<void> {
  const maker = reach(identity.named ?? identity, [folder]);
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, `${PASSWORD}\n`);
  await giveTo(maker, folder);
  const initdb = await startServerProcess({
    command: [
      binaries.initdb,
      `--pgdata=${maker.seen(data)}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${maker.seen(passwordFile)}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ],
    identity: maker,
    env: maker.seenAll(binaries.env),
    logFile: join(folder, 'log'),
    orphanSignal: 'KILL',
    orphanFolder: folder,
  });
  await initdb.wait();
  if (initdb.exitCode() !== 0) throw new ClusterNotStartedError(initdb.exitCode(), await initdb.printed());
}
