/**
 * Connections for the probe by postgres.js, 3 and later: an instance of one connection with the options of the
 * application's own. Recognised by shape, so that the driver is not imported; the function that makes instances is not
 * to be had from one, so it must be handed over.
 */
import { hasMethods, member } from '../../unknown.js';
import type { ConnectionWatch } from '../connection-watch.js';
import type { OpenCall } from '../own-problems.js';
import { addressOf, cancelStatement, type Busy } from './postgres-cancel.js';
import { tryHosts, readOnlyWanted } from './postgres-hosts.js';
import {
  PROBE_QUERY,
  processIdIn,
  readOnlyIn,
  rowsIn,
  type ProbeResult,
  type FreshPostgresConnection,
} from './fresh-postgres-connection.js';
import { createOpener, type OpenedInstance, type Opener, type Sql } from './postgres-js-opener.js';
import { optionsOf, type SqlOptions } from './postgres-js-options.js';

/** The function that `postgres` exports, as far as it is used. */
export type PostgresJsFunction = (options: never) => unknown;

/** True for an instance of postgres.js. */
export function isPostgresJs(sql: unknown): boolean {
  const options = member(sql, 'options');
  return (
    hasMethods(sql, ['reserve', 'unsafe', 'end']) &&
    Array.isArray(member(options, 'host')) &&
    Array.isArray(member(options, 'port')) &&
    typeof member(options, 'connection') === 'object'
  );
}

/** Connections like those of `sql`, an instance that `postgres` made. */
export function postgresJsConnections(
  sql: unknown,
  postgres: PostgresJsFunction,
  { passwords, watch, deadlineMs, connectionString }: PostgresJsConnecting,
): () => FreshPostgresConnection {
  const given = member(sql, 'options') as SqlOptions;
  const options = connectionString === undefined ? given : { ...given, ...optionsOf(connectionString) };
  const make = postgres as (options: object) => Sql;
  const open = (): Opener => createOpener(options, { make, passwords, watch });
  // Each host has as long as the others before the next is asked too.
  const turnMs = deadlineMs / (options.host.length + 1);
  const preferred = { index: 0 };
  return () => freshConnection(options, { open, turnMs, preferred });
}

interface PostgresJsConnecting {
  readonly passwords: OpenCall;
  readonly watch: ConnectionWatch;
  /** Milliseconds that several hosts share. */
  readonly deadlineMs: number;
  readonly connectionString?: string | undefined;
}

interface Circumstances {
  readonly open: () => Opener;
  readonly turnMs: number;
  /** The host that answered last, of several. */
  readonly preferred: { index: number };
}

function freshConnection(
  options: SqlOptions,
  { open, turnMs, preferred }: Circumstances,
): FreshPostgresConnection {
  const opener = open();

  async function askAt(index: number, stays: boolean): Promise<ProbeResult> {
    const asking = opener.open(options.host[index], options.port[index]);
    const { sql, failed } = asking;
    let askedMs = performance.now();
    const asked = sql.unsafe(PROBE_QUERY, [], {
      simple: true,
      // Called when the question is sent, which is after the login.
      onexecute() {
        askedMs = performance.now();
        return true;
      },
    });
    const rows = await Promise.race([failed, asked]);
    const latencyMs = performance.now() - askedMs;
    if (!stays) await sql.end({ timeout: 0 });
    else {
      // Of several hosts, the one that is not the one wanted is of no use.
      answered.set(index, asking);
      backend = member(asked, 'state');
    }
    return { readOnly: readOnlyIn(rows), latencyMs };
  }

  let writing: { readonly query: PromiseLike<unknown>; readonly address: Busy['address'] } | undefined;
  let opened: OpenedInstance | undefined;
  /** Those that stayed open after their answer, by their host. */
  const answered = new Map<number, OpenedInstance>();
  /** What the driver knows of the backend. */
  let backend: unknown;

  return {
    async query(stays = false) {
      const readOnly = readOnlyWanted(options.target_session_attrs);
      const { index, ...answer } = await tryHosts(
        { hosts: options.host.length, turnMs, readOnly },
        (at) => askAt(at, stays),
        opener.isDestroyed,
      );
      preferred.index = index;
      opened = answered.get(index);
      return answer;
    },
    async run(text) {
      opened ??= opener.open(options.host[preferred.index], options.port[preferred.index]);
      const { sql, failed, socket } = opened;
      const query = sql.unsafe(text, [], {
        simple: true,
        onexecute() {
          writing = { query, address: addressOf(socket(), options.path || undefined) };
          return true;
        },
      });
      const result = await Promise.race([failed, query]);
      backend = member(query, 'state');
      // Of one statement the driver gives the rows, of several a list of them.
      return rowsIn(Array.isArray(result) && Array.isArray(result[0]) ? result : [result], (rows) => rows);
    },
    processId: () => processIdIn(member(backend, 'pid')),
    end() {
      for (const { sql } of new Set([...answered.values(), ...(opened ? [opened] : [])])) {
        void sql.end({ timeout: 0 }).catch(() => undefined);
      }
    },
    cancel() {
      const busy = member(writing?.query, 'state');
      cancelStatement({
        address: writing?.address,
        ssl: options.ssl,
        host: opened?.host,
        processId: member(busy, 'pid'),
        secretKey: member(busy, 'secret'),
      });
    },
    isLookingUp: opener.isLookingUp,
    destroy: opener.destroy,
  };
}
