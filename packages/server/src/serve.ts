/**
 * Runs the service: starts what it needs from the bottom up, listens, and takes everything down again in reverse.
 */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { baseUrlOf, openLink } from './config/url-rules.js';
import { pasteLine, pasteLineOfFile, urlOf } from './urls.js';
import { createApp, type App } from './app.js';
import type { Config } from './config/env.js';
import type { FollowedScripts } from 'portal-integrity/follow';
import { DataFolderError, openDataFolder } from 'portal-dev-servers/data-folder';
import { OperatorError } from './errors.js';
import { startEmbeddedServers } from './embedded-servers.js';
import { ADMIN } from './auth/permission.js';
import type { Log } from './infra/log.js';
import { createStartSteps } from './infra/start-parts.js';
import { writePrivate } from 'portal-shared/private-files';
import { removeServiceFile, writeServiceFile, type ServiceFile } from './infra/service-file.js';

/** What is served, and who is told about it. */
export interface ServeOptions {
  readonly config: Config;
  readonly log: Log;
  /** Told of what an operator wants to know at a start, line by line. */
  readonly print: (line: string) => void;
  /** Whether that is a person at a terminal, and no log that others read: only then a token is said. Default: no. */
  readonly isTerminal?: boolean;
  /** What V8 has told of this process since before anything was loaded. */
  readonly scripts?: FollowedScripts | undefined;
}

/** A running service. */
export interface Service {
  /** As a client on this machine reaches it. */
  readonly url: string;
  /** The service itself, for whoever runs it within a process of their own. */
  readonly app: App;
  /** Says no to new traffic, ends what is under way, and lets go of everything; within the shutdown deadline. */
  close(): Promise<void>;
}

/** Of the shutdown deadline, what is kept for the stores after the last request. */
const FOR_STORES_MS = 1_500;
/** Sessions made by earlier starts that still open: somebody may be using one. */
const START_SESSIONS = 5;
/** The Owner made at the first start with the embedded database. */
const FIRST_USER = 'admin';
/** In the data folder, and for our user alone: the session of the line to paste, where that line is not said to a person. */
const SESSION_FILE = 'service.session';

/**
 * Starts the service.
 *
 * @throws OperatorError when it cannot be started
 */
export async function serve(options: ServeOptions): Promise<Service> {
  const { config, log, print: say, isTerminal = false, scripts } = options;
  const undo: (() => unknown)[] = [];
  async function takeDown(): Promise<void> {
    for (const step of undo.splice(0).toReversed()) await step();
  }

  const steps = createStartSteps((step) => log.warn('the start takes long', { step }));
  try {
    const dataDir = resolve(config.dataDir);
    steps.begin('the data folder');
    await claimDataFolder(dataDir);
    steps.begin('the embedded servers');
    const { postgres, redis } = await startEmbeddedServers({ config, dataDir, print: say, undo });
    const databaseUrl = config.databaseUrl ?? postgres?.url;
    if (databaseUrl === undefined)
      throw new Error('There is neither a database URL nor an embedded database.');

    steps.begin('the application');
    const app = createApp({ config, databaseUrl, redisUrl: config.redisUrl ?? redis?.url, log, scripts });
    undo.push(() => app.close());
    await app.start();

    steps.begin('the port');
    const port = await app.http.listen(config);
    undo.push(async () => {
      app.drain();
      await sleep(config.shutdownGraceMs);
      await app.http.stop(Math.max(0, config.shutdownDeadlineMs - config.shutdownGraceMs - FOR_STORES_MS));
    });
    const url = urlOf(config.host, port);
    steps.begin('the data folder');
    const publicUrl = config.publicUrl && baseUrlOf(config.publicUrl);
    await writeServiceFileOrWarn(
      dataDir,
      {
        pid: process.pid,
        url,
        ...(publicUrl !== undefined && { publicUrl }),
        ...(postgres && { databaseUrl: postgres.url }),
        ...(redis && { redisUrl: redis.url }),
      },
      undo,
    );

    const { health } = app;
    say(`database   ${postgres ? `embedded PostgreSQL, data in ${dataDir}` : 'DATABASE_URL'}`);
    if (health.state('database') === 'down') {
      say('           which does not answer yet: the service is unhealthy, and recovers when it does');
    }
    say(`cache      ${cacheLine(config, redis !== undefined)}`);
    say(`listening  ${url}`);
    if (publicUrl !== undefined) say(`found at   ${publicUrl}`);
    if (postgres) {
      const sessionFile = join(dataDir, SESSION_FILE);
      if (!isTerminal) undo.push(() => rm(sessionFile, { force: true }));
      await printSignIn(app, publicUrl ?? url, { say, sessionFile: isTerminal ? undefined : sessionFile });
    }
    log.info('listening', { port, ...health.identity });
    return { url, app, close: takeDown };
  } catch (error) {
    await takeDown();
    throw error;
  } finally {
    steps.end();
  }
}

/** One that cannot be written to is told where something needs it; one that others have a hand in is used for nothing. */
async function claimDataFolder(dataDir: string): Promise<void> {
  try {
    await openDataFolder(dataDir);
  } catch (error) {
    if (error instanceof DataFolderError) throw new OperatorError(error.message, { cause: error });
  }
}

/** For the command line. A folder that takes no file keeps none of our own servers either, and is no reason not to run. */
async function writeServiceFileOrWarn(
  dataDir: string,
  whereabouts: ServiceFile,
  undo: (() => unknown)[],
): Promise<void> {
  try {
    await writeServiceFile(dataDir, whereabouts);
  } catch (error) {
    if (whereabouts.databaseUrl !== undefined) throw error;
    return;
  }
  undo.push(() => removeServiceFile(dataDir));
}

function cacheLine(config: Config, embedded: boolean): string {
  if (config.redisUrl !== undefined) return 'REDIS_URL';
  if (embedded) return 'a Redis of this machine';
  return 'none: the service is degraded; install redis-server or valkey-server, or set REDIS_URL';
}

/** On a database of our own, whoever starts the service is let in: a link that does so once, and the line to paste. */
async function printSignIn(
  { users, sessions, signIn }: App,
  url: string,
  { say, sessionFile }: { say: (line: string) => void; sessionFile: string | undefined },
): Promise<void> {
  await users.addFirst(FIRST_USER);
  const user = (await users.list()).find(({ name }) => name === FIRST_USER);
  if (!user || user.permission < ADMIN || user.disabledAt) {
    say(
      `The user ${FIRST_USER} is no administrator any more; "portal session create --user NAME" signs in another.`,
    );
    return;
  }
  const { token } = await sessions.begin(user.id, 'start');
  await sessions.revokeOldStarts(START_SESSIONS);
  const { code } = await signIn.make(user.id, 'start');
  // Whoever waits for the link finds the file.
  if (sessionFile !== undefined) await writePrivate(sessionFile, `${token}\n`);
  say(`open       ${openLink(url, code)}`);
  say(sessionFile === undefined ? pasteLine(url, token) : pasteLineOfFile(url, sessionFile));
}
