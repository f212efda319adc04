/**
 * What a fault happens on: one Postgres and one Redis with secrets in their addresses, and before them, for each
 * process under test, a network of its own that can be broken.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  startPgBouncer,
  startPostgres,
  startProxy,
  startRedis,
  type Fault,
  type FaultOptions,
  type PostgresServer,
  type Proxy,
  type RedisServer,
} from 'portal-test-kit';
import { PLANTED_SECRETS } from './planted-secrets.js';
import { mountDisk, type SmallDisk } from './small-disk.js';
import { startLibrary } from './targets/library-target.js';
import { startServiceTarget } from './targets/service-target.js';
import type { Target, TargetName } from './targets/target.js';

/** The servers, for the whole run. */
export interface Servers {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  /** What Postgres lies on, where it is one of its own. */
  readonly disk?: SmallDisk;
  close(): Promise<void>;
}

/** What differs from the servers of the kit. */
export interface ServerSettings {
  readonly postgres?: Readonly<Record<string, string | number>>;
  /** Whether Postgres has a small disk of its own, for which root is needed; default false. */
  readonly smallDisk?: boolean;
}

/** A process under test, and its network. */
export interface FixtureActor {
  readonly target: Target;
  readonly database: Proxy;
  readonly cache: Proxy;
  /** Sent by its probes so far. */
  readonly queries: { database: number; cache: number };
  /** The same on a network of its own, without reasons; where twins were asked for. */
  readonly twin?: FixtureActor;
}

/** All processes, twins as well: what a fault is done to. */
export function withTwins(actors: readonly FixtureActor[]): readonly FixtureActor[] {
  return actors.flatMap((actor) => (actor.twin ? [actor, actor.twin] : [actor]));
}

/** What a fault can be done to. */
export interface Fixture extends Pick<Servers, 'postgres' | 'redis' | 'disk'> {
  readonly actors: readonly FixtureActor[];
  /** The folders that stand for their sources. */
  readonly sources: readonly string[];
  /** Breaks the network to one store, for every process under test; returns what mends it. */
  breakNetwork(to: 'database' | 'cache', fault: Fault, options?: FaultOptions): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** How the processes are started, where it matters to a fault. */
export interface FixtureOptions {
  readonly targets?: readonly TargetName[];
  /** Whether each gets a twin without reasons; default false. */
  readonly twins?: boolean;
  /** Whether they have a password for Redis; default true. */
  readonly cachePassword?: boolean;
  /** What the question after sessions is sent on; default that of a run of the probe. */
  readonly explainConnection?: 'kept';
  /** Whether a PgBouncer stands before Postgres, and how it shares connections; default none. */
  readonly pooler?: 'transaction' | 'statement';
  /** Arguments of Node for the application that embeds the library. */
  readonly nodeOptions?: string;
  /** Whether the log goes to a disk that is full; default false. */
  readonly logToFullDisk?: boolean;
  /** Spoils the folder that stands for their source: what really runs may be built anew at any time. */
  readonly source?: (folder: string) => Promise<void>;
}

/** Servers and processes of a group's own. */
export interface Surroundings {
  readonly servers: ServerSettings;
  readonly fixture: FixtureOptions;
}

const TARGETS: readonly TargetName[] = ['library', 'service'];

/** Starts both servers, with a role, a password and a database that are planted secrets. */
export async function startServers({
  postgres: settings,
  smallDisk = false,
}: ServerSettings = {}): Promise<Servers> {
  const { cacheUser, cachePassword, databaseUser, databasePassword, databaseName } = PLANTED_SECRETS;
  const undo: (() => Promise<unknown>)[] = [];
  async function close(): Promise<void> {
    for (const step of undo.splice(0).toReversed()) await step();
  }
  try {
    const disk = smallDisk ? await mountDisk() : undefined;
    if (disk) undo.push(() => disk.close());
    const postgres = await startPostgres({
      settings: { max_connections: 60, ...settings },
      ...(disk && { place: disk.folder }),
    });
    undo.push(() => postgres.close());
    const redis = await startRedis({
      settings: {
        user: `${cacheUser} on >${cachePassword} ~* &* +@all`,
        'enable-protected-configs': 'local',
      },
    });
    undo.push(() => redis.close());
    await postgres.query(`CREATE ROLE ${databaseUser} LOGIN PASSWORD '${databasePassword}'`);
    await postgres.query(`CREATE DATABASE ${databaseName} OWNER ${databaseUser}`);
    return { postgres, redis, ...(disk && { disk }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The URL of the database at `host` and `port`, secrets and all. */
export function databaseUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  const { databaseUser, databasePassword, databaseName } = PLANTED_SECRETS;
  return `postgres://${databaseUser}:${encodeURIComponent(databasePassword)}@${host}:${port}/${databaseName}`;
}

/** Puts the processes under test on the servers. */
export async function startFixture(
  { postgres, redis, disk }: Servers,
  options: FixtureOptions = {},
): Promise<Fixture> {
  const { targets = TARGETS } = options;
  const undo: (() => Promise<unknown>)[] = [];
  const sources: string[] = [];
  let databasePort = postgres.port;
  async function close(): Promise<void> {
    for (const step of undo.splice(0).toReversed()) await step();
  }

  async function startActor(name: TargetName, twinOf?: Target): Promise<FixtureActor> {
    const queries = { database: 0, cache: 0 };
    const drivers = new Set<number>();
    const { host } = PLANTED_SECRETS;
    const database = await startProxy({
      port: databasePort,
      host,
      onRequest: (bytes) => (queries.database += occurrences(bytes, 'SHOW transaction_read_only')),
    });
    undo.push(() => database.close());
    const cache = await startProxy({
      port: redis.port,
      host,
      onRequest(bytes, connection) {
        const sent = bytes.toString('latin1').toLowerCase();
        // A driver also sends INFO while it connects, after it has set its name.
        if (/client\r\n\$\d+\r\nset/.test(sent)) drivers.add(connection);
        if (!drivers.has(connection)) queries.cache += occurrences(sent, '\r\ninfo\r\n');
      },
    });
    undo.push(() => cache.close());
    const source = await mkdtemp(join(tmpdir(), `portal-${PLANTED_SECRETS.folder}-`));
    undo.push(() => rm(source, { recursive: true, force: true }));
    sources.push(source);
    await writeFile(join(source, 'main.js'), '// All there is.\n');
    await options.source?.(source);
    const { cacheUser, cachePassword } = PLANTED_SECRETS;
    const login = options.cachePassword === false ? '' : `${cacheUser}:${encodeURIComponent(cachePassword)}@`;
    const target = await (name === 'library' ? startLibrary : startServiceTarget)({
      databaseUrl: databaseUrl({ host, port: database.port }),
      redisUrl: `redis://${login}${host}:${cache.port}`,
      source,
      explain: twinOf === undefined,
      ...(twinOf && { loginsOf: twinOf }),
      explainConnection: options.explainConnection ?? 'fresh',
      nodeOptions: options.nodeOptions ?? '',
      logToFullDisk: options.logToFullDisk ?? false,
    });
    undo.push(() => target.stop('SIGKILL'));
    const isTwinned = options.twins && twinOf === undefined;
    const twin = isTwinned ? await startActor(name, target) : undefined;
    return { target, database, cache, queries, ...(twin && { twin }) };
  }

  try {
    if (options.pooler !== undefined) {
      const url = databaseUrl({ host: '127.0.0.1', port: postgres.port });
      const pooler = await startPgBouncer({ url, mode: options.pooler });
      undo.push(() => pooler.close());
      databasePort = Number(new URL(pooler.through(url)).port);
    }
    const actors: FixtureActor[] = [];
    // One after the other: the library's application works with the tables that the service has made.
    for (const name of targets.toSorted().toReversed()) actors.unshift(await startActor(name));
    return {
      postgres,
      redis,
      ...(disk && { disk }),
      actors,
      sources,
      async breakNetwork(to, fault, faultOptions) {
        const all = withTwins(actors);
        await Promise.all(all.map((actor) => actor[to].fault(fault, faultOptions)));
        return async () => {
          await Promise.all(all.map((actor) => actor[to].heal()));
        };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function occurrences(text: Buffer | string, piece: string): number {
  let count = 0;
  for (let at = text.indexOf(piece); at !== -1; at = text.indexOf(piece, at + piece.length)) count += 1;
  return count;
}
