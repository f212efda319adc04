// A replica of an example service: a small app on Postgres and Redis with its health in front, and two faults to ask it for.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { bearerToken, createHealth } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import { watchSource } from 'portal-integrity';

const { DATABASE_URL, REDIS_URL, SERVICE, REPLICA, PORT, RELEASE_FOLDER, TOKEN_SHA256 } = process.env;
const { greet } = await import(pathToFileURL(join(RELEASE_FOLDER, 'app.mjs')).href);

const BUSY_MS = 700;
const PAUSE_MS = 1_000;
const faults = { leak: false, slow: false };

const pool = new pg.Pool({
  connectionString: DATABASE_URL,
  application_name: `${SERVICE}-${REPLICA}`,
  max: 3,
  connectionTimeoutMillis: 5_000,
});
const redis = REDIS_URL && new Redis(REDIS_URL, { maxRetriesPerRequest: 1, commandTimeout: 300 });
for (const store of [pool, redis])
  store?.on('error', (error) => process.stderr.write(`store: ${error.code}\n`));

const health = createHealth({
  database: { pool, explain: true },
  ...(redis && { cache: { client: redis } }),
  // A small tree: to look at it more often costs nothing.
  source: watchSource({ root: RELEASE_FOLDER, scanIntervalMs: 3_000 }),
});
await Promise.all([health.start(), prepare()]);
const handler = createHealthHandler(health, { viewer: bearerToken({ sha256: [TOKEN_SHA256] }) });

const server = createServer((request, response) => {
  if (handler(request, response)) return;
  if (request.url === '/demo/pid') {
    response.end(`${process.pid}`);
    return;
  }
  const fault = /^\/demo\/(leak|slow)\?(on|off)$/.exec(request.url);
  const answer = fault && request.method === 'POST' ? setFault(fault[1], fault[2] === 'on') : work();
  void answer.then(
    (text) => response.end(text),
    () => response.writeHead(503).end('Temporarily unavailable\n'),
  );
});
server.listen(Number(PORT), '127.0.0.1');

await once(process, 'SIGTERM');
server.close();
server.closeAllConnections();
await health.close();
// A store that hangs must not keep the process.
process.exit(0);

/** The table of the service, with a row for this replica. Replicas start together, and one of them makes it. */
async function prepare() {
  for (let tries = 1; ; tries += 1) {
    try {
      await pool.query(
        `create table if not exists ${SERVICE} (replica text primary key, requests int not null default 0)`,
      );
      await pool.query(`insert into ${SERVICE} (replica) values ($1) on conflict do nothing`, [REPLICA]);
      return;
    } catch (error) {
      if (tries === 5) throw error;
      await sleep(200);
    }
  }
}

/** What a request is for: one write, one command of the cache, without which it does. */
async function work() {
  const requests = await count();
  await redis?.incr(`${SERVICE}:requests`).catch(() => undefined);
  return greet(requests);
}

async function count() {
  const connection = await pool.connect();
  try {
    const { rows } = await connection.query(
      `update ${SERVICE} set requests = requests + 1 where replica = $1 returning requests`,
      [REPLICA],
    );
    return rows[0].requests;
  } finally {
    // The leak: nobody gives the connection back.
    if (!faults.leak) connection.release();
  }
}

async function setFault(fault, isOn) {
  if (faults[fault] === isOn) return 'as it was\n';
  faults[fault] = isOn;
  if (fault === 'slow' && isOn) void keepBusy();
  return `${fault} is ${isOn ? 'on' : 'off'}\n`;
}

/** Computes where it should wait, so that all else in the process waits for it. */
async function keepBusy() {
  while (faults.slow) {
    const untilMs = performance.now() + BUSY_MS;
    while (performance.now() < untilMs);
    await sleep(PAUSE_MS);
  }
}
