/** The port of its own: there before anything else, bounded, and never what keeps a process alive. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { runScript, waitFor } from 'portal-test-kit';
import { createHealth, type Health, type HealthServer } from '../src/index.js';
import { requestHttp1 } from './adapters/exchange.js';

const LOCAL = { port: 0, host: '127.0.0.1' } as const;

async function withServer(
  health: Health,
  work: (server: HealthServer) => Promise<void>,
  options: Parameters<Health['listen']>[0] = LOCAL,
): Promise<void> {
  const server = await health.listen(options);
  try {
    await work(server);
  } finally {
    await health.close();
  }
}

test('E-08: it answers before there is a pool, and says so; it samples without being told to start', async () => {
  const health = createHealth({ database: { pool: () => undefined } });
  await withServer(health, async ({ port, address, url }) => {
    assert.deepEqual([address, url], ['127.0.0.1', `http://127.0.0.1:${port}`]);
    assert.equal((await requestHttp1(port, '/livez')).status, 200);
    await waitFor('the first report', async () => (await requestHttp1(port, '/startupz')).status === 200);
    const { status, body } = await requestHttp1(port, '/health');
    assert.equal(status, 503);
    assert.match(body, /\(DATABASE_NOT_READY\)/);
    assert.equal((await requestHttp1(port, '/readyz')).status, 200);
    health.drain();
    assert.equal((await requestHttp1(port, '/readyz')).status, 503);
    assert.equal((await requestHttp1(port, '/livez')).status, 200);
  });
});

test('it takes the options of the endpoints, and answers everything else with 404', async () => {
  const health = createHealth({});
  const options = {
    ...LOCAL,
    paths: { metrics: null },
    prefix: '/internal',
    viewer: ({ headers }: { headers: Record<string, unknown> }) => headers['x-token'] && 'admin',
  };
  await withServer(
    health,
    async ({ port }) => {
      const admin = await requestHttp1(port, '/internal/health', 'GET', { 'x-token': 'a' });
      assert.ok('source_hash' in JSON.parse(admin.body));
      for (const path of ['/internal/metrics', '/health', '/', '*']) {
        const { status, headers, body } = await requestHttp1(port, path);
        assert.equal(status, 404, path);
        assert.equal(JSON.parse(body).error, 'Not found');
        assert.equal(JSON.parse(body).correlation_id, headers['x-correlation-id']);
      }
      assert.equal((await requestHttp1(port, '/internal/livez', 'POST')).status, 405);
    },
    options,
  );
});

test('what cannot be listened on is named, and close ends it all, also in the middle of opening', async () => {
  const health = createHealth({});
  const bad: [object, string][] = [
    [{}, 'Expected the `port` option to be a whole number from 0 to 65535, got undefined.'],
    [{ port: '8080' }, 'Expected the `port` option to be a whole number from 0 to 65535, got "8080".'],
    [{ port: 0, hots: 'a' }, 'Expected the `hots` option to be one of port, host, '],
    [{ port: 0, host: '' }, 'Expected the `host` option to be a name or an address of this machine, got "".'],
    [
      { port: 0, host: '192.0.2.1' },
      'Expected the `host` option to be a name or an address of this machine, got "192.0.2.1".',
    ],
    [
      { port: 0, paths: { heath: '/' } },
      'Expected the `paths.heath` option to be one of health, metrics, reasons, statement, livez, readyz, startupz, got "heath".',
    ],
  ];
  for (const [options, message] of bad) {
    await assert.rejects(health.listen(options as never), (error: Error) => {
      assert.ok(error instanceof TypeError && error.message.startsWith(message), error.message);
      return true;
    });
  }
  const first = await health.listen(LOCAL);
  await assert.rejects(health.listen({ ...LOCAL, port: first.port }), {
    name: 'TypeError',
    code: 'EADDRINUSE',
    message: `Expected the \`port\` option to be a port that nobody listens on at 127.0.0.1, got ${first.port}.`,
  });
  const idle = connect(first.port, '127.0.0.1');
  await once(idle, 'connect');
  const opening = health.listen(LOCAL);
  await health.close();
  const late = await opening;
  for (const { port } of [first, late]) {
    const refused = connect(port, '127.0.0.1');
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  }
  await first.close();
});

test('its connections are bounded: whoever holds many loses the oldest, and others get in', async () => {
  const health = createHealth({});
  await withServer(health, async ({ port }) => {
    const sockets: Socket[] = [];
    let ended = 0;
    for (let count = 0; count < 300; count += 1) {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.on('close', () => (ended += 1)).resume();
      sockets.push(socket);
      await once(socket, 'connect');
    }
    await waitFor('the oldest to be ended', () => ended >= 44);
    assert.equal((await requestHttp1(port, '/livez')).status, 200);
    assert.ok(
      sockets.slice(-200).every((socket) => !socket.destroyed),
      'the newest stay',
    );
    // Whoever asks for nothing of ours, on and on without reading, is ended as well.
    const greedy = connect(port, '127.0.0.1')
      .on('error', () => undefined)
      .resume();
    greedy.write('GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(200));
    await once(greedy, 'close');
    for (const socket of sockets) socket.destroy();
  });
});

test('a process whose work has ended ends, whoever is connected', async () => {
  const index = new URL('../src/index.js', import.meta.url).href;
  const { exit, stdout } = await runScript('--input-type=module', [
    '-e',
    `
    import { connect } from 'node:net';
    import { once } from 'node:events';
    import { createHealth } from ${JSON.stringify(index)};
    const health = createHealth({});
    const { port } = await health.listen({ port: 0, host: '127.0.0.1' });
    const prober = connect(port, '127.0.0.1');
    await once(prober, 'connect');
    prober.write('GET /livez HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n');
    const [answer] = await once(prober, 'data');
    prober.unref();
    console.log(String(answer).split('\\r\\n')[0]);
  `,
  ]);
  assert.deepEqual([exit, stdout], [0, 'HTTP/1.1 200 OK\n']);
});
