import { Command } from 'commander';
import { constants } from 'node:os';
import { configFromEnvironment } from '../config/env.js';

/** `portal serve` */
export function serveCommand(): Command {
  return new Command('serve')
    .description(
      'Run the service until it is told to stop (SIGTERM, Ctrl-C, or its terminal is closed). Logs are JSON on standard error.',
    )
    .action(run);
}

async function run(): Promise<void> {
  const config = configFromEnvironment();
  // Only now: the other commands need neither the framework nor the time that reading it takes.
  const [{ serve }, { createLog }] = await Promise.all([import('../serve.js'), import('../infra/log.js')]);
  const log = createLog({ level: config.logLevel });
  const stopped = firstSignal(config.shutdownDeadlineMs);
  const service = await serve({ config, log, print: console.log, isTerminal: process.stdout.isTTY });
  const hasTerminal = process.stderr.isTTY;
  const signal = await stopped;
  log.info('stopping', { signal });
  await service.close();
  // The log's last lines would be tried at a terminal that is gone, at the exit and for ever.
  if (signal === 'SIGHUP' && hasTerminal) process.kill(process.pid, 'SIGKILL');
  log.info('stopped');
  await log.flush();
  // Nothing of ours is open any more; should something else be, it is not worth waiting for.
  process.exit(0);
}

/** The first signal to stop; a second one, or a shutdown that takes too long, ends the process at once. */
function firstSignal(deadlineMs: number): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let warned = false;
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        // A terminal that is closed says so twice: to whom it belongs, and to who runs in its foreground.
        if (warned && signal === 'SIGHUP') return;
        if (warned) process.exit(128 + constants.signals[signal]);
        warned = true;
        setTimeout(() => process.exit(1), deadlineMs).unref();
        resolve(signal);
      });
    }
  });
}
