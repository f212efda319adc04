/** `portal serve` and `portal migrate` */
import { constants } from 'node:os';
import type { Command } from 'commander';
import type { FollowedScripts } from 'portal-integrity/follow';
import { configFromEnvironment } from '../config/env.js';
import { withStores } from './command.js';

export function addServeCommands(program: Command, scripts: FollowedScripts | undefined): void {
  program
    .command('serve')
    .description(
      'Run the service until it is told to stop (SIGTERM, Ctrl-C, or its terminal is closed). Logs are JSON on standard error.',
    )
    .action(() => runService(scripts));
  program
    .command('migrate')
    .description('Bring the tables of the database up to date. The service does so by itself when it starts.')
    .action(() =>
      withStores(({ migrated }) => {
        for (const name of migrated) console.log(`applied ${name}`);
        if (migrated.length === 0) console.log('The tables are up to date.');
        return Promise.resolve();
      }),
    );
}

async function runService(scripts: FollowedScripts | undefined): Promise<void> {
  const config = configFromEnvironment();
  if (config.sourceMemoryMs === 0) scripts?.close();
  // Only now: the other commands do not need Fastify, and loading it takes longer than they do.
  const [{ serve }, { createLog }] = await Promise.all([import('../serve.js'), import('../infra/log.js')]);
  const log = createLog({ level: config.logLevel });
  const stopped = firstSignal(config.shutdownDeadlineMs);
  const service = await serve({
    config,
    log,
    print: console.log,
    isTerminal: process.stdout.isTTY,
    scripts,
  });
  const hasTerminal = process.stderr.isTTY;
  const signal = await stopped;
  log.info('stopping', { signal });
  await service.close();
  // At the exit the log would retry its last lines for ever, because the terminal is gone.
  if (signal === 'SIGHUP' && hasTerminal) process.kill(process.pid, 'SIGKILL');
  log.info('stopped');
  await log.flush();
  // Everything of ours is closed. A handle that a dependency left open must not keep the process alive.
  process.exit(0);
}

/** The first signal to stop; a second one, or a shutdown that takes too long, ends the process at once. */
function firstSignal(deadlineMs: number): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let warned = false;
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        // A closed terminal sends SIGHUP twice: to its session leader, and to its foreground process group.
        if (warned && signal === 'SIGHUP') return;
        if (warned) process.exit(128 + constants.signals[signal]);
        warned = true;
        setTimeout(() => process.exit(1), deadlineMs).unref();
        resolve(signal);
      });
    }
  });
}
