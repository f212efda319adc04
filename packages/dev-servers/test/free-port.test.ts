import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { test, type TestContext } from 'node:test';
import { startPostgres, startRedis } from 'portal-test-kit';
import { findFreePort, withFreePort } from '../src/free-port.js';

async function occupy(t: TestContext, port: number): Promise<Server> {
  const server = createServer();
  t.after(() => server.close());
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

test('A free port is one that no service has by custom and no client by chance.', async (t) => {
  const port = await findFreePort();
  assert.ok(port >= 61_000 && port <= 65_535, String(port));
  await occupy(t, port);
});

test('When somebody else is faster, another port is tried; after five there is no luck to be had.', async (t) => {
  const tried: number[] = [];
  const start = async (port: number): Promise<number> => {
    tried.push(port);
    if (tried.length < 3) await occupy(t, port);
    await occupy(t, port);
    return port;
  };
  const isTaken = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  assert.equal(await withFreePort(start, isTaken), tried[2]);
  assert.equal(tried.length, 3);

  let tries = 0;
  const unlucky = (): Promise<never> => {
    tries += 1;
    return Promise.reject(Object.assign(new Error('taken'), { code: 'EADDRINUSE' }));
  };
  await assert.rejects(withFreePort(unlucky, isTaken), { message: 'taken' });
  assert.equal(tries, 5);
  await assert.rejects(
    withFreePort(unlucky, () => false),
    { message: 'taken' },
  );
  assert.equal(tries, 6);
});

test('A server that finds its port taken says so, and leaves the other alone.', async (t) => {
  const postgres = await startPostgres();
  t.after(() => postgres.close());
  const redis = await startRedis();
  t.after(() => redis.close());
  await postgres.stop();
  await redis.kill();
  for (const server of [postgres, redis]) {
    const other = await occupy(t, server.port);
    await assert.rejects(server.restart(), { portIsTaken: true });
    assert.ok(other.listening);
    other.close();
    await once(other, 'close');
    await server.restart();
  }
});
