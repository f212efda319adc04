/**
 * A server that speaks the protocol of Redis and means harm: answers without an end, by single bytes, that are no `INFO`, or one
 * that is full of lies.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { waitFor } from 'portal-test-kit';
import { reasonsDocument } from '../../../src/http/formats/reasons-json.js';
import { createRedisProbe, type RedisClient } from '../../../src/probes/redis/redis.js';
import { runProbe } from '../run-probe.js';
import { withHealth } from '../../with-health.js';

const DRIVERS: Readonly<Record<string, (url: string) => RedisClient>> = {
  ioredis: (url) => {
    const client = new Redis(url, { lazyConnect: true });
    client.on('error', () => undefined);
    return client;
  },
  'node-redis': (url) => createClient({ url }),
};
/** What the kernel keeps on its way between the two, at most. */
const UNDER_WAY_BYTES = 16 * 1024 ** 2;
/** In every name and text: must never be seen again. */
const CANARY = 'zqvxkwjz';
const PONG = '+PONG\r\n';

type Answers = Readonly<Record<string, (socket: Socket) => void>>;

interface Hostile {
  readonly url: string;
  /** To all connections together. */
  sentBytes(): number;
  close(): Promise<void>;
}

/** Answers each command by its first word, whatever follows. */
async function startHostile(answers: Answers): Promise<Hostile> {
  const sockets = new Set<Socket>();
  let goneBytes = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      goneBytes += socket.bytesWritten;
      sockets.delete(socket);
    });
    socket.on('data', (bytes: Buffer) => {
      const [, word = ''] = /^\*\d+\r\n\$\d+\r\n(\w+)/.exec(bytes.toString('latin1')) ?? [];
      (answers[word.toUpperCase()] ?? say('-ERR unknown command\r\n'))(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sentBytes: () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, goneBytes),
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function say(text: string): (socket: Socket) => void {
  return (socket) => void socket.write(text);
}

function bulk(text: string): (socket: Socket) => void {
  return say(`$${Buffer.byteLength(text)}\r\n${text}\r\n`);
}

/** `head`, and then `body` over and over for as long as anybody takes it. */
function withoutEnd(head: string, body: Buffer): (socket: Socket) => void {
  return (socket) => {
    socket.write(head);
    const fill = (): void => {
      while (!socket.destroyed && socket.write(body));
      if (!socket.destroyed) socket.once('drain', fill);
    };
    fill();
  };
}

for (const [driver, clientOf] of Object.entries(DRIVERS)) {
  describe(driver, () => {
    async function run(answers: Answers, deadlineMs?: number) {
      const server = await startHostile(answers);
      try {
        const probe = createRedisProbe({ client: clientOf(server.url), slowMs: 60_000 });
        const { state, problems, figures, cause } = await runProbe(probe, deadlineMs);
        await probe.close?.();
        return { said: [state, ...problems].join(' '), figures, cause, sentBytes: server.sentBytes() };
      } finally {
        await server.close();
      }
    }

    const endless = withoutEnd('$9000000000\r\n', Buffer.alloc(65_536, 'x'));

    test('an INFO without an end is cut off; a PING decides whether the server is up', async () => {
      const up = await run({ INFO: endless, PING: say(PONG) }, 20_000);
      assert.equal(up.said, 'up');
      assert.equal(up.figures?.memoryBytes, null);
      assert.ok(up.sentBytes < UNDER_WAY_BYTES, String(up.sentBytes));
    });

    test('whatever has no end is cut off', async () => {
      const down = await run({ INFO: endless, PING: endless }, 20_000);
      assert.deepEqual([down.said, down.cause?.code], ['down CACHE_FAILED', 'ANSWER_TOO_LONG']);
      assert.ok(down.sentBytes < 2 * UNDER_WAY_BYTES, String(down.sentBytes));
    });

    test('one that comes by single bytes has the deadline and no longer', async () => {
      const drip = (socket: Socket): void => {
        socket.write('$1000\r\n');
        const timer = setInterval(() => socket.write('x'), 20);
        socket.on('close', () => clearInterval(timer));
      };
      assert.equal((await run({ INFO: drip, PING: drip }, 300)).said, 'down CACHE_TIMEOUT');
    });

    test('what is no INFO has no figures', async () => {
      for (const answer of [
        ':7\r\n',
        '*2\r\n:1\r\n*1\r\n$4\r\nINFO\r\n',
        '$-1\r\n',
        '*-1\r\n',
        '$0\r\n\r\n',
        '+OK\r\n',
        '$12\r\nused_memory:\r\n',
      ]) {
        const { said, figures } = await run({ INFO: say(answer), PING: say(PONG) });
        assert.deepEqual([said, Object.values(figures ?? { none: 0 })], ['up', Array(8).fill(null)], answer);
      }
    });
  });
}

/** Every field that anything is made of, with lies in it. */
const LIES = [
  '# Server',
  `run_id:${CANARY}\u001B[31m`,
  'uptime_in_seconds:-1',
  'server_time_usec:NaN',
  'used_memory:950',
  'maxmemory:1000',
  'used_memory:1',
  'maxmemory_policy:noeviction',
  `maxmemory_policy:<script>${CANARY}</script>`,
  `connected_clients:${'9'.repeat(300)}`,
  'maxclients:0x10',
  'rejected_connections:-5',
  'evicted_keys:Infinity',
  'keyspace_hits:1e308',
  'keyspace_misses:--1',
  `latest_fork_usec:${'9'.repeat(20)}`,
  'rdb_last_bgsave_status:err',
  `aof_last_write_status:${CANARY}`,
  `errorstat_${CANARY}:count=7`,
  `errorstat_MISCONF:count=${CANARY}`,
  ...Array.from({ length: 10_000 }, (_, index) => `errorstat_E${index}${CANARY}:count=1`),
  '# Keyspace',
  `db0:keys=10,expires=-3,${CANARY}=1`,
  '',
].join('\r\n');

const SLOW_COMMANDS = `*4\r\n${[`${CANARY}\u001B[31m`, '<!channel>', 'GET\r\nSET', `${CANARY} key`]
  .map((name, index) => {
    const words = [name, CANARY].map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('');
    return `*4\r\n:${index}\r\n:${Math.floor(Date.now() / 1_000) + 60}\r\n:${900_000 + index}\r\n*2\r\n${words}`;
  })
  .join('')}`;

test('lies in every field and in the log of slow commands: said without a word of theirs, on every surface', async () => {
  const server = await startHostile({
    // Late, so that the log of slow commands is asked for.
    INFO: (socket) => void setTimeout(() => bulk(LIES)(socket), 30),
    PING: say(PONG),
    SLOWLOG: say(SLOW_COMMANDS),
  });
  const client = new Redis(server.url, { lazyConnect: true });
  client.on('error', () => undefined);
  try {
    const cache = { client, intervalMs: 50, slowMs: 1, deadlineMs: 20_000, explain: true };
    await withHealth({ cache }, async (health) => {
      const codes = (): string =>
        health
          .reasons('admin')
          .map(({ code }) => code)
          .join(' ');
      await waitFor('its reasons', () => /CACHE_NEARLY_FULL.*CACHE_SLOW_COMMAND/.test(codes()));
      const listener = await health.listen({ port: 0, host: '127.0.0.1', viewer: () => 'admin' });
      try {
        const pages = ['/health', '/health/reasons', '/metrics', '/readyz?verbose'].map(async (path) => {
          const answer = await fetch(`http://127.0.0.1:${listener.port}${path}`);
          return answer.text();
        });
        const texts = [
          ...(await Promise.all(pages)),
          JSON.stringify(reasonsDocument(health.reasons('admin'))),
        ];
        for (const text of texts) {
          assert.doesNotMatch(text, new RegExp(`${CANARY}|channel|<script|\\u001B`, 'i'));
          assert.ok(text.length < 65_536);
        }
        assert.match(texts[1] ?? '', /A command took 900 ms; 4 such since the last look/);
        const { cache_statistics: figures } = health.report('admin');
        assert.deepEqual(
          [figures.evicted_keys, figures.hit_rate, figures.uptime_seconds, figures.memory_usage_bytes],
          [null, null, null, 950],
        );
      } finally {
        await listener.close();
      }
    });
  } finally {
    client.disconnect();
    await server.close();
  }
});
