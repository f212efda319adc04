/** `npm run demo` on a machine where others take ports too, and pass signals on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { mainOf, PATIENCE, startDemo, untilNobodyRuns, type FleetDocument } from './demo-process.js';

test('a port of a replica that somebody takes while all starts is given up; two signals at once end it as one', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'portal-demo-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const stranger = createServer((_, response) => response.end('OK'));
  const list = join(folder, 'fleet.yaml');
  let taken = 0;
  const demo = await startDemo(folder, async () => {
    await waitFor(
      'the ports',
      async () => {
        taken = Number(/127\.0\.0\.1:(\d+)/.exec(await readFile(list, 'utf8'))?.[1]);
        return taken > 0;
      },
      PATIENCE,
    );
    stranger.listen(taken, '127.0.0.1');
    await once(stranger, 'listening');
  });
  try {
    let healthy = '';
    await waitFor(
      'all replicas to be found where they are',
      async () => {
        const { services } = await demo.read<FleetDocument>('/v1/admin/fleet');
        healthy = services.map(({ name, instances }) => `${name} ${instances['healthy']}`).join();
        return ['billing 3', 'orders 3'].every((one) => healthy.includes(one));
      },
      PATIENCE,
    ).catch((error: unknown) => assert.fail(`${String(error)} ${healthy}`));
    assert.doesNotMatch(await readFile(list, 'utf8'), new RegExp(`:${taken}$`, 'm'));
    const [family, main] = [await demo.family(), await mainOf(demo)];
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(main, signal);
    await once(demo.child, 'close');
    assert.equal(demo.child.exitCode, 0, demo.printed());
    await untilNobodyRuns(family);
  } finally {
    stranger.closeAllConnections();
    stranger.close();
  }
});
