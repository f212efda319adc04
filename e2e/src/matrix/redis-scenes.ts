/** What happens at a Redis that a reason tells of, each with what ends it. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RedisServer } from 'portal-test-kit';

import { PLANTED_SECRETS } from '../planted-secrets.js';

const run = promisify(execFile);
const SPARE_CLIENTS = 12;
const CROWD = 30;
const USUAL_CLIENTS = 1_000;

/** Thirty sockets for twelve places, which are gone again a moment later. */
export async function rejectConnections(redis: RedisServer): Promise<() => void> {
  const info = String(await redis.command('INFO', 'clients'));
  const clients = Number(/connected_clients:(\d+)/.exec(info)?.[1]);
  await redis.command('CONFIG', 'SET', 'maxclients', clients + SPARE_CLIENTS);
  const sockets = await Promise.all(
    Array.from(
      { length: CROWD },
      () =>
        new Promise<Socket>((resolve) => {
          const socket = connect(redis.port, '127.0.0.1', () => resolve(socket));
          socket.on('error', () => undefined);
        }),
    ),
  );
  await Promise.all(
    // Who is refused is told so, and closed.
    sockets
      .slice(SPARE_CLIENTS + 2)
      .map((socket) => new Promise((resolve) => socket.once('close', resolve).resume())),
  );
  for (const socket of sockets) socket.destroy();
  await redis.command('CONFIG', 'SET', 'maxclients', USUAL_CLIENTS);
  return () => undefined;
}

/** Longer than a command should take; as many as there are, one after the other, are shorter than a deadline. */
const SCRIPT = `local from = redis.call('TIME') local took = 0
while took < 110000 do local now = redis.call('TIME') took = (now[1] - from[1]) * 1000000 + now[2] - from[2] end`;

/** Together they take longer than from when on a cache is slow, and shorter than the deadline. */
const SCRIPTS = 8;

/** One script after the other, so that whoever asks waits for each. */
export async function slowScripts(redis: RedisServer): Promise<() => Promise<unknown>> {
  const stop = new AbortController();
  async function work(): Promise<void> {
    while (!stop.signal.aborted) await redis.command('EVAL', SCRIPT, 0).catch(() => undefined);
  }
  const working = Array.from({ length: SCRIPTS }, work);
  return () => {
    stop.abort();
    return Promise.all(working);
  };
}

/** The user of the applications under test, without the dangerous commands but the two that reasons are made of. */
export async function withFewRights(redis: RedisServer): Promise<() => Promise<unknown>> {
  const rights = (...words: readonly string[]): Promise<unknown> =>
    redis.command('ACL', 'SETUSER', PLANTED_SECRETS.cacheUser, ...words);
  await rights('-@dangerous', '+info', '+slowlog|get');
  return () => rights('+@all');
}

/** The append-only file on a file system of 3 MB, until that is full and a write was refused. Needs root. */
export async function fillCacheDisk(redis: RedisServer): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'portal-cache-disk-'));
  const filler = join(folder, 'filler');
  const [, before = ''] = (await redis.command('CONFIG', 'GET', 'dir')) as readonly string[];
  async function end(): Promise<void> {
    await truncate(filler, 0).catch(() => undefined);
    await untilWritten(redis);
    await redis.command('CONFIG', 'SET', 'appendonly', 'no');
    await redis.command('CONFIG', 'SET', 'dir', before);
    await run('umount', ['--lazy', folder]);
    await rm(folder, { recursive: true, force: true });
  }
  await run('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=0777', 'tmpfs', folder]);
  await chmod(folder, 0o777);
  await redis.command('CONFIG', 'SET', 'dir', folder);
  await redis.command('CONFIG', 'SET', 'appendonly', 'yes');
  await untilWritten(redis);
  const { bavail, bsize } = await statfs(folder);
  await writeFile(filler, Buffer.alloc(bavail * bsize));
  for (let write = 0; write < 50; write += 1) {
    const refused = await redis.command('SET', 'in', 'x'.repeat(100_000)).then(
      () => false,
      (error: Error) => error.message.startsWith('MISCONF'),
    );
    if (refused) break;
  }
  return end;
}

/** Its file is begun in the background, and begun anew every second after a failure. */
async function untilWritten(redis: RedisServer): Promise<void> {
  const untilMs = performance.now() + 15_000;
  for (;;) {
    const info = String(await redis.command('INFO', 'persistence'));
    const isSettled = /aof_rewrite_in_progress:0/.test(info) && /aof_rewrite_scheduled:0/.test(info);
    if (isSettled && /aof_last_write_status:ok/.test(info)) return;
    if (performance.now() > untilMs) throw new Error('Redis does not write its append-only file.');
    await redis.command('SET', 'again', 1).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
