/**
 * One connection on which PostgreSQL tells by itself that something has changed (`LISTEN`), so that nobody has to ask
 * again and again. It mends itself, and says so when it has, because what happened meanwhile was told to nobody.
 */
import { Client } from 'pg';

/** What is listened to. */
export interface ListenerOptions {
  /** `postgres://…`; never logged, never part of an error of ours. */
  readonly url: string;
  readonly channel: string;
  /** Milliseconds that an attempt to connect may take. */
  readonly connectTimeoutMs: number;
  /** Called for every message, and whenever the connection has been made anew. */
  readonly onMessage: () => void;
  /** Told of every connection that breaks or cannot be made. */
  readonly onError: (error: unknown) => void;
  /** Told once when the server is reached through a pooler: one that shares connections swallows `LISTEN`. */
  readonly onPooler?: () => void;
}

/** A connection that listens. */
export interface ChannelListener {
  /** When the other end cut it off, by the monotonic clock; `undefined` once it listens again. */
  cutAtMs(): number | undefined;
  /** Lets go of the connection at once. */
  close(): void;
}

/** A database that is away is asked as rarely as its probe asks it; one that only let go of us, soon. */
const RETRY_MS = 2_000;
const SOON_MS = 50;
/** A connection that a firewall has forgotten looks like one on which nothing happens; so it is tried now and then. */
const TRIAL_MS = 30_000;

/** Connects in the background and keeps at it. */
export function createListener({
  url,
  channel,
  connectTimeoutMs,
  onMessage,
  onError,
  onPooler,
}: ListenerOptions): ChannelListener {
  let client: Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  const trial = setInterval(() => void tryOut(), TRIAL_MS);
  trial.unref();
  let closed = false;
  let isNoted = false;
  /** Whether the last connection got so far. */
  let wasHeard = false;
  let cutAtMs: number | undefined;

  async function connect(): Promise<void> {
    const next = new Client({
      connectionString: url,
      application_name: 'portal-listener',
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: connectTimeoutMs,
      keepAlive: true,
    });
    client = next;
    next.on('error', onError);
    next.on('notification', onMessage);
    // Also after an attempt that failed: whichever end comes, the next attempt comes after it, and once.
    next.once('end', () => {
      if (wasHeard && client === next) cutAtMs = performance.now();
      again(next);
    });
    try {
      await next.connect();
      await next.query(`LISTEN ${channel}`);
      wasHeard = true;
      cutAtMs = undefined;
      if (!closed) onMessage();
      await noteAPooler(next);
    } catch (error) {
      giveUp(next, error);
    }
  }

  /** A pooler gives clients a number of its own instead of that of the backend. */
  async function noteAPooler(asked: Client): Promise<void> {
    const { rows } = await asked.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const { processID } = asked as { readonly processID?: number | null };
    if (isNoted || rows[0]?.pid === processID) return;
    isNoted = true;
    onPooler?.();
  }

  async function tryOut(): Promise<void> {
    const tried = client;
    await tried?.query('SELECT 1').catch((error: unknown) => giveUp(tried, error));
  }

  function giveUp(broken: Client, error: unknown): void {
    if (!closed) onError(error);
    broken.connection.stream.destroy();
    again(broken);
  }

  function again(ended: Client): void {
    if (closed || client !== ended) return;
    client = undefined;
    timer = setTimeout(() => void connect(), wasHeard ? SOON_MS : RETRY_MS);
    wasHeard = false;
    timer.unref();
  }

  void connect();
  return {
    cutAtMs: () => cutAtMs,
    close() {
      closed = true;
      clearTimeout(timer);
      clearInterval(trial);
      client?.connection.stream.destroy();
    },
  };
}
