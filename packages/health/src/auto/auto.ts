/**
 * `node --import portal-health/auto app.js`: finds what the application makes, without a line of it. For trying.
 *
 * @packageDocumentation
 */
import { basename } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { hookDrivers, type FoundStore } from './drivers.js';
import { onLoadedFile, preferCommonJs } from './modules.js';
import { createWatch, type Watch } from './watch.js';

/**
 * Where it listens unless `PORTAL_HEALTH_PORT` and `PORTAL_HEALTH_HOST` say otherwise.
 *
 * Whatever loads this file finds the pools of `pg` and postgres.js and the clients of ioredis, iovalkey and node-redis
 * that are made from then on, and serves `/health`, `/livez`, `/readyz`, `/startupz` and `/metrics` there. It neither
 * stops the process nor keeps it. Loaded by `--import` or `--require` it is early enough; as the first import of a program
 * it is too, but for postgres.js as an ES module.
 *
 * @example
 * ```ts
 * import 'portal-health/auto';
 * import pg from 'pg';
 *
 * const pool = new pg.Pool();
 * ```
 */
export const AUTO_DEFAULTS = { port: 7_332, host: '127.0.0.1' } as const;
/** After this time it says that it has found nothing. */
const NOTHING_AFTER_MS = 3_000;

/** Started by `NODE_OPTIONS` too, and none of the application's. */
const PACKAGE_MANAGERS = /^(npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack)(-cli)?(\.[cm]?js)?$/;

/** Two copies of this file, as of both module systems, are one. */
const INSTALLED = Symbol.for('portal-health.auto');

const shared = globalThis as { [INSTALLED]?: true };
if (!shared[INSTALLED] && !PACKAGE_MANAGERS.test(basename(process.argv[1] ?? ''))) {
  shared[INSTALLED] = true;
  try {
    install();
  } catch (error) {
    say(`it cannot be installed in this process: ${String(error)}`);
  }
}

function install(): void {
  const unknown = new Set<string>();
  let isAnyFound = false;
  let watch: Watch | undefined;

  function started(): Watch {
    return (watch ??= createWatch({ ...place(), say, unknown }));
  }

  onLoadedFile(
    hookDrivers({
      found(store: FoundStore) {
        isAnyFound = true;
        started().add(store);
      },
      unknown(name) {
        if (unknown.has(name)) return;
        unknown.add(name);
        watch?.noteUnknown();
      },
    }),
  );
  preferCommonJs('postgres');
  // Threads and forked processes without a store are none that anybody would look for.
  if (!isMainThread || process.send) return;
  setTimeout(() => {
    if (!isAnyFound) started().begin();
  }, NOTHING_AFTER_MS).unref();
}

function place(): { readonly port: number; readonly host: string } {
  const { PORTAL_HEALTH_PORT: given, PORTAL_HEALTH_HOST: host = AUTO_DEFAULTS.host } = process.env;
  const port = given === undefined || given === '' ? AUTO_DEFAULTS.port : Number(given);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return { port, host };
  say(
    `PORTAL_HEALTH_PORT must be a number from 0 to 65535, got ${JSON.stringify(given)}; it takes ${AUTO_DEFAULTS.port}.`,
  );
  return { port: AUTO_DEFAULTS.port, host };
}

function say(line: string): void {
  // Unlike the stream, the console bears that nobody reads any more.
  // oxlint-disable-next-line no-console
  console.error(`portal-health: ${line}`);
}
