/**
 * What `portal doctor` says of a cache in each scene that it can reach: the cause, and the worst in its exit code. Of a disk that is
 * full see full-disk. Connections that were refused it does not find, as one look does not tell when that was.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { startRedis, type RedisServer } from 'portal-test-kit';
import { networkScene, testDoctorScenes, type DoctorScene, type Urls } from './doctor-scene.js';

let redis: RedisServer;
let folder: string;

before(async () => {
  redis = await startRedis();
  folder = await mkdtemp(join(tmpdir(), 'portal-doctor-'));
});

after(async () => {
  await redis.close();
  await rm(folder, { recursive: true, force: true });
});

function cacheAt(parts: Partial<Pick<URL, 'username' | 'password' | 'hostname' | 'port'>>): Urls {
  return { REDIS_URL: Object.assign(new URL(redis.url), parts).href };
}

const WAY = {
  port: () => redis.port,
  at: (port: string): Urls => cacheAt({ port }),
};
const TIMEOUT = /^cache: down\n.*\(CACHE_TIMEOUT\)/;

/** Longer than a command should take, by the server's clock. */
const SCRIPT = `local from = redis.call('TIME') local took = 0
while took < 110000 do local now = redis.call('TIME') took = (now[1] - from[1]) * 1000000 + now[2] - from[2] end`;

const SCENES: readonly DoctorScene[] = [
  {
    what: 'a wrong password',
    async begin(mend) {
      await redis.requirePassword('another');
      mend(() => redis.requirePassword(''));
      return cacheAt({ password: 'wrong' });
    },
    exitCode: 2,
    says: /CACHE_REFUSED_LOGIN, (WRONGPASS|NOAUTH)\)/,
  },
  {
    what: 'a password that nobody has told us',
    async begin(mend) {
      await redis.requirePassword('another');
      mend(() => redis.requirePassword(''));
      return cacheAt({});
    },
    exitCode: 2,
    says: /CACHE_REFUSED_LOGIN, NOAUTH\)/,
  },
  networkScene('packets that are dropped', 'drop', TIMEOUT, {}, WAY),
  networkScene('connections that are accepted, and nothing more', 'blackhole', TIMEOUT, {}, WAY),
  networkScene('a connection that is reset', 'reset', /\(CACHE_UNREACHABLE, [A-Z]+\)/, {}, WAY),
  networkScene('a server of another kind', 'rubbish', /\(CACHE_FAILED/, {}, WAY),
  networkScene(
    'a slow network',
    'slow',
    /^cache: slow, answers in \d+\.\d ms\n.*\(CACHE_SLOW\)/,
    { latencyMs: 600, exitCode: 1 },
    WAY,
  ),
  {
    what: 'a port at which nobody listens',
    begin: () => cacheAt({ port: '1' }),
    exitCode: 2,
    says: /CACHE_UNREACHABLE, ECONNREFUSED\)/,
  },
  {
    what: 'a frozen server',
    begin(mend) {
      redis.freeze();
      mend(() => redis.thaw());
      return cacheAt({});
    },
    exitCode: 2,
    says: /^cache: down\n.*\(CACHE_TIMEOUT\)/,
  },
  {
    what: 'every connection taken',
    async begin(mend) {
      mend(await redis.fillConnections());
      return cacheAt({});
    },
    exitCode: 2,
    says: /CACHE_TOO_MANY_CONNECTIONS/,
  },
  {
    what: 'no memory left',
    async begin(mend) {
      await redis.outOfMemory(true);
      mend(() => redis.outOfMemory(false));
      return cacheAt({});
    },
    exitCode: 1,
    says: /^cache: up, .*\n.*\(CACHE_OUT_OF_MEMORY\)[^]*\(CACHE_NEARLY_FULL\)/,
  },
  {
    what: 'a user who may not ask for figures',
    async begin(mend) {
      await redis.command('ACL', 'SETUSER', 'plain', 'on', '>plain', '~*', '+@all', '-@dangerous');
      mend(() => redis.command('ACL', 'DELUSER', 'plain'));
      return cacheAt({ username: 'plain', password: 'plain' });
    },
    exitCode: 0,
    says: /^cache: up, .*\n.*is hidden from this user: .* \+info/,
  },
  {
    what: 'a server that reads its data',
    async begin(mend) {
      await redis.restartLoading();
      mend(() => redis.restart());
      return cacheAt({});
    },
    exitCode: 2,
    says: /CACHE_LOADING/,
  },
  {
    what: 'a replica that has begun without its master',
    async begin(mend) {
      await redis.readOnly(true);
      mend(() => redis.readOnly(false));
      return cacheAt({});
    },
    exitCode: 1,
    says: /^cache: up, .*\n.*\(CACHE_READ_ONLY\)[^]*has lost its master since .* \(CACHE_LINK_DOWN\)/,
  },
  {
    what: 'a master that wants replicas and has none',
    async begin(mend) {
      await redis.command('CONFIG', 'SET', 'min-replicas-to-write', 1);
      mend(() => redis.command('CONFIG', 'SET', 'min-replicas-to-write', 0));
      return cacheAt({});
    },
    exitCode: 1,
    says: /^cache: up, .*\n.*\(CACHE_WRITES_REFUSED\)[^]*too few replicas follow it \(CACHE_WRITES_REFUSED\)/,
  },
  {
    what: 'a script that does not end',
    async begin(mend) {
      await redis.command('CONFIG', 'SET', 'lua-time-limit', 50);
      const script = redis.command('EVAL', 'while true do end', 0).catch(() => undefined);
      mend(() => redis.command('CONFIG', 'SET', 'lua-time-limit', 5_000));
      mend(() => script);
      mend(() => redis.command('SCRIPT', 'KILL'));
      return cacheAt({});
    },
    exitCode: 2,
    says: /^cache: down\n.*\(CACHE_(TIMEOUT|FAILED|LOADING)/,
  },
  {
    what: 'scripts that keep it from everybody else',
    async begin(mend) {
      const stop = new AbortController();
      const working = Array.from({ length: 5 }, async () => {
        while (!stop.signal.aborted) await redis.command('EVAL', SCRIPT, 0).catch(() => undefined);
      });
      mend(() => Promise.all(working));
      mend(() => stop.abort());
      return cacheAt({});
    },
    exitCode: 1,
    says: /^cache: (up|slow), [^]*EVAL took \d+ m?s.*\(CACHE_SLOW_COMMAND\)/,
  },
  {
    what: 'clients that are paused',
    async begin(mend) {
      await redis.command('CLIENT', 'PAUSE', 60_000);
      mend(() => redis.restart());
      return cacheAt({});
    },
    exitCode: 2,
    says: TIMEOUT,
  },
];

testDoctorScenes('cache', () => folder, SCENES);
