/**
 * What runs out in this process, and what keeps it from its servers.
 */
import type { ReasonEntry } from '../sighting.js';
import { amount, counted, duration, isFigure, percent } from '../words.js';

/** Of a block: then its cause is not in this process. */
const MOSTLY_PERCENT = 50;

export const PROCESS_ENTRIES = {
  THREAD_POOL_BUSY: {
    explains: ['THREAD_POOL_BUSY', 'NAME_LOOKUP', 'DATABASE_TIMEOUT', 'CACHE_TIMEOUT'],
    readings: 2,
    sentence({ threads = 4, waited_ms: waitedMs = null }) {
      const waited = isFigure(waitedMs) ? ` (a small job waited for ${duration(waitedMs)})` : '';
      const words = threads === 4 ? 'four' : amount(threads);
      return `The ${words} threads of this process are busy; names cannot be looked up${waited}`;
    },
    next: 'See bcrypt, scrypt, pbkdf2, zlib and fs in the application; raise UV_THREADPOOL_SIZE.',
  },
  EVENT_LOOP_DELAYED: {
    explains: ['EVENT_LOOP_DELAYED', 'DATABASE_TIMEOUT', 'CACHE_TIMEOUT'],
    readings: 1,
    sentence: ({ longest_ms: longestMs, cpu_percent: cpu = null, waited_percent: waited = null }) =>
      `The event loop of this process was blocked, the longest time for ${duration(longestMs)}` +
      (isFigure(cpu) ? `, in which it used ${percent(cpu)} of a core` : '') +
      (isFigure(waited) && waited >= MOSTLY_PERCENT
        ? ` and waited ${percent(waited)} of the time for a processor that others used`
        : ''),
    next: 'Find what computes for so long in one piece: --cpu-prof, large JSON, a regular expression, a sync call. If it waited for a processor, see what else runs on this machine.',
  },
  CPU_THROTTLED: {
    explains: ['EVENT_LOOP_DELAYED'],
    readings: 1,
    sentence: ({ throttled_percent: throttled }) =>
      `The container was held back in ${percent(throttled)} of its periods`,
    next: 'Raise the CPU limit of the container, or let it do less.',
  },
  MEMORY_NEAR_LIMIT: {
    explains: [],
    readings: 2,
    sentence: ({ used_percent: used }) => `This process uses ${percent(used)} of what the container allows`,
    next: 'Raise the memory limit, or find the leak: beyond it the process is killed.',
  },
  HEAP_NEAR_LIMIT: {
    explains: ['EVENT_LOOP_DELAYED'],
    readings: 2,
    sentence: ({ used_percent: used }) => `The heap of this process uses ${percent(used)} of what V8 allows`,
    next: 'Raise --max-old-space-size, or find the leak with a heap snapshot.',
  },
  DESCRIPTORS_NEAR_LIMIT: {
    explains: ['PROCESS_OUT_OF_DESCRIPTORS'],
    readings: 2,
    sentence: ({ used = null, max = null }) =>
      `This process has ${amount(used)} of ${amount(max)} file descriptors open`,
    next: 'Find what is opened and never closed; raise ulimit -n.',
  },
  CERTIFICATE_ENDS: {
    explains: ['DATABASE_CERTIFICATE', 'CACHE_CERTIFICATE'],
    readings: 1,
    sentence({ days_left: days = null, of = null }) {
      const whose = of === 'database' || of === 'cache' ? ` of the ${of}` : '';
      if (isFigure(days) && days < 0) return `The certificate${whose} has ended`;
      return `The certificate${whose} ends in ${counted(days, ['day', 'days'])}`;
    },
    next: 'Renew it: afterwards nothing connects.',
  },
  NAME_LOOKUP: {
    explains: ['NAME_LOOKUP', 'DATABASE_UNREACHABLE', 'CACHE_UNREACHABLE'],
    readings: 1,
    sentence: ({ took_ms: tookMs = null, of = null }) => {
      const whose = of === 'database' || of === 'cache' ? `The name of the ${of}` : 'The name of a server';
      return isFigure(tookMs)
        ? `${whose} took ${duration(tookMs)} to look up`
        : `${whose} cannot be looked up`;
    },
    next: 'See the DNS of this machine, not the server.',
  },
} as const satisfies Readonly<Record<string, ReasonEntry>>;
