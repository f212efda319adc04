/** What happens to Redis. */
import type { Fault, FaultOptions } from 'portal-test-kit';
import { PLANTED_SECRETS } from '../planted-secrets.js';
import { both, bothReasons, type Scenario } from '../scenario.js';

function network(fault: string, how: Fault, verdict: string, options?: FaultOptions): Scenario {
  return {
    fault,
    expected: both(verdict),
    inflict: (fixture) => fixture.breakNetwork('cache', how, options),
  };
}

const { cacheUser, cachePassword } = PLANTED_SECRETS;
const ON_THE_WAY = ['CACHE_UNREACHABLE', 'CACHE_LOADING'];

export const CACHE_SCENARIOS: readonly Scenario[] = [
  network('refused', 'refuse', 'degraded CACHE_UNREACHABLE'),
  // Until the port has begun to drop, which takes a tenth of a second, it refuses.
  { ...network('black hole at connect', 'drop', 'degraded CACHE_TIMEOUT'), passing: ['CACHE_UNREACHABLE'] },
  network('black hole after connect', 'blackhole', 'degraded CACHE_TIMEOUT'),
  network('reset in the middle of a reply', 'reset', 'degraded CACHE_UNREACHABLE'),
  network('rubbish bytes', 'rubbish', 'degraded CACHE_FAILED'),
  network('slow: 300 ms an answer', 'slow', 'degraded CACHE_SLOW', { latencyMs: 300 }),
  {
    fault: 'frozen (SIGSTOP)',
    expected: both('degraded CACHE_TIMEOUT'),
    async inflict({ redis }) {
      redis.freeze();
      return () => redis.thaw();
    },
  },
  {
    fault: 'killed (SIGKILL)',
    expected: both('degraded CACHE_UNREACHABLE'),
    passing: ON_THE_WAY,
    async inflict({ redis }) {
      await redis.kill();
      return () => redis.restart();
    },
  },
  {
    fault: 'a password that we have not (NOAUTH)',
    expected: both('degraded CACHE_REFUSED_LOGIN'),
    fresh: { cachePassword: false },
    async inflict({ redis }) {
      await redis.requirePassword('another');
      return () => redis.requirePassword('');
    },
  },
  {
    fault: 'another password than ours (WRONGPASS)',
    expected: both('degraded CACHE_REFUSED_LOGIN'),
    async inflict({ redis }) {
      await redis.command('ACL', 'SETUSER', cacheUser, 'resetpass', '>another');
      await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
      return () => redis.command('ACL', 'SETUSER', cacheUser, 'resetpass', `>${cachePassword}`);
    },
  },
  {
    fault: 'reading its data (LOADING)',
    expected: both('degraded CACHE_LOADING'),
    passing: ON_THE_WAY,
    async inflict({ redis }) {
      await redis.restartLoading();
      return () => redis.finishLoading();
    },
  },
  {
    fault: 'too few replicas (NOREPLICAS)',
    expected: both('degraded CACHE_WRITES_REFUSED'),
    reasons: bothReasons('CACHE_WRITES_REFUSED'),
    async inflict({ redis }) {
      await redis.command('CONFIG', 'SET', 'min-replicas-to-write', 1);
      // Somebody is refused, and from then on it is known.
      await redis.command('SET', 'refused', 1).catch(() => undefined);
      return () => redis.command('CONFIG', 'SET', 'min-replicas-to-write', 0);
    },
  },
  {
    fault: 'a script that does not end (BUSY)',
    otherReasons: ['CACHE_SLOW_COMMAND'],
    expected: both('degraded CACHE_TIMEOUT'),
    async inflict({ redis }) {
      await redis.command('CONFIG', 'SET', 'lua-time-limit', 50);
      const script = redis.command('EVAL', 'while true do end', 0).catch(() => undefined);
      return async () => {
        await redis.command('SCRIPT', 'KILL');
        await script;
      };
    },
  },
  {
    fault: 'a replica (READONLY)',
    otherReasons: ['CACHE_WRITES_REFUSED', 'CACHE_LINK_DOWN'],
    expected: both('degraded CACHE_READ_ONLY'),
    async inflict({ redis }) {
      await redis.readOnly(true);
      return () => redis.readOnly(false);
    },
  },
  {
    fault: 'out of memory (OOM)',
    expected: both('degraded CACHE_OUT_OF_MEMORY'),
    reasons: bothReasons('CACHE_WRITES_REFUSED', 'CACHE_NEARLY_FULL'),
    sentences: [/refuses writes: its memory is full/, /% of its memory and may evict nothing/],
    async inflict({ redis }) {
      await redis.outOfMemory(true);
      return () => redis.outOfMemory(false);
    },
  },
  {
    fault: 'a save that failed (MISCONF)',
    expected: both('degraded CACHE_WRITES_REFUSED'),
    reasons: bothReasons('CACHE_WRITES_REFUSED'),
    otherReasons: ['CACHE_NOT_SAVED'],
    note: 'It answers every question, and refuses every write of somebody who writes once a second.',
    async inflict({ redis }) {
      const [, folder = ''] = (await redis.command('CONFIG', 'GET', 'dir')) as readonly string[];
      await redis.command('SET', 'before', 'the fault');
      await redis.command('CONFIG', 'SET', 'save', '3600 1');
      // Where nothing can be written.
      await redis.command('CONFIG', 'SET', 'dir', '/proc');
      await redis.command('BGSAVE');
      const write = (): unknown => redis.command('SET', 'in', 'vain').catch(() => undefined);
      const writing = setInterval(write, 1_000);
      return async () => {
        clearInterval(writing);
        await redis.command('CONFIG', 'SET', 'dir', folder);
        await redis.command('CONFIG', 'SET', 'save', '');
        await redis.command('BGSAVE');
      };
    },
  },
  {
    fault: 'too many connections (maxclients)',
    otherReasons: ['CACHE_REJECTS_CONNECTIONS'],
    expected: both('degraded CACHE_TOO_MANY_CONNECTIONS'),
    inflict: ({ redis }) => redis.fillConnections(),
  },
  {
    fault: 'paused (CLIENT PAUSE)',
    otherReasons: ['CACHE_SLOW_COMMAND', 'CACHE_REJECTS_CONNECTIONS'],
    expected: both('degraded CACHE_TIMEOUT'),
    passing: ON_THE_WAY,
    async inflict({ redis }) {
      await redis.command('CLIENT', 'PAUSE', 60_000);
      return () => redis.restart();
    },
  },
  // The last one: figures that were refused are asked for again only after half a minute, or after an error.
  {
    fault: 'figures that our user may not read (NOPERM)',
    expected: both('healthy'),
    async inflict({ redis }) {
      await redis.command('ACL', 'SETUSER', cacheUser, '-info');
      return () => redis.command('ACL', 'SETUSER', cacheUser, '+info');
    },
  },
];
