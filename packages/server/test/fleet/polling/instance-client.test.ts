import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { readFleetFile } from '../../../src/fleet/file/fleet-file.js';
import { createNetworkSet } from '../../../src/fleet/networks.js';
import type { Observation } from '../../../src/fleet/observation.js';
import { createCredentials } from '../../../src/fleet/polling/credentials.js';
import { createInstanceClient, type InstanceClient } from '../../../src/fleet/polling/instance-client.js';
import { createResolver, type Resolver } from '../../../src/fleet/polling/resolve.js';
import { answerWith, startHost, startSpeaker, type Host } from '../hosts.js';

const HEALTHY = { status: 'healthy', errors: [] };
const folder = mkdtempSync(join(tmpdir(), 'portal-polling-'));
const tokenFile = join(folder, 'token');
writeFileSync(tokenFile, 'secret-token\n');
after(() => rmSync(folder, { recursive: true }));

interface ClientOptions {
  /** Keys of the service, as the fleet file has them. */
  readonly keys?: string;
  readonly resolver?: Resolver;
  /** Default: long enough for a busy machine. */
  readonly timeout?: string;
}

function clientFor(
  origin: string,
  { keys = '', resolver = createResolver(), timeout = '8s' }: ClientOptions = {},
): InstanceClient {
  const yaml = `services: [{ name: a, discover: { static: [] }, networks: [127.0.0.0/8, "::1"], timeout: ${timeout}, ${keys} }]`;
  const polling = readFleetFile(yaml).services[0]?.polling ?? assert.fail();
  return createInstanceClient(
    origin,
    {
      polling,
      networks: createNetworkSet(polling.networks),
      credentials: polling.credentialsFile === null ? undefined : createCredentials(polling.credentialsFile),
      certificates: undefined,
      pinned: undefined,
    },
    resolver,
  );
}

async function pollOnce(origin: string, options?: ClientOptions): Promise<string> {
  const client = clientFor(origin, options);
  const observation = await client.poll();
  client.close();
  return summary(observation);
}

function summary(observation: Observation): string {
  if (observation.kind === 'answered') return observation.reading.health;
  return observation.kind === 'failed' ? observation.code : observation.kind;
}

async function withHost(host: Host, work: (host: Host) => Promise<void>): Promise<void> {
  try {
    await work(host);
  } finally {
    await host.close();
  }
}

describe('a poll', () => {
  test('keeps a connection until the next poll, where the instance does not say for how long it may', async () => {
    const body = JSON.stringify(HEALTHY);
    const host = await startSpeaker((socket) =>
      socket.on('data', () =>
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      ),
    );
    await withHost(host, async ({ origin, connections }) => {
      const client = clientFor(origin);
      assert.equal(summary(await client.poll()), 'healthy');
      // More than undici keeps one by itself.
      await sleep(6_000);
      assert.equal(summary(await client.poll()), 'healthy');
      client.close();
      assert.equal(connections(), 1);
    });
  });

  test('keeps its connection', async () => {
    await withHost(await startHost(answerWith(HEALTHY)), async ({ origin, connections, requests }) => {
      const client = clientFor(origin);
      for (let i = 0; i < 3; i++) assert.equal(summary(await client.poll()), 'healthy');
      assert.deepEqual([requests(), connections()], [3, 1]);
      client.close();
    });
  });

  test('is not failed by a kept connection that the instance has closed', async () => {
    const host = await startSpeaker((socket) => {
      socket.once('data', () => {
        const body = JSON.stringify(HEALTHY);
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        // The next request meets a connection that is being closed.
        socket.once('data', () => socket.destroy());
      });
    });
    await withHost(host, async ({ origin, connections }) => {
      const client = clientFor(origin);
      assert.equal(summary(await client.poll()), 'healthy');
      assert.equal(summary(await client.poll()), 'healthy');
      assert.equal(connections(), 2);
      client.close();
    });
  });

  test('goes to IPv6, too', async () => {
    await withHost(await startHost(answerWith(HEALTHY), '::1'), async ({ origin }) => {
      assert.equal(await pollOnce(origin), 'healthy');
    });
  });

  test('follows no redirect', async () => {
    await withHost(await startHost(answerWith(HEALTHY)), async (elsewhere) => {
      const redirect = await startHost((_, response) => {
        response.writeHead(302, { Location: `${elsewhere.origin}/health` }).end();
      });
      await withHost(redirect, async ({ origin }) => {
        assert.equal(await pollOnce(origin), 'INSTANCE_NOT_HEALTH');
        assert.equal(elsewhere.connections(), 0);
      });
    });
  });

  test('reads nothing that is encoded', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const host = await startHost(({ headers }, response) => {
      assert.equal(headers['accept-encoding'], undefined);
      response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bomb);
    });
    await withHost(host, async ({ origin }) => assert.equal(await pollOnce(origin), 'INSTANCE_NOT_HEALTH'));
  });

  for (const [what, speak, expected] of [
    ['a body without an end', 'HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n', 'INSTANCE_TOO_LARGE'],
    [
      'a body in chunks without an end',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'INSTANCE_TOO_LARGE',
    ],
    ['headers without an end', 'HTTP/1.1 200 OK\r\n', 'INSTANCE_TOO_LARGE'],
  ] as const) {
    test(`cuts ${what}`, async () => {
      const host = await startSpeaker((socket) => {
        socket.write(speak);
        const line = speak.includes('\r\n\r\n') ? 'x'.repeat(16_000) : `X-More: ${'x'.repeat(2_000)}\r\n`;
        const piece = speak.includes('chunked') ? `${line.length.toString(16)}\r\n${line}\r\n` : line;
        const timer = setInterval(() => socket.write(piece), 1);
        socket.on('close', () => clearInterval(timer));
      });
      await withHost(host, async ({ origin }) => assert.equal(await pollOnce(origin), expected));
    });
  }

  test('ends at its timeout, however slowly the instance goes on', async () => {
    const slow = await startSpeaker((socket) => {
      const text = `HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n${' '.repeat(500)}`;
      let sent = 0;
      const timer = setInterval(() => socket.write(text.charAt(sent++)), 50);
      socket.on('close', () => clearInterval(timer));
    });
    const timeout = '700ms';
    await withHost(slow, async ({ origin }) =>
      assert.equal(await pollOnce(origin, { timeout }), 'INSTANCE_TIMEOUT'),
    );
    const silent = await startSpeaker(() => undefined);
    await withHost(silent, async ({ origin }) =>
      assert.equal(await pollOnce(origin, { timeout }), 'INSTANCE_TIMEOUT'),
    );
  });

  test('that is refused, or answered by no HTTP, says so', async () => {
    const gone = await startHost(answerWith(HEALTHY));
    await gone.close();
    assert.equal(await pollOnce(gone.origin), 'INSTANCE_REFUSED');
    const garbage = await startSpeaker((socket) => socket.end('+PONG\r\n'));
    await withHost(garbage, async ({ origin }) =>
      assert.equal(await pollOnce(origin), 'INSTANCE_NOT_HEALTH'),
    );
  });

  test('of a plain port by https is a matter of TLS', async () => {
    await withHost(await startHost(answerWith(HEALTHY)), async ({ target }) => {
      assert.equal(await pollOnce(`https://${target}`), 'INSTANCE_TLS');
    });
  });
});

describe('the address of an instance', () => {
  test('is not asked where it may not be, whatever name leads there', async () => {
    for (const origin of [
      'http://169.254.169.254',
      'http://[fe80::1]:80',
      'http://[::ffff:169.254.169.254]',
    ]) {
      assert.equal(await pollOnce(origin), 'INSTANCE_ADDRESS_NOT_ALLOWED');
    }
    await withHost(await startHost(answerWith(HEALTHY)), async ({ target, connections }) => {
      const port = target.split(':')[1];
      const yaml = `services: [{ name: a, discover: { static: [] }, scheme: http }]`;
      const polling = readFleetFile(yaml).services[0]?.polling ?? assert.fail();
      const client = createInstanceClient(
        `http://localhost:${port}`,
        {
          polling,
          networks: createNetworkSet([]),
          credentials: undefined,
          certificates: undefined,
          pinned: undefined,
        },
        createResolver(),
      );
      assert.equal(summary(await client.poll()), 'INSTANCE_ADDRESS_NOT_ALLOWED');
      client.close();
      assert.equal(connections(), 0);
    });
  });

  test('is the one that was checked, although its name changes in between', async () => {
    await withHost(await startHost(answerWith(HEALTHY)), async (good) => {
      let lookups = 0;
      // Says the good address once; whoever looked the name up again would go astray.
      const resolver: Resolver = {
        freshMs: 60_000,
        async resolve() {
          lookups += 1;
          return lookups === 1 ? '127.0.0.1' : '169.254.169.254';
        },
      };
      const port = good.target.split(':')[1];
      const client = clientFor(`http://rebinding.example:${port}`, { resolver });
      assert.equal(summary(await client.poll()), 'healthy');
      assert.equal(summary(await client.poll()), 'healthy');
      client.close();
      assert.deepEqual([good.connections(), lookups], [1, 1]);
    });
  });

  test('is asked on while its name cannot be looked up, and no more once its name leads where nothing is asked', async () => {
    await withHost(await startHost(answerWith(HEALTHY)), async (good) => {
      let resolve: Resolver['resolve'] = async () => '127.0.0.1';
      const resolver: Resolver = { freshMs: 0.01, resolve: (...asked) => resolve(...asked) };
      const client = clientFor(`http://moving.example:${good.target.split(':')[1]}`, { resolver });
      const pollTwice = async (): Promise<string> => {
        // The first begins the look-up, the second goes by it.
        await client.poll();
        return summary(await client.poll());
      };
      assert.equal(await pollTwice(), 'healthy');
      resolve = () => Promise.reject(Object.assign(new Error('no answer'), { code: 'EAI_AGAIN' }));
      assert.equal(await pollTwice(), 'healthy');
      resolve = () => new Promise(() => undefined);
      assert.equal(await pollTwice(), 'healthy');
      resolve = () => createResolver().resolve('169.254.169.254', true);
      assert.equal(await pollTwice(), 'INSTANCE_ADDRESS_NOT_ALLOWED');
      assert.equal(good.connections(), 1);
      client.close();
    });
  });
});

describe('a token', () => {
  const needsToken = (seen: (string | undefined)[]) =>
    startHost((request, response) => {
      seen.push(request.headers.authorization);
      const isKnown = request.headers.authorization === 'Bearer secret-token';
      answerWith(isKnown ? HEALTHY : { error: 'no' }, isKnown ? 200 : 401)(request, response);
    });

  test('goes to the networks of its service', async () => {
    const seen: (string | undefined)[] = [];
    await withHost(await needsToken(seen), async ({ origin }) => {
      const keys = `authorization: { credentials_file: ${tokenFile} }`;
      assert.equal(await pollOnce(origin, { keys }), 'healthy');
      assert.deepEqual(seen, ['Bearer secret-token']);
    });
  });

  test('goes nowhere else', async () => {
    const seen: (string | undefined)[] = [];
    const host = await startHost((request, response) => {
      seen.push(request.headers.authorization);
      answerWith({ error: 'no' }, 401)(request, response);
    }, '::1');
    await withHost(host, async ({ origin }) => {
      const yaml = `services: [{ name: a, discover: { static: [] }, networks: [127.0.0.0/8, 10.0.0.0/8] }]`;
      const polling = readFleetFile(yaml).services[0]?.polling ?? assert.fail();
      const client = createInstanceClient(
        origin,
        {
          polling,
          networks: createNetworkSet(polling.networks),
          credentials: createCredentials(tokenFile),
          certificates: undefined,
          pinned: undefined,
        },
        createResolver(),
      );
      assert.equal(summary(await client.poll()), 'INSTANCE_TOKEN_WITHHELD');
      client.close();
      assert.deepEqual(seen, [undefined]);
    });
  });

  test('is read again when it was refused', async () => {
    const seen: (string | undefined)[] = [];
    const file = join(folder, 'rotated');
    writeFileSync(file, 'old-token');
    await withHost(await needsToken(seen), async ({ origin }) => {
      const client = clientFor(origin, { keys: `authorization: { credentials_file: ${file} }` });
      assert.equal(summary(await client.poll()), 'INSTANCE_UNAUTHORIZED');
      writeFileSync(file, 'secret-token');
      assert.equal(summary(await client.poll()), 'healthy');
      client.close();
    });
  });
});
