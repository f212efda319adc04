/**
 * A small application that embeds the library with its defaults, and works with its pool. Its parent sends it commands, for
 * faults that come from within.
 */
import { pbkdf2 } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createHealth } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import { watchSource } from 'portal-integrity';
import { TABLE } from '../matrix/table.js';
import { PLANTED_SECRETS } from '../planted-secrets.js';

const { DATABASE_URL = '', REDIS_URL = '', SOURCE = '.', EXPLAIN } = process.env;
const POOL_SIZE = 6;
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
const isExplained = EXPLAIN !== 'off';
const health = createHealth({
  database: {
    pool,
    writes: { intervalMs: 2_000 },
    explain: isExplained && { connection: EXPLAIN === 'kept' ? 'kept' : 'fresh' },
  },
  cache: { client, explain: isExplained },
  process: { explain: isExplained },
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
let disentangle = (): Promise<void> => Promise.resolve();

const OPENED = 2_000;
const opened: number[] = [];

const HASHES = 40;
let isHashing = false;
/** One after the other on each of as many places as are kept busy. */
function hash(): void {
  if (isHashing) pbkdf2('p', 's', 100_000, 64, 'sha512', hash);
}

const YOUNG_BYTES = 48 * 2 ** 20;
/** What is left is room for what the application does. */
const NEARLY_FULL = 0.93;
const FILLING_BYTES = 2 ** 17;
const PIECES = 8;
const RECENT = 16;
const filling: number[][] = [];
const recent: number[][] = [];

/** Little by little: at once it would block the loop. */
function fillUp(leftBytes: number): void {
  if (leftBytes <= 0) return;
  for (let piece = 0; piece < PIECES; piece += 1) filling.push(numbers(FILLING_BYTES / 8));
  setTimeout(fillUp, 5, leftBytes - FILLING_BYTES * PIECES);
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 0.5);
}

/** Garbage that lives for a while, as that of a cache: only a collection of the whole heap takes it away. */
function turnOver(turn: number): void {
  if (filling.length === 0) return;
  recent[turn % RECENT] = numbers(FILLING_BYTES / 8);
  setTimeout(turnOver, 10, turn + 1);
}

const CHURNS = 100;
function churn(left: number): void {
  const garbage = numbers(FILLING_BYTES);
  if (left > 0 && garbage.length > 0) setTimeout(churn, WORK_EVERY_MS, left - 1);
}

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
  /** One connection each for a leak, an open transaction and a slow statement; the rest waits for a lock, and one for them. */
  async entangle() {
    const leaked = await pool.connect();
    const open = await pool.connect();
    await open.query('BEGIN; SELECT 1');
    const slow = await pool.connect();
    const { rows } = await slow.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const sleeping = slow.query('SELECT pg_sleep(600)').catch(() => undefined);
    for (let left = POOL_SIZE - 3; left >= 0; left -= 1) {
      pool.query(`SELECT FROM ${TABLE}`).catch(() => undefined);
    }
    disentangle = async () => {
      leaked.release();
      await open.query('ROLLBACK');
      open.release();
      await pool.query('SELECT pg_cancel_backend($1)', [rows[0]?.pid]);
      await sleeping;
      slow.release();
    };
  },
  disentangle: () => disentangle(),
  open() {
    while (opened.length < OPENED) opened.push(openSync('/dev/null', 'r'));
  },
  shut() {
    for (const descriptor of opened.splice(0)) closeSync(descriptor);
  },
  hash() {
    isHashing = true;
    for (let running = 0; running < HASHES; running += 1) hash();
  },
  unhash() {
    isHashing = false;
  },
  fill() {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    // V8's limit has room for the young generation in it.
    fillUp((limit - YOUNG_BYTES) * NEARLY_FULL - used);
    turnOver(0);
  },
  empty() {
    filling.length = 0;
    recent.length = 0;
    // What works goes on to make garbage, and only a collection shows what is free.
    churn(CHURNS);
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
