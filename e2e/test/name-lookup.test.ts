/**
 * A resolver that does not answer: not even the name of a store is known, which is no evidence about the store. It is put in
 * the place of the machine's own, so root is needed.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

/** Waits for a report of stores with names, and of one without, whose packets go nowhere. */
const SCRIPT = `
import { createSocket } from 'node:dgram';
import { createRequire } from 'node:module';
const require = createRequire(${JSON.stringify(import.meta.url)});
const { Redis } = require('ioredis');
const pg = require('pg');
const { createHealth } = await import(${JSON.stringify(import.meta.resolve('portal-health'))});
createSocket('udp4').bind(53, '127.0.0.53');
const client = new Redis({ host: 'cache.example.test', lazyConnect: true });
const database = { pool: new pg.Pool({ host: 'database.example.test', user: 'app' }) };
const health = createHealth({ database, cache: { client } });
await health.start();
process.stdout.write(JSON.stringify(health.report('public').errors));
process.exit();
`;

test('names that are looked up for ever: NAME_LOOKUP, and no store is blamed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portal-resolver-'));
  try {
    await writeFile(join(folder, 'resolv.conf'), 'nameserver 127.0.0.53\noptions timeout:5 attempts:1\n');
    await writeFile(join(folder, 'script.mjs'), SCRIPT);
    const shell =
      'ip link set lo up && mount --bind "$0/resolv.conf" /etc/resolv.conf && exec "$1" "$0/script.mjs"';
    const { stdout } = await promisify(execFile)(
      'unshare',
      ['--mount', '--net', 'sh', '-c', shell, folder, process.execPath],
      { timeout: 60_000 },
    );
    const codes = (JSON.parse(stdout) as string[]).map((error) => /\(([A-Z_]+)\)$/.exec(error)?.[1]);
    assert.deepEqual(codes, ['CHECK_STALE', 'NAME_LOOKUP']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
