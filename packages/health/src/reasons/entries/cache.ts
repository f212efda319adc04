/**
 * What runs out or fails at the cache server.
 */
import type { ReasonEntry } from '../sighting.js';
import { amount, counted, duration, isFigure, percent } from '../words.js';

/** Why writes are refused, by our own words for it. */
const REQUEST_ERRORS: Readonly<Record<string, string>> = {
  memory: 'its memory is full',
  save: 'its last save to disk failed',
  append: 'it cannot write its append-only file',
  replicas: 'too few replicas follow it',
  replica: 'it is a replica',
};

export const CACHE_ENTRIES = {
  CACHE_WRITES_REFUSED: {
    explains: ['CACHE_WRITES_REFUSED', 'CACHE_READ_ONLY', 'CACHE_OUT_OF_MEMORY'],
    readings: 1,
    sentence: ({ cause = null }) =>
      `The cache refuses writes: ${REQUEST_ERRORS[String(cause)] ?? 'why is not known'}`,
    next: 'See the disk and the log of the cache.',
  },
  CACHE_NEARLY_FULL: {
    explains: ['CACHE_OUT_OF_MEMORY', 'CACHE_WRITES_REFUSED'],
    readings: 2,
    sentence({ used_percent: used, full_in_ms: fullInMs = null, without_expiry_percent: forever = null }) {
      const soon = isFigure(fullInMs) ? `; at this rate it is full in ${duration(fullInMs)}` : '';
      const keys = isFigure(forever) ? `; ${percent(forever)} of its keys never expire` : '';
      return `The cache uses ${percent(used)} of its memory and may evict nothing${soon}${keys}`;
    },
    next: 'See maxmemory, maxmemory-policy, and the keys without an expiry.',
  },
  CACHE_SLOW_COMMAND: {
    explains: ['CACHE_TIMEOUT', 'CACHE_SLOW'],
    readings: 1,
    sentence({ longest_ms: longestMs, commands = null }, { command }) {
      const such = isFigure(commands) ? `; ${amount(commands)} such since the last look` : '';
      return `${command?.toUpperCase() ?? 'A command'} took ${duration(longestMs)}${such}`;
    },
    next: 'Find the code that asks it. SCAN instead of KEYS, smaller values, shorter scripts.',
  },
  CACHE_FORK_PAUSE: {
    explains: ['CACHE_TIMEOUT', 'CACHE_SLOW'],
    readings: 1,
    sentence: ({ pause_ms: pauseMs }) => `Saving stopped the cache for ${duration(pauseMs)}`,
    next: 'Turn transparent huge pages off, give it more memory, or let a replica save.',
  },
  CACHE_NOT_SAVED: {
    explains: ['CACHE_WRITES_REFUSED', 'CACHE_READ_ONLY'],
    readings: 1,
    sentence: () => 'The last save of the cache failed: a restart would lose what came after the one before',
    next: 'See the disk of the cache and vm.overcommit_memory.',
  },
  CACHE_REJECTS_CONNECTIONS: {
    explains: ['CACHE_TOO_MANY_CONNECTIONS', 'CACHE_UNREACHABLE'],
    readings: 1,
    sentence({ rejected = null, clients = null, max_clients: max = null }) {
      if (isFigure(rejected) && rejected > 0) {
        return `The cache refused ${counted(rejected, ['connection', 'connections'])} since the last look`;
      }
      return `${amount(clients)} of ${amount(max)} connections of the cache are in use`;
    },
    next: 'See maxclients, and who leaks connections.',
  },
  CACHE_EVICTS_FAST: {
    explains: ['CACHE_SLOW'],
    readings: 2,
    sentence: ({ per_second: perSecond }) =>
      `The cache throws out ${counted(perSecond, ['key', 'keys'])} a second for lack of memory`,
    next: 'Give it more memory, or shorter expiries.',
  },
  CACHE_LINK_DOWN: {
    explains: ['CACHE_READ_ONLY', 'CACHE_FAILED'],
    readings: 2,
    sentence: ({ down_ms: downMs }) => `The replica has lost its master since ${duration(downMs)}`,
    next: 'See the network between the two, and the master.',
  },
} as const satisfies Readonly<Record<string, ReasonEntry>>;
