/** Several Redis masters that share the keys among them. */
import { withFreePort } from 'portal-dev-servers/free-port';
import { type RedisServer, startRedis } from './redis.js';
import { waitFor } from './wait.js';

/** A running cluster without replicas. */
export interface RedisCluster {
  readonly nodes: readonly RedisServer[];
  close(): Promise<void>;
}

const SLOTS = 16_384;

/** Starts a cluster of `masters` (3), and waits until every node knows of every slot. */
export async function startRedisCluster({
  masters = 3,
}: { readonly masters?: number } = {}): Promise<RedisCluster> {
  const nodes: RedisServer[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.close()));
  };
  try {
    const busPorts: number[] = [];
    while (nodes.length < masters) {
      // Its own port plus 10,000, as is the custom, would be beyond the last port.
      await withFreePort(
        async (busPort) => {
          nodes.push(await startRedis({ settings: { 'cluster-enabled': 'yes', 'cluster-port': busPort } }));
          busPorts.push(busPort);
        },
        () => true,
      );
    }
    for (const [index, node] of nodes.entries()) {
      const first = Math.floor((index * SLOTS) / masters);
      const last = Math.floor(((index + 1) * SLOTS) / masters) - 1;
      await node.command('CLUSTER', 'ADDSLOTSRANGE', first, last);
    }
    for (const [index, node] of nodes.entries()) {
      if (index > 0) await nodes[0]?.command('CLUSTER', 'MEET', '127.0.0.1', node.port, busPorts[index] ?? 0);
    }
    await waitFor('the cluster to agree', async () => {
      const infos = await Promise.all(nodes.map((node) => node.command('CLUSTER', 'INFO')));
      return infos.every((info) => /cluster_state:ok/.test(String(info)));
    });
    return { nodes, close };
  } catch (error) {
    await close();
    throw error;
  }
}
