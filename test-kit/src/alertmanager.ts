/**
 * The real Alertmanager, alone or in a cluster, to receive alerts as operators run it.
 */
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findInstalled } from 'portal-dev-servers/debian-package';
import { withFreePort } from 'portal-dev-servers/free-port';
import { startServerProcess, type ServerProcess } from 'portal-dev-servers/server-process';
import { fetchAptPackage } from './apt-package.js';
import { startClusterLink, type ClusterLink } from './cluster-link.js';
import { makeServerFolder } from './paths.js';
import { waitFor } from './wait.js';

export interface Alertmanager {
  readonly url: string;
  readonly pid: number;
  /** `host:port` for others of its cluster. */
  readonly clusterAddress: string;
  /** How many of its cluster it knows, itself among them; 0 while it is not settled. */
  members(): Promise<number>;
  /** From now on its cluster does not reach it; the same must be done to the others. */
  cutOff(): Promise<void>;
  rejoin(): Promise<void>;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  /** Ends it and deletes what it has kept. */
  close(): Promise<void>;
}

export interface AlertmanagerOptions {
  /** Its file, as YAML or JSON. */
  readonly configuration: string;
  /** `clusterAddress` of others; default: none. */
  readonly peers?: readonly string[];
}

/**
 * Milliseconds for which each Alertmanager behind the first waits for those before it: shorter than the usual 15 s, and long
 * enough for a busy machine to gossip. Then it sends what it saw before, so its `group_interval` must be longer.
 */
export const PEER_TIMEOUT_MS = 5_000;
const START_TIMEOUT_MS = 60_000;
const NAME = 'prometheus-alertmanager';
const TEMPLATES = ['usr', 'share', 'prometheus', 'alertmanager'];

/** Debian's looks for its templates in `/usr/share` alone, so one that is only unpacked sees a `/usr/share` of its own. */
async function findCommand(): Promise<readonly string[]> {
  const installed = await findInstalled(NAME);
  if (installed !== undefined) return [installed];
  const place = await fetchAptPackage({ name: NAME, withDependencies: false });
  const program = join(place, 'usr', 'bin', NAME);
  await access(program);
  const script =
    'mount -t tmpfs none /usr/share && mkdir -p /usr/share/prometheus/alertmanager && ' +
    'cp "$0"/*.tmpl /usr/share/prometheus/alertmanager && exec "$@"';
  const namespace = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-r', '-m'];
  return [...namespace, 'sh', '-c', script, join(place, ...TEMPLATES), program];
}

/** Starts one at a free port, in a folder of its own. */
export async function startAlertmanager({
  configuration,
  peers = [],
}: AlertmanagerOptions): Promise<Alertmanager> {
  const command = await findCommand();
  const folder = await makeServerFolder('alertmanager');
  const isTaken = (error: unknown): boolean =>
    error instanceof Error && error.message.includes('address already in use');
  try {
    const file = join(folder, 'alertmanager.yml');
    await mkdir(join(folder, 'data'));
    await writeFile(file, configuration);
    return await withFreePort(
      (port) =>
        withFreePort(async (clusterPort) => {
          const url = `http://127.0.0.1:${port}`;
          const link = await startClusterLink(clusterPort);
          const clusterAddress = `127.0.0.1:${link.port}`;
          try {
            const server = await startServerProcess({
              command: [
                ...command,
                `--config.file=${file}`,
                `--storage.path=${join(folder, 'data')}`,
                `--web.listen-address=127.0.0.1:${port}`,
                `--cluster.listen-address=127.0.0.1:${clusterPort}`,
                `--cluster.advertise-address=${clusterAddress}`,
                '--cluster.settle-timeout=5s',
                '--cluster.gossip-interval=50ms',
                `--cluster.peer-timeout=${PEER_TIMEOUT_MS}ms`,
                ...peers.map((peer) => `--cluster.peer=${peer}`),
              ],
              // Of the test itself: it may be root, and the files are its own.
              identity: { prefix: [] },
              logFile: join(folder, `log-${port}`),
              orphanSignal: 'KILL',
              orphanFolder: folder,
            });
            await untilReady(server, `${url}/-/ready`);
            return attend(server, { url, link, folder });
          } catch (error) {
            await link.close();
            throw error;
          }
        }, isTaken),
      isTaken,
    );
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function untilReady(server: ServerProcess, url: string): Promise<void> {
  try {
    await waitFor(
      'Alertmanager to be ready',
      async () =>
        server.hasEnded() ||
        (await fetch(url).then(
          ({ ok }) => ok,
          () => false,
        )),
      { timeoutMs: START_TIMEOUT_MS, everyMs: 100 },
    );
    if (server.hasEnded()) throw new Error(`Alertmanager did not start: ${await server.printed()}`);
  } catch (error) {
    await server.stop('SIGKILL', 0);
    throw error;
  }
}

interface Place {
  readonly url: string;
  readonly link: ClusterLink;
  readonly folder: string;
}

function attend(server: ServerProcess, { url, link, folder }: Place): Alertmanager {
  return {
    url,
    pid: server.pid,
    clusterAddress: `127.0.0.1:${link.port}`,
    async members() {
      const response = await fetch(`${url}/api/v2/status`);
      const { cluster } = (await response.json()) as {
        readonly cluster: { readonly status: string; readonly peers?: readonly unknown[] };
      };
      return cluster.status === 'ready' ? (cluster.peers?.length ?? 0) : 0;
    },
    cutOff: () => link.cut(),
    rejoin: () => link.heal(),
    kill: () => server.stop('SIGKILL', 0),
    async close() {
      await server.stop('SIGTERM', 5_000);
      await link.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
