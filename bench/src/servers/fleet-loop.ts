/**
 * The floor: undici alone asks the same instances over kept connections, as evenly, and parses what they answer. `ORIGINS`
 * is a file with one origin a line.
 */
import { readFileSync } from 'node:fs';
import { Client } from 'undici';
import { report } from './contender.js';

const { ORIGINS = '', INTERVAL_MS = '' } = process.env;
const TICK_MS = 50;
const clients = readFileSync(ORIGINS, 'utf8')
  .trim()
  .split('\n')
  .map((origin) => new Client(origin, { keepAliveTimeout: 60_000 }));
const everyMs = Number(INTERVAL_MS) / clients.length;
const startedMs = performance.now();
let next = 0;

setInterval(() => {
  const due = Math.floor((performance.now() - startedMs) / everyMs);
  for (; next < due; next += 1) void ask(clients[next % clients.length]);
}, TICK_MS);
report(0);

async function ask(client: Client | undefined): Promise<void> {
  const response = await client?.request({ method: 'GET', path: '/health' });
  const document = (await response?.body.json()) as { status?: unknown } | undefined;
  if (document?.status !== 'healthy') throw new Error('An instance of the benchmark is not healthy.');
}
