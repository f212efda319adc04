/**
 * The real dnsmasq, which answers also what no message by UDP can hold.
 */
import { access, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Resolver } from 'node:dns/promises';
import { findInstalled, libraryEnvironment } from 'portal-dev-servers/debian-package';
import { withFreePort } from 'portal-dev-servers/free-port';
import { chooseIdentity, giveTo } from 'portal-dev-servers/identity';
import { startServerProcess, type ServerProcess } from 'portal-dev-servers/server-process';
import { fetchAptPackage } from './apt-package.js';
import { makeServerFolder } from './paths.js';
import { waitFor } from './wait.js';

/** Addresses by name, which ends in `.example`; and by name of a service its hosts with their ports. */
export interface NameRecords {
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  readonly services?: Readonly<Record<string, readonly { readonly host: string; readonly port: number }[]>>;
}

export interface Dnsmasq {
  /** `address:port`. */
  readonly address: string;
  /** Replaces the addresses, of which it reads the file again. */
  setAddresses(addresses: Readonly<Record<string, readonly string[]>>): Promise<void>;
  close(): Promise<void>;
}

interface Program {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
}

const READY = 'ready.example';

/** Starts it at 127.0.0.1; it must be closed. */
export async function startDnsmasq({ addresses = {}, services = {} }: NameRecords): Promise<Dnsmasq> {
  const program = await findProgram();
  const folder = await makeServerFolder('dnsmasq');
  const hosts = join(folder, 'hosts');
  const configuration = join(folder, 'dnsmasq.conf');
  const write = (now: Readonly<Record<string, readonly string[]>>): Promise<void> =>
    writeFile(hosts, linesOf({ ...now, [READY]: ['127.0.0.1'] }));
  try {
    const identity = await chooseIdentity({ program: program.file, env: program.env, folder });
    await write(addresses);
    await writeFile(configuration, configurationOf(hosts, services));
    for (const file of [hosts, configuration]) await giveTo(identity, file);
    const { port, server } = await withFreePort(
      async (candidate) => {
        const started = await startServerProcess({
          command: [program.file, '--no-daemon', `--conf-file=${configuration}`, `--port=${candidate}`],
          identity,
          env: program.env,
          logFile: join(folder, `log-${candidate}`),
          orphanSignal: 'KILL',
          orphanFolder: folder,
        });
        await untilReady(started, `127.0.0.1:${candidate}`);
        return { port: candidate, server: started };
      },
      (error) => error instanceof Error && error.message.includes('already in use'),
    );
    return {
      address: `127.0.0.1:${port}`,
      async setAddresses(now) {
        await write(now);
        process.kill(server.pid, 'SIGHUP');
      },
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

/** Finds it: installed, fetched before, or fetched now. A machine that has no way to it fails the test. */
async function findProgram(): Promise<Program> {
  const installed = await findInstalled('dnsmasq', '/usr/sbin/dnsmasq');
  if (installed !== undefined) return { file: installed, env: {} };
  const place = await fetchAptPackage({ name: 'dnsmasq-base', withDependencies: true });
  const file = join(place, 'usr', 'sbin', 'dnsmasq');
  await access(file);
  return { file, env: await libraryEnvironment(place) };
}

function linesOf(addresses: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(addresses)
    .flatMap(([name, all]) => all.map((address) => `${address} ${name}\n`))
    .join('');
}

function configurationOf(hosts: string, services: NonNullable<NameRecords['services']>): string {
  return [
    'listen-address=127.0.0.1',
    'bind-interfaces',
    'no-resolv',
    // Of names below it others exist nowhere, and those that do have no other records.
    'local=/example/',
    'no-hosts',
    'user=',
    `addn-hosts=${hosts}`,
    ...Object.entries(services).flatMap(([name, all]) =>
      all.map(({ host, port }) => `srv-host=${name},${host},${port}`),
    ),
    '',
  ].join('\n');
}

async function untilReady(server: ServerProcess, address: string): Promise<void> {
  try {
    const resolver = new Resolver({ timeout: 1_000, tries: 1 });
    resolver.setServers([address]);
    await waitFor('dnsmasq to answer', async () => {
      if (server.hasEnded()) return true;
      return (await resolver.resolve4(READY).catch(() => [])).length > 0;
    });
    if (server.hasEnded()) throw new Error(`dnsmasq did not start: ${await server.printed()}`);
  } catch (error) {
    await server.stop('SIGKILL', 0);
    throw error;
  }
}
