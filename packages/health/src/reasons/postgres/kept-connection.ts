/**
 * A connection that stays open from question to question: it answers too when the server accepts no more, and may be of a
 * role that sees more than the application's.
 */
import type { FollowUp, FreshPostgresConnection } from '../../probes/postgres/fresh-postgres-connection.js';

export interface KeptConnectionOptions {
  /** `undefined` while there is nothing to connect to. */
  readonly connect: () => FreshPostgresConnection | undefined;
  /** What is asked over it, the first that is due first. */
  readonly asks: readonly FollowUp[];
  /** Milliseconds between two looks at what is due. */
  readonly turnMs: number;
}

const RELEASE = 'SELECT pg_catalog.pg_advisory_unlock_all()';

export function createKeptConnection({ connect, asks, turnMs }: KeptConnectionOptions): { close(): void } {
  let kept: FreshPostgresConnection | undefined;
  let isBusy = false;
  /** Gives back what was locked, once nothing else is asked. */
  let release: (() => Promise<void>) | undefined;

  /** `connection`, which is not ended by who has asked. */
  function lent(connection: FreshPostgresConnection): FreshPostgresConnection {
    let mayHold = false;
    const drop = (): void => {
      connection.destroy();
      if (kept === connection) kept = undefined;
    };
    return {
      ...connection,
      run(text) {
        mayHold ||= text.includes('pg_try_advisory_lock(');
        return connection.run(text);
      },
      end() {
        if (!mayHold) return;
        mayHold = false;
        release = () => connection.run(RELEASE).then(() => undefined, drop);
        void alone(() => undefined);
      },
      destroy: drop,
    };
  }

  /** A driver can be asked one thing at a time. */
  async function alone(work: () => Promise<void> | undefined): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    await work();
    const last = release;
    release = undefined;
    await last?.();
    isBusy = false;
  }

  function ask(): Promise<void> | undefined {
    const due = asks.find((one) => one.isDue());
    if (due !== undefined) kept ??= connect();
    return kept && due?.take(lent(kept));
  }

  const timer = setInterval(() => void alone(ask), turnMs);
  timer.unref();
  return {
    close() {
      clearInterval(timer);
      kept?.end();
      kept = undefined;
    },
  };
}
