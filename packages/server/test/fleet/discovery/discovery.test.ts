import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test, type TestContext } from 'node:test';
import { startNameServer, waitFor, type NameAnswer } from 'portal-test-kit';
import type { Discovered } from '../../../src/fleet/discovery/discovered.js';
import { type OwnDiscover, createDiscovery } from '../../../src/fleet/discovery/discovery.js';
import { createFileList } from '../../../src/fleet/discovery/file-sd.js';
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

  test('is the same one until a file says something else', () => {
    const paths = ['one', 'two'].map((name) => join(folder, `same-${name}.json`));
    const write = (index: number, target: string): void =>
      writeFileSync(paths[index] ?? '', JSON.stringify([{ targets: [target] }]));
    write(0, 'a:1');
    write(1, 'b:1');
    const list = createFileList(paths);
    const first = list();
    assert.deepEqual(first, ['a:1', 'b:1']);
    for (let i = 0; i < 3; i += 1) assert.equal(list(), first);
    write(1, 'b:1');
    assert.equal(list(), first, 'written anew');
    write(1, 'c:1');
    const changed = list();
    assert.deepEqual(changed, ['a:1', 'c:1']);
    rmSync(paths[0] ?? '');
    for (let i = 0; i < 3; i += 1) assert.throws(list, { code: 'ENOENT' });
    write(0, 'a:1');
    assert.deepEqual(list(), changed);
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
  const NAME = { kind: 'dns', name: 'a.example', port: 8080 } as const;
  const SRV = { kind: 'srv', name: '_health._tcp.a.example' } as const;

  async function startNames(t: TestContext, answer: () => NameAnswer): Promise<string> {
    const server = await startNameServer({ answer });
    t.after(() => server.close());
    return server.address;
  }

  test('has the addresses of both families', async (t) => {
    const server = await startNames(t, () => ({
      v4: ['10.0.0.1', '10.0.0.2'],
      v6: ['fd12:0:0:0:0:0:0:1'],
    }));
    await until(look(t, NAME, server), '10.0.0.1:8080 10.0.0.2:8080 [fd12::1]:8080');
  });

  test('that exists without an address is empty', async (t) => {
    const server = await startNames(t, () => ({}));
    await until(look(t, NAME, server), '');
  });

  for (const [code, cause] of [
    [2, 'ESERVFAIL'],
    [3, 'ENOTFOUND'],
    [5, 'EREFUSED'],
  ] as const) {
    test(`${cause} is a failure and no empty list`, async (t) => {
      const server = await startNames(t, () => ({ code }));
      await until(look(t, NAME, server), `FLEET_DISCOVERY_FAILED ${cause}`);
      await until(look(t, SRV, server), `FLEET_DISCOVERY_FAILED ${cause}`);
    });
  }

  test('without a name server is a failure, too', async (t) => {
    const gone = await startNameServer({ answer: () => ({}) });
    gone.close();
    await until(look(t, NAME, gone.address), /^FLEET_DISCOVERY_FAILED (ECONNREFUSED|ETIMEOUT)$/);
  });

  test('a failure of one family is a failure, since half a list would be a loss', async (t) => {
    let questions = 0;
    const server = await startNames(t, () => {
      questions += 1;
      return questions % 2 === 1 ? { v4: ['10.0.0.1'], v6: ['fd12:0:0:0:0:0:0:1'] } : { code: 2 };
    });
    await until(look(t, NAME, server), 'FLEET_DISCOVERY_FAILED ESERVFAIL');
  });

  test('SRV gives hosts with their ports, and none where it says so', async (t) => {
    const server = await startNames(t, () => ({
      srv: [
        { labels: ['one', 'example'], port: 8080 },
        { labels: [], port: 0 },
      ],
    }));
    await until(look(t, SRV, server), 'one.example:8080');
  });

  // A record holds any bytes. Each of these would be asked elsewhere than it says, or stop the asking of all.
  for (const labels of [
    ['a/b', 'c'],
    ['a b'],
    ['u@h', 'c'],
    ['x#y'],
    ['a\nb'],
    ['xn--a', 'example'],
    ['a\\b'],
  ]) {
    test(`SRV of ${JSON.stringify(labels)} is none`, async (t) => {
      const server = await startNames(t, () => ({ srv: [{ labels, port: 8080 }] }));
      await until(look(t, SRV, server), 'FLEET_DISCOVERY_FAILED a target of the list is not host:port');
    });
  }
});
