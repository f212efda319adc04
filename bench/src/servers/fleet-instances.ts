/**
 * As many instances as loopback has addresses, in one process at one port: each address from 127.1.0.0 on is one, and those
 * from 127.2.0.0 on take a request and never answer. `SAME_BYTES` is what `/health` answers, `METRICS` what `/metrics` does;
 * `KEEP_ALIVE_MS` is how long an unused connection stays open. At 127.0.0.1 it tells who has been asked, and when.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { report, sameBytes } from './contender.js';
import { pollPaceOf, type PollPace } from '../fleet/pace.js';

const { METRICS = '', KEEP_ALIVE_MS = '75000' } = process.env;
const same = sameBytes();
const arrivals = new Map<string, number[]>();

const server = createServer({ keepAliveTimeout: Number(KEEP_ALIVE_MS) }, (request, response) => {
  const { url = '', socket } = request;
  const address = socket.localAddress ?? '';
  if (address === '127.0.0.1') {
    const intervalMs = Number(/^\/pace\/(\d+)$/.exec(url)?.[1]);
    const pace: PollPace = pollPaceOf([...arrivals.values()], intervalMs);
    arrivals.clear();
    response.end(JSON.stringify(pace));
    return;
  }
  const known = arrivals.get(address);
  if (known) known.push(performance.now());
  else arrivals.set(address, [performance.now()]);
  if (address.startsWith('127.2.')) return;
  if (url === '/metrics') {
    response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }).end(METRICS);
  } else {
    response.writeHead(200, same.headers).end(same.body);
  }
});
// Loopback has many addresses, and a listener takes one or all.
server.on('connection', (socket) => {
  if (socket.remoteAddress?.startsWith('127.') !== true) socket.destroy();
});
server.listen({ port: 0, host: '0.0.0.0', backlog: 4_096 }, () =>
  report((server.address() as AddressInfo).port),
);
