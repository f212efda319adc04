import { createSocket } from 'node:dgram';
import { mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test, type TestContext } from 'node:test';
import { waitFor } from 'portal-test-kit';
import {
  type OwnDiscover,
  createDiscovery,
  type Discovered,
} from '../../../src/fleet/discovery/discovery.js';
import { startHost } from '../hosts.js';

const folder = mkdtempSync(join(tmpdir(), 'portal-discovery-'));
after(() => rmSync(folder, { recursive: true }));

/** Looks every 100 ms, and gives how to read the last result. */
function look(t: TestContext, discover: OwnDiscover, nameServer?: string): () => string {
  let last: Discovered | undefined;
  const discovery = createDiscovery({
    discover,
    nameServer,
    everyMs: 100,
    onResult: (found) => {
      last = found;
    },
  });
  t.after(() => discovery.close());
  return () => (last?.kind === 'list' ? last.targets.join(' ') : `${last?.code} ${last?.cause}`);
}

async function until(read: () => string, expected: string | RegExp): Promise<void> {
  await waitFor(String(expected), () =>
    typeof expected === 'string' ? read() === expected : expected.test(read()),
  );
}

describe('a list in a file', () => {
  test('is followed through replacement, truncation, deletion and a folder in its place', async (t) => {
    const path = join(folder, 'targets.json');
    writeFileSync(path, '[{ "targets": ["10.0.0.1:80", "[::1]:81"], "labels": { "zone": "a" } }]');
    const read = look(t, { kind: 'file_sd', paths: [path] });
    await until(read, '10.0.0.1:80 [::1]:81');
    writeFileSync(`${path}.new`, '[{"targets":["10.0.0.2:80"]},{"targets":[]}]');
    renameSync(`${path}.new`, path);
    await until(read, '10.0.0.2:80');
    truncateSync(path);
    await until(read, 'FLEET_DISCOVERY_FAILED the list is no JSON array');
    rmSync(path);
    await until(read, 'FLEET_DISCOVERY_FAILED ENOENT');
    mkdirSync(path);
    await until(read, 'FLEET_DISCOVERY_FAILED EISDIR');
  });

  for (const text of [
    '{}',
    '[{}]',
    '[{"targets":[7]}]',
    '[{"targets":["http://a:1"]}]',
    '[{"targets":["a"]}]',
    '[{"targets":["a:99999"]}]',
    '[{"targets":["u@a:1"]}]',
  ]) {
    test(`${text} is none`, async (t) => {
      const path = join(folder, 'bad.json');
      writeFileSync(path, text);
      await until(
        look(t, { kind: 'file_sd', paths: [path] }),
        /^FLEET_DISCOVERY_FAILED (the list|a group|a target)/,
      );
    });
  }
});

describe('a list from a URL', () => {
  test('is whole or none', async (t) => {
    let answer: { status: number; body: string } = { status: 200, body: '[{"targets":["a.example:80"]}]' };
    const host = await startHost((_, response) => {
      response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(answer.body);
    });
    t.after(() => host.close());
    const read = look(t, { kind: 'http_sd', url: `${host.origin}/targets?all=1`, credentialsFile: null });
    await until(read, 'a.example:80');
    answer = { status: 500, body: '[]' };
    await until(read, 'FLEET_DISCOVERY_FAILED the list was answered with 500');
    answer = { status: 200, body: '<h1>Sign in</h1>' };
    await until(read, 'FLEET_DISCOVERY_FAILED the list is no JSON array');
    answer = { status: 200, body: '[]' };
    await until(read, '');
  });

  test('is not followed to where it may not lead', async (t) => {
    const read = look(t, { kind: 'http_sd', url: 'http://169.254.169.254/targets', credentialsFile: null });
    await until(read, /^FLEET_DISCOVERY_FAILED/);
  });
});

describe('a list by name', () => {
  /** Answers every question in the same way: a header with this code, and these records. */
  async function startNameServer(t: TestContext, answer: (type: number) => NameAnswer): Promise<string> {
    const socket = createSocket('udp4');
    socket.on('message', (question, { port, address }) => {
      const type = question.readUInt16BE(endOfName(question));
      socket.send(answerTo(question, answer(type)), port, address);
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    t.after(() => socket.close());
    return `127.0.0.1:${socket.address().port}`;
  }

  test('has the addresses of both families', async (t) => {
    const server = await startNameServer(t, (type) => ({
      code: 0,
      records: type === 1 ? [Buffer.from([10, 0, 0, 1]), Buffer.from([10, 0, 0, 2])] : [],
      type,
    }));
    await until(
      look(t, { kind: 'dns', name: 'a.example', port: 8080 }, server),
      '10.0.0.1:8080 10.0.0.2:8080',
    );
  });

  test('that exists without an address is empty', async (t) => {
    const server = await startNameServer(t, (type) => ({ code: 0, records: [], type }));
    await until(look(t, { kind: 'dns', name: 'a.example', port: 1 }, server), '');
  });

  for (const [code, cause] of [
    [2, 'ESERVFAIL'],
    [3, 'ENOTFOUND'],
    [5, 'EREFUSED'],
  ] as const) {
    test(`${cause} is a failure and no empty list`, async (t) => {
      const server = await startNameServer(t, (type) => ({ code, records: [], type }));
      await until(
        look(t, { kind: 'dns', name: 'a.example', port: 1 }, server),
        `FLEET_DISCOVERY_FAILED ${cause}`,
      );
    });
  }

  test('a failure of one family is a failure, since half a list would be a loss', async (t) => {
    const server = await startNameServer(t, (type) =>
      type === 1 ? { code: 0, records: [Buffer.from([10, 0, 0, 1])], type } : { code: 2, records: [], type },
    );
    await until(
      look(t, { kind: 'dns', name: 'a.example', port: 1 }, server),
      'FLEET_DISCOVERY_FAILED ESERVFAIL',
    );
  });

  test('SRV gives hosts with their ports, and none where it says so', async (t) => {
    const record = Buffer.concat([Buffer.from([0, 1, 0, 1, 0x1f, 0x90]), nameOf('one.example')]);
    const nothing = Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0]), Buffer.from([0])]);
    const server = await startNameServer(t, () => ({ code: 0, records: [record, nothing], type: 33 }));
    await until(look(t, { kind: 'srv', name: '_health._tcp.a.example' }, server), 'one.example:8080');
  });
});

interface NameAnswer {
  /** Of the header: 0 is no error. */
  readonly code: number;
  readonly records: readonly Buffer[];
  readonly type: number;
}

/** Where the name of a question ends. */
function endOfName(message: Buffer): number {
  let at = 12;
  while (message.readUInt8(at) !== 0) at += message.readUInt8(at) + 1;
  return at + 1;
}

function nameOf(name: string): Buffer {
  return Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);
}

function answerTo(question: Buffer, { code, records, type }: NameAnswer): Buffer {
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  const answers = records.map((record) => {
    const meta = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 1, 0, 0]);
    meta.writeUInt16BE(record.length, 10);
    return Buffer.concat([meta, record]);
  });
  return Buffer.concat([head, question.subarray(12, endOfName(question) + 4), ...answers]);
}
