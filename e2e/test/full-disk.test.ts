/**
 * A Postgres (S-04) and a Redis (S-02) whose disk is full, by the library and by `portal doctor`: a file system of their own,
 * so root is needed.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createHealth, type Health } from 'portal-health';
import type * as Kit from 'portal-test-kit';
import { runDoctor } from './doctor-process.js';

const run = promisify(execFile);

/** Whether a busy machine is slow is no question here. */
const PATIENT = { slowMs: 60_000, deadlineMs: 5_000, intervalMs: 300 };
const LEFT_BYTES = 2_500_000;

let folder: string;
let kit: Pick<typeof Kit, 'startPostgres' | 'startRedis' | 'waitFor'>;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-full-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=256m,mode=0755', 'tmpfs', folder]);
  await chmod(folder, 0o755);
  // Where the kit lays its servers; read once, when it is imported.
  process.env['TMPDIR'] = folder;
  kit = await import('portal-test-kit');
});

after(async () => {
  await run('umount', ['--lazy', folder]);
  await rm(folder, { recursive: true, force: true });
});

function outcomeOf(health: Health): string {
  const { status, errors } = health.report('public');
  return [status, ...errors.map((error) => /\(([A-Z_]+)\)$/.exec(error)?.[1])].join(' ');
}

function sentences(health: Health): string {
  return health
    .reasons('admin')
    .map(({ code, sentence }) => `${code} ${sentence}`)
    .join('\n');
}

/** Fills the file system up to some bytes; returns what frees it. */
async function fill(leftBytes: number): Promise<() => Promise<void>> {
  const file = join(folder, 'filler');
  const { bavail, bsize } = await statfs(folder);
  await writeFile(file, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
  return () => truncate(file, 0);
}

test('Postgres: the write finds what INSERTs of the application meet, says why, and its end', async () => {
  const server = await kit.startPostgres();
  const url = await server.createDatabase();
  const pool = new pg.Pool({ connectionString: url });
  pool.on('error', () => undefined);
  const health = createHealth({
    database: { pool, ...PATIENT, writes: { intervalMs: 200 }, explain: true },
  });
  const blind = createHealth({ database: { pool, ...PATIENT } });
  try {
    await pool.query('CREATE TABLE b (i integer)');
    await Promise.all([health.start(), blind.start()]);
    await kit.waitFor(
      'the table',
      async () => (await pool.query('SELECT FROM portal_health_writes')).rowCount === 2_000,
    );
    assert.equal(outcomeOf(health), 'healthy');
    const free = await fill(LEFT_BYTES);
    await assert.rejects(pool.query('INSERT INTO b SELECT generate_series(1, 200000)'), { code: '53100' });
    await kit.waitFor('the finding', () => outcomeOf(health) === 'degraded DATABASE_DISK_FULL');
    assert.equal(outcomeOf(blind), 'healthy', 'without a write nobody knows');
    await kit.waitFor('the reason', () => sentences(health).startsWith('DATABASE_DISK_FULL '));
    const found = await runDoctor('/', { DATABASE_URL: url });
    assert.match(found.text, /^database: up, .*\n.* \(DATABASE_DISK_FULL, 53100\)\n/);
    assert.equal(found.exitCode, 1);
    await free();
    assert.doesNotMatch((await runDoctor('/', { DATABASE_URL: url })).text, /DATABASE_DISK_FULL/);
    await kit.waitFor('health', () => outcomeOf(health) === 'healthy');
    await kit.waitFor('the end of the reason', () => sentences(health) === '');
    await pool.query('INSERT INTO b SELECT generate_series(1, 200000)');
  } finally {
    await Promise.all([health.close(), blind.close()]);
    await Promise.all([pool.end(), server.close()]);
    await rm(join(folder, 'filler'), { force: true });
  }
});

test('Redis: a refused write is told from the first on, with its cause, until its file can be written again', async () => {
  const server = await kit.startRedis({ settings: { appendonly: 'yes' } });
  const client = new Redis(server.url);
  client.on('error', () => undefined);
  const health = createHealth({ cache: { client, ...PATIENT, explain: true } });
  try {
    await health.start();
    await client.set('a', 1);
    assert.equal(outcomeOf(health), 'healthy');
    const free = await fill(0);
    await kit.waitFor('the refusal', () =>
      client.set('b', 'x'.repeat(100_000)).then(
        () => false,
        (error: Error) => error.message.startsWith('MISCONF'),
      ),
    );
    await kit.waitFor('the finding', () => outcomeOf(health) === 'degraded CACHE_WRITES_REFUSED');
    await kit.waitFor('the reason', () =>
      /^CACHE_WRITES_REFUSED .* it cannot write its append-only file$/.test(sentences(health)),
    );
    const found = await runDoctor('/', { REDIS_URL: server.url });
    assert.match(found.text, /it cannot write its append-only file \(CACHE_WRITES_REFUSED\)/);
    assert.equal(found.exitCode, 1);
    await free();
    await kit.waitFor('the application to write', async () => (await client.set('c', 1)) === 'OK');
    await kit.waitFor('health', () => outcomeOf(health) === 'healthy');
    await kit.waitFor('the end of the reason', () => sentences(health) === '');
  } finally {
    await health.close();
    client.disconnect();
    await server.close();
  }
});
