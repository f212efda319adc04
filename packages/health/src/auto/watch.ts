/**
 * Watches what was found, and serves what there is to say on a port of its own.
 */
import { createHealthHandler, type HealthHandler } from '../adapters/node.js';
import { createHealth, type Health } from '../health.js';
import type { CacheOptions, DatabaseOptions, HealthOptions } from '../health-options.js';
import type { PostgresPool } from '../probes/postgres/postgres.js';
import type { RedisClient } from '../probes/redis/redis.js';
import { driverCode } from '../unknown.js';
import type { FoundStore } from './drivers.js';
import { createPort } from './port.js';
import { createSlots, namesOf, type Slot } from './slots.js';

/** Applications make what they need in one go: one line of the log has all of it. */
const SETTLE_MS = 250;
const TIDY_MS = 1_000;

export interface AutoWatchOptions {
  /** 0 takes any. */
  readonly port: number;
  readonly host: string;
  /** One line of the log. */
  readonly say: (line: string) => void;
  /** Drivers in use that cannot be watched. */
  readonly unknown: ReadonlySet<string>;
}

export interface Watch {
  readonly add: (store: FoundStore) => void;
  /** Serves, whether anything was found or not. */
  readonly begin: () => void;
  /** One more is among `unknown`. */
  readonly noteUnknown: () => void;
}

export function createWatch({ port, host, say, unknown }: AutoWatchOptions): Watch {
  const startedAt = new Date();
  const slots = createSlots();
  let health: Health | undefined;
  let handler: HealthHandler | undefined;
  let told: ReadonlySet<string> | undefined;
  const toldUnknown = new Set<string>();
  let scheduled: NodeJS.Timeout | undefined;
  let isRebuilding = false;

  const own = createPort({
    port,
    host,
    say,
    handler: (request, response) => handler?.(request, response) ?? false,
    isIdle: () => slots.all().length === 0,
    retry: () => schedule(0),
  });

  function schedule(afterMs = SETTLE_MS): void {
    scheduled ??= setTimeout(() => {
      scheduled = undefined;
      rebuild().catch((error: unknown) =>
        say(`it cannot watch this process (${driverCode(error) ?? 'UNKNOWN'}).`),
      );
    }, afterMs).unref();
  }

  async function rebuild(): Promise<void> {
    if (isRebuilding) return schedule();
    isRebuilding = true;
    try {
      const url = await own.open();
      if (url !== undefined) await replaceHealth(url);
    } finally {
      isRebuilding = false;
    }
  }

  /** The one before answers until the next has looked at everything. */
  async function replaceHealth(url: string): Promise<void> {
    const watched = namesOf(slots.all());
    const before = health;
    const next = createHealth(optionsOf(watched, startedAt));
    const started = next.start();
    if (before) await started;
    health = next;
    handler = createHealthHandler(next);
    report(url, watched);
    await before?.close();
  }

  function report(url: string, watched: ReadonlyMap<string, Slot>): void {
    const stores = new Map([...watched].map(([name, slot]) => [`${name} (${describe(slot.current)})`, slot]));
    const news = [...stores.keys()].filter((one) => !told?.has(one));
    const left = newlyUnknown();
    const more = slots.leftOut > 0 ? ` There are more than it watches.` : '';
    if (stores.size === 0) {
      say(
        `${url}/health has found no pool of pg or postgres.js and no client of ioredis, iovalkey or node-redis yet. ` +
          `It cannot see into bundles.${left}`,
      );
    } else if (told === undefined || told.size === 0) {
      say(`${url}/health watches ${news.join(', ')}.${left}${more}`);
    } else if (news.length > 0) {
      say(`${url}/health also watches ${news.join(', ')}.${left}${more}`);
    } else if (left !== '') {
      say(left.trimStart());
    }
    told = new Set(stores.keys());
  }

  /** Each is told of once. */
  function newlyUnknown(): string {
    const news = [...unknown].filter((name) => !toldUnknown.has(name));
    for (const name of news) toldUnknown.add(name);
    return news.length > 0 ? ` Not watched, as it does not know them: ${news.join(', ')}.` : '';
  }

  /** What is loaded when all else has been told, such as by a job that runs at night. */
  function tellUnknown(): void {
    // The next report does it.
    if (told === undefined || scheduled || isRebuilding) return;
    const left = newlyUnknown();
    if (left !== '') say(left.trimStart());
  }

  setInterval(() => {
    if (slots.tidy()) schedule();
  }, TIDY_MS).unref();

  return {
    add(store) {
      if (slots.add(store)) schedule();
    },
    begin: () => schedule(0),
    // Those of one go are one line.
    noteUnknown: () => void setTimeout(tellUnknown, SETTLE_MS).unref(),
  };
}

function describe({ driver, target }: FoundStore): string {
  return target.label === undefined ? driver : `${driver}, ${target.label}`;
}

function optionsOf(watched: ReadonlyMap<string, Slot>, startedAt: Date): HealthOptions {
  const databases: Record<string, DatabaseOptions> = {};
  const caches: Record<string, CacheOptions> = {};
  for (const [name, slot] of watched) {
    if (slot.type === 'cache') {
      caches[name] = { client: () => slot.current.store as RedisClient };
    } else {
      const { postgres } = slot.current;
      databases[name] = { pool: () => slot.current.store as PostgresPool, ...(postgres && { postgres }) };
    }
  }
  const { database, ...otherDatabases } = databases;
  const { cache, ...otherCaches } = caches;
  return {
    startedAt,
    ...(database && { database }),
    databases: otherDatabases,
    ...(cache && { cache }),
    caches: otherCaches,
    // Of a process in which nothing was found nothing is known: it must not look healthy.
    ...(watched.size === 0 && { checks: { 'stores-found': () => false } }),
  };
}
