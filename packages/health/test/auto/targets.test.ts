import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ioredisTarget, nodeRedisTarget, postgresJsTarget, postgresTarget } from '../../src/auto/targets.js';

test('a pool is told by host, port and database, without the user', () => {
  const url = 'postgres://user:secret@db.internal:6432/shop?sslmode=require';
  assert.equal(postgresTarget({ connectionString: url }).label, 'db.internal:6432/shop');
  assert.equal(postgresTarget({ host: 'db', user: 'user', database: 'shop' }).label, 'db:5432/shop');
});

test('an address by URL and the same by fields are one', () => {
  const byUrl = postgresTarget({ connectionString: 'postgres://user:secret@db/shop' });
  assert.equal(byUrl.key, postgresTarget({ host: 'db', port: 5432, database: 'shop' }).key);
});

test('a password that nobody has escaped leaves no piece in a label', () => {
  for (const password of ['p@ss/wo#rd', 'pa/ss', 'pa?ss', 'pa#ss', '12/ss', 'p@ss']) {
    const rest = `user:${password}@db/shop`;
    const labels = [
      postgresTarget({ connectionString: `postgres://${rest}` }),
      postgresJsTarget({ host: ['ss'], port: [5432], database: 'wo' }, `postgres://${rest}`),
      ioredisTarget({ options: { host: 'ss', port: 6379 } }, `redis://${rest}`),
      ioredisTarget({ startupNodes: [`redis://${rest}`] }, undefined),
      nodeRedisTarget({ url: `redis://${rest}` }),
      nodeRedisTarget({ rootNodes: [{ url: `redis://${rest}` }] }),
    ].map(({ label }) => label);
    assert.deepEqual(new Set(labels), new Set([undefined]), password);
  }
});

test('Redis is told by its server, whatever the database in it', () => {
  assert.equal(nodeRedisTarget({ url: 'redis://:secret@cache:6380/3' }).label, 'cache:6380');
  assert.equal(nodeRedisTarget(undefined).label, 'localhost:6379');
  assert.equal(ioredisTarget({ options: { host: 'cache', port: 6380, db: 3 } }, 6380).label, 'cache:6380');
  assert.equal(ioredisTarget({ options: { path: '/run/redis.sock' } }, undefined).label, '/run/redis.sock');
  const sentinels = [{ host: 'a', port: 26379 }];
  assert.equal(ioredisTarget({ options: { sentinels, name: 'main' } }, undefined).label, 'main,a:26379');
});
