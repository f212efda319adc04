/**
 * The options of an instance of postgres.js that a probe makes for itself.
 */
import { cachedPassword, type OpenCall } from '../own-problems.js';

/** The members used of an instance's options. */
export interface SqlOptions {
  readonly host: readonly string[];
  readonly port: readonly number[];
  /** Of a Unix socket; `false` without one. */
  readonly path: string | false;
  readonly ssl: unknown;
  readonly connection: object;
  readonly pass: unknown;
  readonly user?: unknown;
  readonly database?: unknown;
  readonly target_session_attrs: string | null;
  readonly socket?: ((options: unknown) => unknown) | undefined;
}

/** As the driver reads them from a URL. */
export function optionsOf(connectionString: string): Partial<SqlOptions> {
  const { hostname, port, username, password, pathname } = new URL(connectionString);
  const user = decodeURIComponent(username);
  return {
    host: [hostname],
    port: [Number(port || 5_432)],
    path: false,
    user,
    pass: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)) || user,
  };
}

/** The driver does not catch what its function for the password throws, which ends the process. */
export function passwordOf(
  given: unknown,
  passwords: OpenCall,
  run: { readonly isWanted: () => boolean; readonly failed: (error: unknown) => void },
): unknown {
  const held = cachedPassword(given, passwords);
  if (typeof held !== 'function') return held;
  return () =>
    new Promise((resolve) => {
      (held as () => Promise<string>)().then((password) => {
        if (run.isWanted()) resolve(password);
      }, run.failed);
    });
}

/** The sampler decides how long to wait, and the application's own listeners are not called for a probe. */
export const FRESH_OPTIONS = {
  max: 1,
  idle_timeout: null,
  max_lifetime: null,
  connect_timeout: 0,
  keep_alive: null,
  backoff: 0,
  debug: false,
  fetch_types: false,
  no_subscribe: true,
  prepare: false,
  target_session_attrs: null,
  transform: { undefined: undefined, column: {}, value: {}, row: {} },
  // Without one the driver writes notices to the console.
  onnotice: () => undefined,
  onnotify: undefined,
  onclose: undefined,
  onparameter: undefined,
};
