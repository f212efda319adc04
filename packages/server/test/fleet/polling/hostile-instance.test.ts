/**
 * Whatever an instance sends, a poll ends with one of the codes, and nothing of it is kept.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readFleetFile } from '../../../src/fleet/file/fleet-file.js';
import { INSTANCE_PROBLEMS } from '../../../src/fleet/fleet-problems.js';
import { createNetworkSet } from '../../../src/fleet/networks.js';
import type { Observation } from '../../../src/fleet/observation.js';
import { createInstanceClient } from '../../../src/fleet/polling/instance-client.js';
import { createResolver } from '../../../src/fleet/polling/resolve.js';
import { startSpeaker, type Host } from '../hosts.js';

const YAML = 'services: [{ name: a, discover: { static: [] }, networks: [127.0.0.0/8], timeout: 2s }]';
const LONG_BODY = 'x'.repeat(300 * 1_024);

/** What is said to the next request; it may go on until the socket closes. */
let speak: (socket: Socket) => void;
let host: Host;

before(async () => {
  host = await startSpeaker((socket) => socket.once('data', () => speak(socket)));
});
after(() => host.close());

async function poll(says: (socket: Socket) => void): Promise<Observation> {
  speak = says;
  const { polling } = readFleetFile(YAML).services[0] ?? assert.fail();
  const client = createInstanceClient(
    host.origin,
    {
      polling,
      networks: createNetworkSet([]),
      credentials: undefined,
      certificates: undefined,
      pinned: undefined,
    },
    createResolver(),
  );
  try {
    return await client.poll();
  } finally {
    client.close();
  }
}

function word(observation: Observation): string {
  if (observation.kind === 'answered') return observation.reading.health;
  return observation.kind === 'failed' ? observation.code : observation.kind;
}

function message(body: string | Buffer, { status = 200, headers = '' } = {}): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status} X\r\nContent-Length: ${bytes.length}\r\n${headers}\r\n`),
    bytes,
  ]);
}

/** Again and again, until it is cut off. */
function endlessly(first: string, piece: string): (socket: Socket) => void {
  return (socket) => {
    socket.write(first);
    const timer = setInterval(() => socket.write(piece), 1);
    socket.on('close', () => clearInterval(timer));
  };
}

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n';
const once = (bytes: Buffer | string) => (socket: Socket) => void socket.end(bytes);

describe('an instance that sends', () => {
  const bomb = gzipSync(Buffer.alloc(20_000_000));
  for (const [what, says, expected] of [
    [
      'a header of 20 kB',
      once(message('{}', { headers: `X: ${'x'.repeat(20_000)}\r\n` })),
      'INSTANCE_TOO_LARGE',
    ],
    [
      'a thousand headers',
      once(message('{}', { headers: 'X-Header: 0123456789\r\n'.repeat(1_000) })),
      'INSTANCE_TOO_LARGE',
    ],
    [
      'trailers without an end',
      endlessly(`${CHUNKED}\r\n0\r\n`, `X: ${'x'.repeat(2_000)}\r\n`),
      'INSTANCE_TOO_LARGE',
    ],
    ['hints without an end', endlessly('', 'HTTP/1.1 103 Early Hints\r\n\r\n'), 'INSTANCE_TIMEOUT'],
    ['a chunk without a length', once(`${CHUNKED}\r\nzz\r\n`), 'INSTANCE_NOT_HEALTH'],
    ['a body of 300 KiB', once(message(LONG_BODY)), 'INSTANCE_TOO_LARGE'],
    ['a gzip bomb', once(message(bomb, { headers: 'Content-Encoding: gzip\r\n' })), 'INSTANCE_NOT_HEALTH'],
    [
      'a gzip bomb in a transfer coding',
      once(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'), bomb])),
      'INSTANCE_NOT_HEALTH',
    ],
    [
      'two encodings',
      once(
        message('{"status":"healthy"}', {
          headers: 'Content-Encoding: identity\r\nContent-Encoding: br\r\n',
        }),
      ),
      'INSTANCE_NOT_HEALTH',
    ],
    ['JSON 100,000 deep', once(message('['.repeat(100_000) + ']'.repeat(100_000))), 'INSTANCE_NOT_HEALTH'],
    ['NaN', once(message('{"status":NaN}')), 'INSTANCE_NOT_HEALTH'],
    ['a byte-order mark', once(message('\uFEFF{"status":"healthy"}')), 'INSTANCE_NOT_HEALTH'],
    ['UTF-16', once(message(Buffer.from('{"status":"healthy"}', 'utf16le'))), 'INSTANCE_NOT_HEALTH'],
    ['a lone surrogate', once(message('{"status":"healthy\\ud800"}')), 'INSTANCE_NOT_HEALTH'],
    ['bytes that are no UTF-8', once(message(Buffer.from([0xff, 0xfe, 0x7b]))), 'INSTANCE_NOT_HEALTH'],
    [
      'the status twice: the last one counts, as for everybody',
      once(message('{"status":"healthy","status":"unhealthy"}')),
      'unhealthy',
    ],
    ['a prototype', once(message('{"__proto__":{"status":"healthy"}}')), 'INSTANCE_NOT_HEALTH'],
    [
      'two answers at once: the first one counts',
      once(Buffer.concat([message('{"status":"degraded"}'), message('{"status":"healthy"}')])),
      'degraded',
    ],
    [
      'an upgrade',
      once('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
      'INSTANCE_REFUSED',
    ],
    [
      'two lengths',
      once('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'),
      'INSTANCE_REFUSED',
    ],
    [
      'a length and chunks',
      once('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
      'INSTANCE_REFUSED',
    ],
    [
      'half a body',
      once('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"status":"healthy"}'),
      'INSTANCE_REFUSED',
    ],
  ] as const) {
    test(`${what} is told by ${expected}`, async () => assert.equal(word(await poll(says)), expected));
  }

  for (const status of [300, 301, 302, 303, 304, 305, 307, 308]) {
    test(`a redirect by ${status} leads nowhere`, async () => {
      const elsewhere = await startSpeaker((socket) => socket.end());
      const headers = `Location: ${elsewhere.origin}/health\r\nRefresh: 0; url=${elsewhere.origin}\r\n`;
      const body = status === 304 ? '' : '{"status":"healthy"}';
      assert.equal(word(await poll(once(message(body, { status, headers })))), 'INSTANCE_NOT_HEALTH');
      assert.equal(elsewhere.connections(), 0);
      await elsewhere.close();
    });
  }
});

describe('whatever is sent', () => {
  const CODES = new Set<string>(['healthy', 'degraded', 'unhealthy', ...Object.keys(INSTANCE_PROBLEMS)]);
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
  const headers = fc
    .array(
      fc.tuple(
        fc.oneof(
          fc.constantFrom(
            'Content-Length',
            'Transfer-Encoding',
            'Content-Encoding',
            'Connection',
            'Location',
          ),
          fc.string({ maxLength: 12 }),
        ),
        fc.oneof(
          fc.constantFrom('0', '5', '-1', '99999999999999999999', 'chunked', 'gzip', 'close'),
          fc.string(),
        ),
      ),
      { maxLength: 6 },
    )
    .map((pairs) => pairs.map(([name, value]) => `${name}: ${value}\r\n`).join(''));
  const structured = fc
    .tuple(
      fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/9.9', 'ICY'),
      fc.integer({ min: 0, max: 999 }),
      headers,
      bytes,
    )
    .map(([version, status, lines, body]) =>
      Buffer.concat([Buffer.from(`${version} ${status} X\r\n${lines}\r\n`), body]),
    );
  const plausible = fc
    .oneof(fc.json(), fc.string(), fc.constant('{"status":"healthy"}'))
    .map((body) => message(body));

  test('is an observation by a known word', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, structured, plausible), fc.nat(3), async (sent, cuts) => {
        const observation = await poll((socket) => {
          const size = Math.ceil(sent.length / (cuts + 1)) || 1;
          for (let at = 0; at < sent.length; at += size) socket.write(sent.subarray(at, at + size));
          socket.end();
        });
        assert.ok(CODES.has(word(observation)), word(observation));
      }),
      { numRuns: 300 },
    );
  });

  test('no text of it is kept but codes, times and hashes', async () => {
    const planted = 'planted secret';
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('errors', 'started_at', 'source_hash', 'other')),
        async (keys) => {
          const values = [
            planted,
            [planted, `${planted} (NOT_${'A'.repeat(60)})`, { a: planted }],
            { [planted]: 1 },
          ];
          const document = Object.fromEntries(keys.map((key, index) => [key, values[index % values.length]]));
          const observation = await poll(once(message(JSON.stringify({ status: 'degraded', ...document }))));
          assert.equal(word(observation), 'degraded');
          assert.ok(!JSON.stringify(observation).includes('planted'));
        },
      ),
      { numRuns: 40 },
    );
  });
});
