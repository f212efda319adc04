/** What the pool says to a server at the start of a connection, and how statements end that take too long. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { createCanceller } from '../../src/infra/postgres-canceller.js';
import { createDatabase } from '../../src/infra/postgres.js';

let postgres: PostgresServer;

before(async () => {
  postgres = await startPostgres();
});

after(() => postgres.close());

test('the start of a connection (S-14) names nothing that a pooler may not know', async () => {
  const said: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      said.push(bytes.toString('latin1'));
      socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const database = createDatabase({
    url: `postgres://app@127.0.0.1:${port}/app`,
    poolSize: 1,
    connectTimeoutMs: 5_000,
    onError: () => undefined,
  });
  await assert.rejects(database.rows('SELECT 1'));
  await database.close();
  server.close();
  // Length and version of the protocol come first.
  const parameters = said[0]?.slice(8).split('\0') ?? [];
  assert.deepEqual(
    parameters.filter((_word, index) => index % 2 === 0 && index < parameters.length - 2),
    ['user', 'database', 'application_name', 'client_encoding'],
  );
});

test('a statement that takes too long is ended at the server, also when nobody waits for it any more', async () => {
  const url = await postgres.createDatabase();
  const database = createDatabase({ url, poolSize: 1, connectTimeoutMs: 5_000, onError: () => undefined });
  const canceller = createCanceller(database.pool.options);
  const client = await database.pool.connect();
  client.on('error', () => undefined);
  try {
    const slow = assert.rejects(client.query('SELECT pg_sleep(300)'), { code: '57014' });
    await waitFor('the statement', async () => (await sleepers()) === 1);
    canceller.later(client, 1);
    await slow;

    client.query('SELECT pg_sleep(300)').catch(() => undefined);
    await waitFor('the statement', async () => (await sleepers()) === 1);
    canceller.later(client, 100);
    client.connection.stream.destroy();
    await waitFor('its end', async () => (await sleepers()) === 0);
  } finally {
    client.release(true);
    canceller.close();
    await database.close();
  }
});

async function sleepers(): Promise<number> {
  const rows = await postgres.query(
    `SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(300)' AND state = 'active'`,
  );
  return rows.length;
}
