/**
 * The real PgBouncer with its default settings, before a Postgres.
 */
import { writeFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { findInstalled, libraryEnvironment } from 'portal-dev-servers/debian-package';
import { withFreePort } from 'portal-dev-servers/free-port';
import { chooseIdentity, giveTo } from 'portal-dev-servers/identity';
import { startServerProcess, type ServerProcess } from 'portal-dev-servers/server-process';
import { fetchAptPackage } from './apt-package.js';
import { makeServerFolder } from './paths.js';
import { throughPort } from './through-port.js';
import { waitFor } from './wait.js';

export interface PgBouncer {
  /** `url` of a database of the server behind it, by way of it. */
  through(url: string): string;
  close(): Promise<void>;
}

/** What stands behind it, and how it shares connections. */
export interface PgBouncerOptions {
  /** Of a database; its role is the only one that may come. */
  readonly url: string;
  readonly mode: 'session' | 'transaction' | 'statement';
  /** Settings of PgBouncer besides, e.g. `{ default_pool_size: 3 }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

interface Program {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Finds it: installed, fetched before, or fetched now. A machine that has no way to it fails the test. */
async function findProgram(): Promise<Program> {
  const installed = await findInstalled('pgbouncer');
  if (installed !== undefined) return { file: installed, env: {} };
  const place = await fetchAptPackage({ name: 'pgbouncer', withDependencies: true });
  return { file: join(place, 'usr', 'sbin', 'pgbouncer'), env: await libraryEnvironment(place) };
}

/** Starts one at a free port, in a folder of its own. */
export async function startPgBouncer({ url, mode, settings = {} }: PgBouncerOptions): Promise<PgBouncer> {
  const program = await findProgram();
  const folder = await makeServerFolder('pgbouncer');
  const { hostname, port: serverPort, username, password } = new URL(url);
  try {
    const identity = await chooseIdentity({ program: program.file, env: program.env, folder });
    const named = identity.named ?? identity;
    const users = join(folder, 'users');
    const plain = [username, password].map((one) => `"${decodeURIComponent(one).replaceAll('"', '""')}"`);
    await writeFile(users, `${plain.join(' ')}\n`);
    await giveTo(named, users);
    const { port, server } = await withFreePort(
      async (candidate) => {
        const configuration = join(folder, `pgbouncer-${candidate}.ini`);
        const all = {
          listen_addr: '127.0.0.1',
          listen_port: candidate,
          unix_socket_dir: '',
          auth_type: 'scram-sha-256',
          auth_file: users,
          pool_mode: mode,
          // So that an outage and its end are seen within a test.
          server_login_retry: 1,
          ...settings,
        };
        const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
        await writeFile(
          configuration,
          `[databases]\n* = host=${hostname} port=${serverPort}\n[pgbouncer]\n${lines.join('\n')}\n`,
        );
        await giveTo(named, configuration);
        const started = await startServerProcess({
          command: [program.file, configuration],
          identity: named,
          env: program.env,
          logFile: join(folder, `log-${candidate}`),
          orphanSignal: 'KILL',
          orphanFolder: folder,
        });
        await untilReady(started, throughPort(url, candidate));
        return { port: candidate, server: started };
      },
      (error) => error instanceof Error && /ddress (is )?already in use/.test(error.message),
    );
    return {
      through: (other) => throughPort(other, port),
      async close() {
        await server.stop('SIGKILL', 0);
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function untilReady(server: ServerProcess, url: string): Promise<void> {
  try {
    await waitFor('PgBouncer to be ready', async () => {
      if (server.hasEnded()) return true;
      const client = new Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      await client.end();
      return true;
    });
    if (server.hasEnded()) throw new Error(`PgBouncer did not start: ${await server.printed()}`);
  } catch (error) {
    await server.stop('SIGKILL', 0);
    throw new Error(`PgBouncer: ${await server.printed()}`, { cause: error });
  }
}
