/**
 * The whole service within a test: on the stores of the test, at a free port, with what it logs at hand.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from 'portal-test-kit';
import { createApp, type App } from '../src/app.js';
import { readConfig } from '../src/config/env.js';
import { cookiePair } from '../src/auth/cookie.js';
import type { Permission } from '../src/auth/permission.js';
import { createLog } from '../src/infra/log.js';

/** A running service. */
export interface TestService {
  /** Without a slash at the end. */
  readonly url: string;
  readonly app: App;
  /** Every line of the log so far, as it was written; that of an answer may come after it. */
  readonly logged: readonly string[];
  /** Waits for a line with all of these texts in it, and gives the last one there is. */
  lineWith(...texts: readonly string[]): Promise<string>;
  /** The cookie of a new session of a new user of this permission: `psession=…`. */
  sessionCookie(permission: Permission): Promise<string>;
  close(): Promise<void>;
}

/** What to run it on. */
export interface TestServiceOptions {
  readonly databaseUrl: string;
  /** Left out: no Redis. */
  readonly redisUrl?: string;
  /** Settings by variable, besides; a quick interval is the default here. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Quick enough for a test to wait for a verdict, patient enough for a busy machine. */
const ENVIRONMENT = {
  // A folder that nobody builds into while the tests run: what the compiler rewrites is a drift, and is told as one.
  PORTAL_SOURCE_ROOT: fileURLToPath(new URL('../../migrations', import.meta.url)),
  PORT: '0',
  PORTAL_INTERVAL_MS: '400',
  PORTAL_DEADLINE_MS: '1000',
  PORTAL_SESSION_DEADLINE_MS: '5000',
  PORTAL_LOG_LEVEL: 'info',
  // Tests ask more often than people, and are refused more often; the limits have a test of their own.
  PORTAL_SESSION_REQUESTS_PER_MINUTE: '0',
  PORTAL_REFUSALS_PER_MINUTE: '0',
};

/** For tests that freeze the database: a look-up of a session is given up as soon as an operator would give it up. */
export const IMPATIENT = { PORTAL_SESSION_DEADLINE_MS: '500' } as const;

/** Starts a service; it must be closed. */
export async function startService({
  databaseUrl,
  redisUrl,
  environment = {},
}: TestServiceOptions): Promise<TestService> {
  const folder = await mkdtemp(join(tmpdir(), 'portal-service-'));
  const config = readConfig({ ...ENVIRONMENT, PORTAL_DATA_DIR: folder, ...environment });
  const logged: string[] = [];
  const log = createLog({ level: config.logLevel, destination: { write: (line) => logged.push(line) } });
  const app = createApp({ config, databaseUrl, redisUrl, log });
  let users = 0;
  try {
    await app.start();
    const port = await app.http.listen(config);
    return {
      url: `http://${config.host}:${port}`,
      app,
      logged,
      async lineWith(...texts) {
        const find = () => logged.findLast((line) => texts.every((text) => line.includes(text)));
        await waitFor(`a line of the log with ${texts.join(' and ')}`, () => find() !== undefined);
        return find() ?? '';
      },
      async sessionCookie(permission) {
        users += 1;
        const user = await app.users.add(
          'operator',
          `user-${permission}-${process.pid}-${users}`,
          permission,
        );
        const { token } = await app.sessions.begin(user.id, 'command');
        return cookiePair(token);
      },
      async close() {
        app.drain();
        await app.http.stop(1_000);
        await app.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await app.close();
    throw error;
  }
}
