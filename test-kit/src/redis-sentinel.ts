/** A sentinel that knows where the master is: one is enough for queries, though not for a failover. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withFreePort } from 'portal-dev-servers/free-port';
import { chooseIdentity, giveTo } from 'portal-dev-servers/identity';
import { findRedisProgram } from 'portal-dev-servers/redis-program';
import { type ServerProcess, startServerProcess } from 'portal-dev-servers/server-process';
import { makeServerFolder, REDIS_FOLDER } from './paths.js';
import { waitFor } from './wait.js';

/** A running sentinel, which calls its master `mymaster`. */
export interface RedisSentinel {
  readonly port: number;
  /** Stops the process where it is (SIGSTOP). */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

/** Starts a sentinel for the Redis at `master`, which needs no password. */
export async function startRedisSentinel(master: { readonly port: number }): Promise<RedisSentinel> {
  const folder = await makeServerFolder('redis');
  const said: string[] = [];
  const program = await findRedisProgram({
    folder: REDIS_FOLDER,
    fetch: true,
    announce: (line) => said.push(line),
  });
  if (program === undefined) throw new Error(said.at(-1));
  const { file, env } = program;
  const identity = await chooseIdentity({ program: file, env, folder });

  async function launch(port: number): Promise<{ port: number; server: ServerProcess }> {
    const data = join(folder, 'data');
    const configuration = join(data, 'sentinel.conf');
    await mkdir(data, { recursive: true, mode: 0o700 });
    const lines = [
      'bind 127.0.0.1',
      `port ${port}`,
      `dir "${data}"`,
      `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
    ];
    await writeFile(configuration, `${lines.join('\n')}\n`, { mode: 0o600 });
    // It writes down there what it learns.
    await giveTo(identity, configuration);
    await giveTo(identity, data);
    const server = await startServerProcess({
      command: [file, configuration, '--sentinel'],
      env,
      identity,
      logFile: join(folder, 'log'),
      orphanSignal: 'KILL',
      orphanFolder: folder,
    });
    await waitFor('the sentinel to watch its master', async () => {
      const log = await server.printed();
      if (server.hasEnded()) throw new Error(`The sentinel did not start: ${log}`);
      return log.includes('+monitor master mymaster');
    });
    return { port, server };
  }

  const { port, server } = await withFreePort(launch, (error) => String(error).includes('in use'));
  return {
    port,
    freeze: () => void process.kill(server.pid, 'SIGSTOP'),
    thaw: () => void process.kill(server.pid, 'SIGCONT'),
    async close() {
      await server.stop('SIGKILL', 0);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
