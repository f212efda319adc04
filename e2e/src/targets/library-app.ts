/**
 * A small application that embeds the library with its defaults, and works with its pool. Its parent sends it commands, for
 * faults that come from within.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createHealth } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import { watchSource } from 'portal-integrity';
import { PLANTED_SECRETS } from '../planted-secrets.js';

const { DATABASE_URL = '', REDIS_URL = '', SOURCE = '.' } = process.env;
const POOL_SIZE = 5;
const WORK_EVERY_MS = 50;

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE });
pool.on('error', () => undefined);
const client = new Redis(REDIS_URL, { maxRetriesPerRequest: 0, enableOfflineQueue: false });
client.on('error', () => undefined);

// A log that cannot be written must not end the application.
process.stderr.on('error', () => undefined);
function log(line: object): void {
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

let checkFails = false;
const health = createHealth({
  database: { pool, writes: { intervalMs: 2_000 }, explain: true },
  cache: { client, explain: true },
  process: { explain: true },
  checks: {
    // Its error message has planted secrets, which must not get out.
    errand: () => {
      if (checkFails)
        throw new Error(
          `${PLANTED_SECRETS.sql}: /srv/${PLANTED_SECRETS.folder}/${PLANTED_SECRETS.databasePassword}`,
        );
    },
  },
  source: watchSource({ root: SOURCE }),
  onFailure: ({ name, problems, cause }) => log({ part: name, problems, cause: cause?.code ?? null }),
  onStatusChange: ({ from, to, report }) => log({ from, to, errors: report.errors }),
});

const publicHandler = createHealthHandler(health);
const adminHandler = createHealthHandler(health, {
  prefix: '/admin',
  viewer: (request: IncomingMessage) => (request.headers.cookie === 'admin=yes' ? 'admin' : 'public'),
});
const server = createServer((request, response) => {
  if (publicHandler(request, response) || adminHandler(request, response)) return;
  response.writeHead(404).end();
});

let working: NodeJS.Timeout | undefined;
let heldConnections: Promise<pg.PoolClient>[] = [];
const commands: Readonly<Record<string, () => unknown>> = {
  work() {
    // What an application does: it queries a table, and waits.
    working = setInterval(() => {
      pool.query('SELECT count(*) FROM sessions').catch(() => undefined);
    }, WORK_EVERY_MS);
  },
  rest() {
    clearInterval(working);
  },
  async serve() {
    // All connections open and in use by turns, as in the middle of a day.
    const all = await Promise.all(Array.from({ length: POOL_SIZE }, () => pool.connect()));
    for (const connection of all) connection.release();
    working = setInterval(() => {
      for (let query = 0; query < POOL_SIZE; query += 1) pool.query('SELECT 1').catch(() => undefined);
    }, WORK_EVERY_MS);
    log({ serves: POOL_SIZE });
  },
  hold() {
    // One more than there are, so that one caller waits.
    heldConnections = Array.from({ length: POOL_SIZE + 1 }, () => pool.connect());
  },
  release() {
    for (const connection of heldConnections.splice(0)) {
      connection.then((taken) => taken.release()).catch(() => undefined);
    }
  },
  block() {
    const untilMs = performance.now() + 1_500;
    while (performance.now() < untilMs);
  },
  count() {
    log({ timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length });
  },
  fail() {
    checkFails = true;
  },
  succeed() {
    checkFails = false;
  },
};
process.on('message', (command) => commands[String(command)]?.());

process.once('SIGTERM', () => {
  health.drain();
  clearInterval(working);
  client.disconnect();
  server.closeAllConnections();
  server.close();
  Promise.all([health.close(), pool.end()]).then(
    () => process.exit(0),
    () => process.exit(1),
  );
});

await health.start();
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`listening http://127.0.0.1:${port}\n`);
});
