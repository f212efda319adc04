/**
 * Shared by all contenders: each runs in a process of its own, listens on a free port, and sends the benchmark its port
 * and, on request, what it has used so far.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import pg from 'pg';

/** What a contender has used since it started. */
export interface Usage {
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** A pool and a client with the same options for every contender that needs them, on the same servers. */
export function stores(): { pool: pg.Pool; redis: Redis } {
  const { DATABASE_URL = '', REDIS_URL = '' } = process.env;
  return {
    pool: new pg.Pool({ connectionString: DATABASE_URL, max: 20 }),
    redis: new Redis(REDIS_URL),
  };
}

/** What the bare servers send: a real response of the real endpoint, taken before the benchmark. */
export function sameBytes(): { headers: Record<string, string>; body: string } {
  return JSON.parse(process.env['SAME_BYTES'] ?? '') as { headers: Record<string, string>; body: string };
}

/** Sends those bytes for every request and does nothing else: the floor for `node:http`. */
export function respondSameBytes(): RequestListener {
  const { headers, body } = sameBytes();
  return (_request, response) => {
    response.writeHead(200, headers);
    response.end(body);
  };
}

/** A route of an application, as little as one can do. */
export function orders({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify({ id: url.slice(url.lastIndexOf('/') + 1), status: 'shipped', items: 3 });
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

export function listenOnFreePort(listener: RequestListener): void {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1', () => report((server.address() as AddressInfo).port));
}

/** Sends the benchmark our port, and our usage on every message, until the benchmark ends us. */
export function report(port: number): void {
  process.send?.({ port });
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    const usage: Usage = { cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss() };
    process.send?.(usage);
  });
  process.once('disconnect', () => process.exit());
}
