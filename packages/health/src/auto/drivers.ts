/**
 * The one hook for each driver: what is made by it, and is a pool or a client, is told of. What the driver makes for
 * itself, and what a client is duplicated into, leads to the same server and is not.
 */
import type { PostgresJsFunction } from '../probes/postgres/postgres-js.js';
import { hasMethods, member } from '../unknown.js';
import type { LoadedFile } from './modules.js';
import {
  ioredisTarget,
  nodeRedisTarget,
  postgresJsTarget,
  postgresTarget,
  type StoreTarget,
} from './targets.js';

/** Something of the application's that can be watched. */
export interface FoundStore {
  readonly type: 'database' | 'cache';
  /** For the log. */
  readonly driver: string;
  /** What `createHealth` is given for it. */
  readonly store: object;
  /** The function that has made it, when it is postgres.js. */
  readonly postgres?: PostgresJsFunction;
  readonly target: StoreTarget;
  /** Whether the application has ended it for good. */
  readonly isEnded: () => boolean;
  /** Whether it is a pool, with figures of its own: two to one server are two. */
  readonly isPool: boolean;
}

/** What is told of. */
export interface DriverListener {
  readonly found: (store: FoundStore) => void;
  /** A driver, or a kind of client, that is in use and cannot be watched. */
  readonly unknown: (name: string) => void;
}

/** Stores that portal-health knows nothing of. */
const UNKNOWN = new Set([
  '@elastic/elasticsearch',
  '@libsql/client',
  '@neondatabase/serverless',
  '@upstash/redis',
  '@valkey/valkey-glide',
  'better-sqlite3',
  'cassandra-driver',
  'mariadb',
  'memcached',
  'memjs',
  'mongodb',
  'mysql',
  'mysql2',
  'neo4j-driver',
  'oracledb',
  'sqlite3',
  'tedious',
]);
/** Files that only a version has of which it knows nothing. */
const UNKNOWN_VERSIONS: ReadonlyMap<string, string> = new Map([['redis/index.js', 'redis before version 4']]);

type Hook = (exports: object) => unknown;

/** Gives what stands in the place of the exports of a file: the same, but for the entries of drivers. */
export function hookDrivers(listener: DriverListener): (file: LoadedFile) => unknown {
  const hooks = hooksFor(listener);
  return ({ packageName, path, exports }) => {
    const file = `${packageName}/${path}`;
    if (UNKNOWN.has(packageName)) listener.unknown(packageName);
    const version = UNKNOWN_VERSIONS.get(file);
    if (version !== undefined) listener.unknown(version);
    const hook = hooks.get(file);
    const isThere = (typeof exports === 'object' && exports !== null) || typeof exports === 'function';
    return hook && isThere ? hook(exports) : exports;
  };
}

type Found = DriverListener['found'];

function hooksFor({ found, unknown }: DriverListener): ReadonlyMap<string, Hook> {
  const { pool, client } = pgHooks(found);
  const ioredis = ioredisHook(found);
  const nodeRedis = nodeRedisHook(found, unknown);
  return new Map([
    ['pg-pool/index.js', pool],
    ['pg/lib/client.js', client],
    ['postgres/cjs/src/index.js', postgresJsHook(found)],
    ['ioredis/built/index.js', ioredis],
    ['iovalkey/built/index.js', ioredis],
    ['@redis/client/dist/index.js', nodeRedis],
    ['@node-redis/client/dist/index.js', nodeRedis],
  ]);
}

function pgHooks(found: Found): { readonly pool: Hook; readonly client: Hook } {
  /** Options of pools: the clients that are made of them are the pool's. */
  const ofPools = new WeakSet();

  return {
    pool: (Pool) =>
      intercept(Pool, (pool) => {
        const options = member(pool, 'options');
        if (isObject(options)) ofPools.add(options);
        const isEnded = (): boolean => member(pool, 'ending') === true;
        const target = postgresTarget(options);
        found({ type: 'database', driver: 'pg', store: pool, target, isEnded, isPool: true });
      }),
    client: (Client) =>
      intercept(Client, (client, [options]) => {
        if (isObject(options) && ofPools.has(options)) return;
        const parameters = member(client, 'connectionParameters');
        if (!isObject(parameters) || member(parameters, 'application_name') === 'portal-health') return;
        // A client is made and ended as it is needed, by Knex and Sequelize too; it is the server that is watched then.
        const store = {
          Client,
          options: { ...parameters, password: member(client, 'password'), ssl: member(client, 'ssl') },
        };
        const target = postgresTarget(parameters);
        found({ type: 'database', driver: 'pg', store, target, isEnded: () => false, isPool: false });
      }),
  };
}

function postgresJsHook(found: Found): Hook {
  return (postgres) =>
    intercept(postgres, (sql, [given]) => {
      const options = member(sql, 'options');
      // Each listener and transaction is given an instance; only those of the application come by here.
      if (typeof postgres !== 'function' || !hasMethods(sql, ['unsafe', 'end']) || !isObject(options)) return;
      found({
        type: 'database',
        driver: 'postgres.js',
        store: sql,
        postgres: postgres as PostgresJsFunction,
        target: postgresJsTarget(options, given),
        isEnded: () => false,
        isPool: true,
      });
    });
}

function ioredisHook(found: Found): Hook {
  function onMade(client: object, [given]: readonly unknown[]): void {
    const isEnded = (): boolean =>
      member(client, 'status') === 'end' && member(client, 'manuallyClosing') === true;
    const target = ioredisTarget(client, given);
    found({ type: 'cache', driver: 'ioredis', store: client, target, isEnded, isPool: false });
  }
  return (Redis) => {
    const redis: object = intercept(Redis, onMade, (name) =>
      name === 'default' || name === 'Redis' ? redis : name === 'Cluster' ? cluster : undefined,
    );
    const Cluster = member(Redis, 'Cluster');
    const cluster = typeof Cluster === 'function' ? intercept(Cluster, onMade) : undefined;
    return redis;
  };
}

function nodeRedisHook(found: Found, unknown: DriverListener['unknown']): Hook {
  function onMade(client: object, [options]: readonly unknown[]): void {
    let wasOpen = false;
    const isEnded = (): boolean => {
      const isOpen = member(client, 'isOpen') === true;
      wasOpen ||= isOpen;
      return wasOpen && !isOpen;
    };
    const target = nodeRedisTarget(options);
    found({ type: 'cache', driver: 'node-redis', store: client, target, isEnded, isPool: false });
  }
  return (client) => {
    const members = new Map<PropertyKey, object>();
    function hook(name: string, listener: typeof onMade): void {
      const original = member(client, name);
      if (typeof original === 'function') members.set(name, intercept(original, listener));
    }
    for (const name of ['createClient', 'createCluster']) hook(name, onMade);
    for (const name of ['createSentinel', 'createClientPool'])
      hook(name, () => unknown(`${name} of node-redis`));
    return intercept(
      client,
      () => undefined,
      (name) => members.get(name),
    );
  };
}

/**
 * `target` as it is, but whatever it makes, called or constructed, is told of.
 *
 * @param replacement - what stands in the place of one of its members
 */
function intercept(
  target: object,
  onMade: (made: object, args: readonly unknown[]) => void,
  replacement: (name: PropertyKey) => object | undefined = () => undefined,
): object {
  function tell(made: unknown, args: readonly unknown[]): void {
    try {
      if (isObject(made) || typeof made === 'function') onMade(made, args);
    } catch {
      // Nothing of the application's.
    }
  }
  return new Proxy(target, {
    construct(made, args, newTarget) {
      const instance: object = Reflect.construct(
        made as NewableFunction & (new () => object),
        args,
        newTarget,
      );
      tell(instance, args);
      return instance;
    },
    apply(made, self, args) {
      const result: unknown = Reflect.apply(made as () => unknown, self, args);
      tell(result, args);
      return result;
    },
    get: (object, name) => replacement(name) ?? (Reflect.get(object, name) as unknown),
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
