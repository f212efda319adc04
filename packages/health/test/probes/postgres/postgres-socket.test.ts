import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import postgresJs from 'postgres';
import { createMessageCheck } from '../../../src/probes/postgres/postgres-socket.js';
import { createPostgresProbe } from '../../../src/probes/postgres/postgres.js';
import { outcomeOf } from '../run-probe.js';

/** A message as a server sends it. */
function message(letter: string, body: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.write(letter);
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

const WELCOME = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))]);
const RUBBISH = Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');

/** `bytes` in pieces of these lengths, and the rest. */
function inPieces(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  let at = 0;
  const pieces = lengths.map((length) => bytes.subarray(at, (at += length)));
  return [...pieces, bytes.subarray(at)];
}

describe('what is no Postgres', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 });
  const lengths = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 });

  test('is found in whatever pieces it arrives, and Postgres never taken for it', () => {
    fc.assert(
      fc.property(bodies, lengths, (messages, pieces) => {
        const talk = Buffer.concat([WELCOME, ...messages.map((body) => message('D', body))]);
        const isPostgres = createMessageCheck();
        for (const piece of inPieces(talk, pieces)) assert.equal(isPostgres(piece), true);
        const found = inPieces(RUBBISH, pieces).some((piece) => !isPostgres(piece));
        assert.equal(found, true);
      }),
    );
  });

  test('a message of a length that cannot be', () => {
    for (const length of [0, 3, 2 ** 20 + 1, 2 ** 32 - 1]) {
      const bytes = Buffer.from('R....');
      bytes.writeUInt32BE(length, 1);
      assert.equal(createMessageCheck()(bytes), false, String(length));
    }
  });

  test('a server that goes over to another protocol in the middle is told at once: DATABASE_FAILED', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(WELCOME);
        socket.once('data', () => socket.write(RUBBISH));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'app', database: 'app' });
    try {
      // Far from the deadline: what waits for it is a timeout.
      assert.equal(await outcomeOf(createPostgresProbe({ pool }), 30_000), 'down DATABASE_FAILED');
    } finally {
      await pool.end();
      server.close();
      await once(server, 'close');
    }
  });
});

describe('an answer without an end', () => {
  /** Lets everybody in, and answers each question with rows for as long as anybody takes them. */
  async function startEndless(): Promise<{ server: Server; url: string; sentBytes: () => number }> {
    const row = message('D', Buffer.concat([Buffer.from([0, 1, 0, 0, 0, 100]), Buffer.alloc(100, 'x')]));
    const rows = Buffer.concat(Array.from({ length: 600 }, () => row));
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(WELCOME);
        socket.once('data', () => {
          const fill = (): void => {
            while (!socket.destroyed && socket.write(rows));
            if (!socket.destroyed) socket.once('drain', fill);
          };
          fill();
        });
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      server,
      url: `postgres://app@127.0.0.1:${(server.address() as AddressInfo).port}/app`,
      sentBytes: () => sockets.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
    };
  }

  for (const [driver, optionsOf] of Object.entries({
    pg: (url: string) => ({ pool: new pg.Pool({ connectionString: url }) }),
    'postgres.js': (url: string) => ({ pool: postgresJs(url), postgres: postgresJs }),
  })) {
    test(`${driver}: cut off, and the database answers with an error`, async () => {
      const { server, url, sentBytes } = await startEndless();
      try {
        const probe = createPostgresProbe({ ...optionsOf(url), slowMs: 60_000 });
        assert.equal(await outcomeOf(probe, 20_000), 'down DATABASE_FAILED');
        // Four megabytes, and what the kernel keeps on its way.
        assert.ok(sentBytes() < 20 * 1024 ** 2, String(sentBytes()));
      } finally {
        server.close();
        await once(server, 'close');
      }
    });
  }
});
