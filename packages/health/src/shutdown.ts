/**
 * The end of an application, in the order that a balancer can follow: readiness says no, a wait in which that is seen, no
 * new connections, what is open is finished, everything is closed. Each step has an end.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  checkOptions,
  FUNCTION,
  LONGEST_TIMER_MS,
  MILLISECONDS,
  numberFrom,
  optional,
  type Rules,
} from 'portal-shared/check-options';
import { withTimeout } from 'portal-shared/with-timeout';
import { DEFAULTS } from './defaults.js';
import type { Health } from './health-type.js';

/** How an application ends. */
export interface ShutdownOptions {
  /**
   * Milliseconds between the first *no* of `/readyz` and the last connection that is accepted; default 5,000. Longer than
   * the interval at which the balancer asks, times the failures that it wants to see.
   */
  readonly graceMs?: number;
  /** Milliseconds for open requests after that, and as many for `onClose`; default 10,000. Then they are cut off. */
  readonly deadlineMs?: number;
  /** Closes what is the application's own, such as its pool, when nobody is served any more. */
  readonly onClose?: () => unknown;
}

/** On what it ends. */
export interface SignalOptions extends ShutdownOptions {
  /** Default: SIGTERM, SIGINT (Ctrl-C) and SIGHUP (the terminal was closed). */
  readonly signals?: readonly NodeJS.Signals[];
  /** For the log. */
  readonly onSignal?: (signal: NodeJS.Signals) => void;
}

/** Waits for signals until `close()`. */
export interface SignalHandling {
  close(): void;
}

/** A server of `node:http`, `node:https` or `node:http2`, as Express, Koa and Hono give it. */
export interface StoppableServer {
  readonly listening: boolean;
  close(callback: () => void): unknown;
  prependListener(event: 'request', listener: (request: unknown, response: unknown) => void): unknown;
  closeIdleConnections?(): void;
  closeAllConnections?(): void;
}

/** How the server of an application stops: kept when nobody is served any more, or the deadline has passed. */
export type Stop = (deadlineMs: number) => Promise<unknown>;

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const satisfies readonly NodeJS.Signals[];
/** A client that has sent nothing for this long is not about to. */
const IDLE_MS = 1_000;
const LOOK_EVERY_MS = 200;

const RULES: Rules<ShutdownOptions> = {
  graceMs: numberFrom(0, LONGEST_TIMER_MS, 'of milliseconds '),
  deadlineMs: MILLISECONDS,
  onClose: FUNCTION,
};
const SIGNAL_RULES: Rules<SignalOptions> = {
  ...RULES,
  signals: optional(
    'to be a list of names of signals',
    (value) => Array.isArray(value) && value.every((one) => /^SIG[A-Z0-9]+$/.test(String(one))),
  ),
  onSignal: FUNCTION,
};

/** @throws TypeError naming option, rule and value */
export function checkShutdownOptions(options: unknown, within: string): void {
  checkOptions(options, RULES, within);
}

/**
 * Ends an application: `/readyz` says no, `graceMs` pass, `server` accepts no more and finishes what is open (its answers
 * say `Connection: close`), `onClose` is called, and `health` is closed. What is still open after `deadlineMs` is cut off.
 *
 * @param server - `null` for a worker that serves nothing
 * @throws what `onClose` has thrown, when everything else is closed
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { createHealth } from 'portal-health';
 * import { createHealthHandler, shutDown } from 'portal-health/node';
 *
 * const health = createHealth({});
 * const handler = createHealthHandler(health);
 * const server = createServer((request, response) => void handler(request, response)).listen(8080);
 * await shutDown(server, health, { graceMs: 2_000 });
 * ```
 */
export async function shutDown(
  server: StoppableServer | null,
  health: Health,
  options: ShutdownOptions = {},
): Promise<void> {
  checkOptions(options, RULES);
  await shutDownBy(stopOf(server), health, options);
}

/**
 * Ends the application by `shutDown` and then the process, at the first signal; at a second one the process ends at once. A
 * shutdown that failed or was cut off exits with 1.
 *
 * @param server - `null` for a worker that serves nothing
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { createHealth } from 'portal-health';
 * import { createHealthHandler, handleSignals } from 'portal-health/node';
 *
 * const health = createHealth({});
 * const handler = createHealthHandler(health);
 * const server = createServer((request, response) => void handler(request, response)).listen(8080);
 * handleSignals(server, health, { graceMs: 2_000 });
 * ```
 */
export function handleSignals(
  server: StoppableServer | null,
  health: Health,
  options: SignalOptions = {},
): SignalHandling {
  return handleSignalsBy(stopOf(server), health, options);
}

/**
 * As `handleSignals`, for a framework that stops its server itself.
 *
 * @param within - the option that holds `options`
 */
export function handleSignalsBy(
  stop: Stop,
  health: Health,
  options: SignalOptions,
  within?: string,
): SignalHandling {
  checkOptions(options, SIGNAL_RULES, within);
  const { signals = SIGNALS, onSignal, ...shutdown } = options;
  let isEnding = false;

  function end(signal: NodeJS.Signals): void {
    if (isEnding) {
      // A closed terminal says it twice: to its session leader, and to its foreground process group.
      if (signal !== 'SIGHUP') {
        process.exit(128 + process.getBuiltinModule('node:os').constants.signals[signal]);
      }
      return;
    }
    isEnding = true;
    notify(onSignal, signal);
    shutDownBy(stop, health, shutdown).then(
      () => process.exit(0),
      (error: unknown) => {
        process.emitWarning(error instanceof Error ? error : String(error));
        process.exit(1);
      },
    );
  }

  for (const signal of signals) process.on(signal, end);
  return {
    close() {
      for (const signal of signals) process.off(signal, end);
    },
  };
}

function notify<Value>(listener: ((value: Value) => void) | undefined, value: Value): void {
  try {
    listener?.(value);
  } catch {
    // The listener is the application's own, and must not keep it from ending.
  }
}

async function shutDownBy(
  stop: Stop,
  health: Health,
  { graceMs = DEFAULTS.shutdownGraceMs, deadlineMs = DEFAULTS.shutdownDeadlineMs, onClose }: ShutdownOptions,
): Promise<void> {
  health.drain();
  await wait(graceMs);
  try {
    await stop(deadlineMs);
    if (onClose) await withTimeout(Promise.resolve().then(onClose), deadlineMs);
  } finally {
    await withTimeout(health.close(), deadlineMs);
  }
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function stopOf(server: StoppableServer | null): Stop {
  return (deadlineMs) => (server?.listening ? stopServer(server, deadlineMs) : Promise.resolve());
}

async function stopServer(server: StoppableServer, deadlineMs: number): Promise<void> {
  sayGoodbye(server);
  const cut = setTimeout(() => server.closeAllConnections?.(), deadlineMs);
  let look: NodeJS.Timeout | undefined;
  const idle = setTimeout(
    () => {
      look = setInterval(() => server.closeIdleConnections?.(), LOOK_EVERY_MS);
    },
    Math.min(IDLE_MS, deadlineMs),
  );
  const closed = new Promise<void>((resolve) => {
    // That of `node:http` also resets connections on which the next request is just under way.
    if (server.closeIdleConnections) netClose(server, resolve);
    else server.close(resolve);
  });
  // A session of HTTP/2 has nothing by which it could be cut off from here.
  await withTimeout(closed, deadlineMs + LOOK_EVERY_MS).catch(() => undefined);
  clearTimeout(cut);
  clearTimeout(idle);
  clearInterval(look);
  // Ends the timer with which `node:http` looks for slow requests.
  if (server.closeIdleConnections) server.close(() => undefined);
}

function netClose(server: StoppableServer, onClosed: () => void): void {
  const { Server } = process.getBuiltinModule('node:net');
  Server.prototype.close.call(server as unknown as InstanceType<typeof Server>, onClosed);
}

/** From now on a client that asks again does so on a new connection, of another instance. */
export function sayGoodbye(server: StoppableServer): void {
  server.prependListener('request', (request, response) => {
    const { httpVersionMajor } = request as IncomingMessage;
    const answer = response as ServerResponse;
    if (httpVersionMajor === 1 && !answer.headersSent) answer.setHeader('Connection', 'close');
  });
}
