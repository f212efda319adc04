/**
 * Asks Postgres as a newcomer: connects, asks one question, hangs up. Only a newcomer notices that the server accepts
 * no more connections, refuses the login, is starting up or has a stopped postmaster, and nothing is held in between.
 * The application's pool lends its options, never a connection.
 */
import { DEFAULTS } from '../defaults.js';
import { expected } from '../expected.js';
import type { ProblemCode } from '../problems.js';
import type { PoolCounts } from '../statistics/pool.js';
import type { Outcome, Probe } from '../types.js';
import { causeOf, member } from './foreign.js';
import { postgresProblem } from './postgres-errors.js';
import { destroy, guard } from './postgres-socket.js';
import { whileWanted } from './while-wanted.js';

/**
 * A `Pool` of `pg` 8, or one derived from it. Beside the counts it has, unseen by its type declarations, the `Client`
 * that it makes connections of.
 */
export type PostgresPool = PoolCounts;

/** What a Postgres probe is made of. */
export interface PostgresProbeOptions {
  readonly pool: PostgresPool;
  /** Milliseconds from which a whole run counts as slow: connect, log in, ask; default 500. */
  readonly slowMs?: number;
}

/** The members used of a `Client` of `pg`. */
interface PostgresClient {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  end(): Promise<unknown>;
  on(event: 'error', listener: () => void): unknown;
}

type PostgresClientConstructor = new (config: object) => PostgresClient;

/**
 * Reachable and writable in one question: a standby in recovery answers `on`, and so does a server, database or role
 * whose `default_transaction_read_only` is set. It reads no table and takes no lock, so that nobody's lock delays it.
 * libpq asked the same for `target_session_attrs=read-write`.
 */
const QUESTION = 'SHOW transaction_read_only';

/**
 * Asks the server that `pool` connects to, over a connection of its own with the pool's options. The latency is the
 * round trip of the question alone; what counts as slow is the whole run, because on a network that is slow the login
 * takes most of it, and a run at the deadline should have been called slow before.
 *
 * A password given as a function is called in every run.
 *
 * @throws TypeError when `pool` is not a pool of `pg`
 */
export function createPostgresProbe({ pool, slowMs = DEFAULTS.slowMs }: PostgresProbeOptions): Probe {
  const Client = clientOf(pool);
  return {
    name: 'database',
    async run(signal) {
      const startedMs = performance.now();
      let client: PostgresClient | undefined;
      try {
        signal.throwIfAborted();
        client = new Client(newcomerOptions(pool.options));
        // A connection can break at any time, also after its run; unheard, its error would end the process.
        client.on('error', () => undefined);
        const { readOnly, latencyMs } = await whileWanted(signal, ask(client), () => destroy(client));
        if (readOnly === undefined) return down('DATABASE_FAILED', NO_ANSWER);
        const problems: ProblemCode[] = readOnly ? ['DATABASE_READ_ONLY'] : [];
        return performance.now() - startedMs > slowMs
          ? { state: 'slow', latencyMs, problems: ['DATABASE_SLOW', ...problems] }
          : { state: 'up', latencyMs, problems };
      } catch (error) {
        // Nobody waits for this outcome any more; should somebody, it is the true one.
        return signal.aborted ? down('DATABASE_TIMEOUT') : down(postgresProblem(error), error);
      } finally {
        destroy(client);
      }
    },
    failed: (reason, error) =>
      reason === 'timeout' ? down('DATABASE_TIMEOUT') : down(postgresProblem(error), error),
    close: async () => undefined,
  };
}

const NO_ANSWER = { code: 'NO_ANSWER', message: `The answer to ${QUESTION} is neither on nor off` };

function down(problem: ProblemCode, error?: unknown): Outcome {
  const outcome: Outcome = { state: 'down', latencyMs: null, problems: [problem] };
  return error === undefined ? outcome : { ...outcome, cause: causeOf(error) };
}

function clientOf(pool: PostgresPool): PostgresClientConstructor {
  const Client = member(pool, 'Client');
  if (typeof Client !== 'function' || typeof member(pool, 'options') !== 'object') {
    throw expected('database.pool', 'to be a Pool of pg', pool);
  }
  return Client as PostgresClientConstructor;
}

/**
 * The pool's own options, so that the probe logs in exactly as the application does, but for what is about waiting:
 * that is the sampler's. Nothing is added to what the server is told except our name, as poolers refuse what they
 * do not know.
 */
function newcomerOptions(options: object): object {
  return {
    ...options,
    // A pool hides its password from enumeration.
    password: member(options, 'password'),
    application_name: 'portal-health',
    connectionTimeoutMillis: 0,
    query_timeout: 0,
    keepAlive: false,
    pipeline: false,
    types: undefined,
    Promise: undefined,
  };
}

async function ask(client: PostgresClient): Promise<{ readOnly: boolean | undefined; latencyMs: number }> {
  const connected = client.connect();
  guard(client);
  await connected;
  const askedMs = performance.now();
  const result = await client.query(QUESTION);
  const latencyMs = performance.now() - askedMs;
  // Says goodbye, so that the server does not log a lost connection, but does not wait for it to answer.
  void client.end().catch(() => undefined);
  return { readOnly: readOnlyIn(result), latencyMs };
}

/** The answer; `undefined` when what came is none. */
function readOnlyIn(result: unknown): boolean | undefined {
  const answer = member(member(member(result, 'rows'), '0'), 'transaction_read_only');
  return answer === 'on' ? true : answer === 'off' ? false : undefined;
}
