// Everything that runs: the stores of the example services, their replicas, traffic, and the service that watches them.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDataFolder } from 'portal-dev-servers/data-folder';
import { findFreePort } from 'portal-dev-servers/free-port';
import { startEmbeddedPostgres } from 'portal-dev-servers/postgres';
import { startEmbeddedRedis } from 'portal-dev-servers/redis';
import { startServerProcess } from 'portal-dev-servers/server-process';
import { createReplica } from './replica-process.mjs';
import { startTraffic } from './traffic.mjs';

const SERVICES = ['billing', 'orders'];
const REPLICAS = 3;
const MAIN = fileURLToPath(new URL('../packages/server/dist/src/main.js', import.meta.url));
/** Of a machine that is busy with other things too. */
const START_MS = 180_000;
const STOP_GRACE_MS = 10_000;

/** Starts all of it; whatever ends this process ends that too. */
export async function startFleet({ folder, say }) {
  await openDataFolder(folder);
  const announce = (line) => say(`           ${line}`);
  const token = randomBytes(32).toString('hex');
  const replicas = [];
  for (const service of SERVICES) {
    for (let index = 1; index <= REPLICAS; index += 1) {
      replicas.push(createReplica({ service, index, port: await freePort(replicas), folder }));
    }
  }
  await writeFile(join(folder, 'token'), token, { mode: 0o600 });
  const written = fleetFile(folder, replicas);
  await writeFile(join(folder, 'fleet.yaml'), written);

  const stores = { dataDir: join(folder, 'stores'), announce };
  // One after the other: the second finds the program that the first may have had to fetch.
  const [postgres, [redis, watcherRedis]] = await Promise.all([
    startEmbeddedPostgres(stores),
    startCaches(stores),
  ]);
  const environment = {
    DATABASE_URL: postgres.url,
    ...(redis && { REDIS_URL: redis.url }),
    TOKEN_SHA256: createHash('sha256').update(token).digest('hex'),
  };
  const [watcher] = await Promise.all([
    startWatcher(folder, watcherRedis?.url),
    ...replicas.map((replica) => replica.start(environment)),
  ]);
  // Some may have had to move; the service reads the file again when it changes.
  if (fleetFile(folder, replicas) !== written) {
    await writeFile(join(folder, 'fleet.yaml'), fleetFile(folder, replicas));
  }
  const traffic = startTraffic(replicas);
  return {
    link: watcher.link,
    postgres,
    redis,
    replicas,
    async close() {
      await traffic.close();
      await Promise.all([...replicas.map((replica) => replica.stop()), watcher.close()]);
      await Promise.all([postgres.close(), redis?.close(), watcherRedis?.close()]);
    },
  };
}

async function freePort(replicas) {
  const port = await findFreePort();
  return replicas.some((replica) => replica.port === port) ? freePort(replicas) : port;
}

/** None where no Redis is to be had, which was announced then. */
async function startCaches({ dataDir, announce }) {
  const first = await startEmbeddedRedis({ dataDir, announce, fetch: true });
  return [first, first && (await startEmbeddedRedis({ dataDir, announce, fetch: false }))];
}

function fleetFile(folder, replicas) {
  const entry = (service) => `
  - name: ${service}
    labels: { team: ${service === 'orders' ? 'shop' : 'money'}, database: demo, cache: demo }
    discover:
      static:
${replicas
  .filter((replica) => replica.service === service)
  .map(({ port }) => `        - http://127.0.0.1:${port}\n`)
  .join('')}`;
  return `# Written by the demo at each start.
fleet: demo
defaults:
  interval: 2s
  timeout: 1s
  failure_threshold: 2
  success_threshold: 2
  networks: [127.0.0.0/8]
  authorization: { credentials_file: ${JSON.stringify(join(folder, 'token'))} }
services:${SERVICES.map(entry).join('')}`;
}

/** The service itself, as `npm start` runs it, with a data folder of its own. */
async function startWatcher(folder, redisUrl) {
  const dataDir = join(folder, 'service');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const child = await startServerProcess({
    command: [process.execPath, MAIN, 'serve'],
    identity: { prefix: [] },
    env: {
      PORT: '0',
      PORTAL_DATA_DIR: dataDir,
      PORTAL_FLEET_FILE: join(folder, 'fleet.yaml'),
      PORTAL_LOG_LEVEL: 'warn',
      PORTAL_SHUTDOWN_GRACE_MS: '0',
      ...(redisUrl && { REDIS_URL: redisUrl }),
    },
    logFile: join(folder, 'service.log'),
    orphanSignal: 'TERM',
  });
  const untilMs = performance.now() + START_MS;
  for (;;) {
    const printed = await child.printed();
    const link = /^open\s+(\S+)$/m.exec(printed)?.[1];
    if (link) return { link, close: () => child.stop('SIGTERM', STOP_GRACE_MS) };
    if (child.hasEnded() || performance.now() > untilMs) {
      await child.stop('SIGKILL', 0);
      throw new Error(`The service has not started:\n${printed}`);
    }
    await sleep(50);
  }
}
