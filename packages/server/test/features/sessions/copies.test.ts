import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startRedis, waitFor, type RedisServer } from 'portal-test-kit';
import { createSessionCopies, type SessionCopies } from '../../../src/features/sessions/copies.js';
import { createCache, type Cache } from '../../../src/platform/redis.js';

let redis: RedisServer;
let cache: Cache;
let copies: SessionCopies;

const session = { id: 1, userId: 2, userName: 'ada', permission: 2, expiresAtMs: 1_772_323_200_000 } as const;
const live = { ...session, remainingMs: 86_400_000 };

before(async () => {
  redis = await startRedis();
  cache = createCache({ url: redis.url, commandTimeoutMs: 5_000, onError: () => undefined });
  await cache.whenReady(5_000);
  copies = createSessionCopies(cache);
});

after(async () => {
  cache?.close();
  await redis?.close();
});

test('a copy is what was written', async () => {
  await copies.write('a', live);
  assert.deepEqual(await copies.read('a'), session);
  assert.equal(await copies.read('nobody'), undefined);
});

test('a copy made from before a change cannot be put back after it', async () => {
  await copies.write('b', live);
  await copies.markChanged(['b']);
  assert.equal(await copies.read('b'), 'changed');
  await copies.write('b', live);
  assert.equal(await copies.read('b'), 'changed');
});

test('a session about to end gets no copy that outlives it', async () => {
  await copies.write('c', { ...session, remainingMs: 0.5 });
  assert.equal(await copies.read('c'), undefined);
});

test('everybody hears of a change, also after Redis was away', async () => {
  const heard: string[] = [];
  copies.listen((hash) => heard.push(hash));
  async function hears(hash: string): Promise<void> {
    await waitFor(`the word of ${hash}`, async () => {
      await copies.markChanged([hash]);
      return heard.includes(hash);
    });
  }
  await hears('d');
  await redis.kill();
  await redis.restart();
  await hears('e');
});
