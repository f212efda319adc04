/** The least application with the library, which is as it is told to be. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHealth } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';

/** What it is told shows soon. */
const PACE = { intervalMs: 500, idleIntervalMs: 1_000 };

let told = 'healthy';
process.on('message', (health: string) => {
  told = health;
});
// Whoever started it has ended.
process.on('disconnect', () => process.exit());

const health = createHealth({
  checks: {
    work: { check: () => told !== 'unhealthy', critical: true, ...PACE },
    extra: { check: () => told !== 'degraded', ...PACE },
  },
});
await health.start();
const server = createServer(createHealthHandler(health));
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
