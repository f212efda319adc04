/**
 * A server as a child process that never outlives us, whatever we die of, and does not hear our terminal's Ctrl-C
 * before we have drained.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { BARE_ENVIRONMENT, type Identity } from './identity.js';
import { childrenOf, signalAll } from './processes.js';

/** What to start, and how it is to end. */
export interface ServerProcessOptions {
  readonly command: readonly string[];
  readonly identity: Identity;
  readonly env?: Readonly<Record<string, string>>;
  /** Takes what the server prints; emptied at the start and whenever it grows beyond 8 MiB. */
  readonly logFile: string;
  /** Held by the server and its children for as long as one of them lives. Linux only: macOS has no `flock`. */
  readonly lockFile?: string;
  /** What the server gets when we are gone; should it still be there 5 s later, SIGKILL follows. */
  readonly orphanSignal: 'INT' | 'TERM' | 'KILL';
  /** A folder to delete after the server, when we are gone. */
  readonly orphanFolder?: string;
}

/** A server that was started. */
export interface ServerProcess {
  readonly pid: number;
  /** Whether it is over, by itself or by us. */
  hasEnded(): boolean;
  /** The exit code, once it is over; `null` when a signal ended it. */
  exitCode(): number | null;
  /** Resolves when it is over. */
  wait(): Promise<void>;
  /** Sends `signal`, also to a frozen server, and SIGKILL should it still be there after `graceMs`. */
  stop(signal: NodeJS.Signals, graceMs: number): Promise<void>;
}

/** The exit code of a start in vain because the lock file is held. */
export const LOCKED = 75;

const LOG_LIMIT_BYTES = 8 * 1024 * 1024;
const LOG_LOOK_INTERVAL_MS = 60_000;

/** Starts a server. Whether it is ready is for the caller to find out. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { identity, lockFile, logFile } = options;
  await (await open(logFile, 'w', 0o600)).close();
  const log = await open(logFile, 'a');
  const watch = await startGuardian(options);
  const lock =
    lockFile === undefined
      ? []
      : ['flock', '--no-fork', '--nonblock', `--conflict-exit-code=${LOCKED}`, lockFile];
  const [program = '', ...args] = [...lock, ...identity.prefix, ...options.command];
  const child = spawn(program, args, {
    cwd: '/',
    detached: true,
    env: { ...BARE_ENVIRONMENT, ...options.env },
    stdio: ['ignore', log.fd, log.fd],
  });
  const { pid } = child;
  if (pid !== undefined) watch.stdin?.write(`${pid}\n`);
  try {
    await once(child, 'spawn');
  } catch (error) {
    watch.stdin?.end('over\n');
    await log.close();
    throw error;
  }
  return attend(child, pid ?? 0, watch, log);
}

function attend(child: ChildProcess, pid: number, watch: ChildProcess, log: FileHandle): ServerProcess {
  const looking = setInterval(() => {
    // Opened for appending, so that the server goes on at the new end.
    void log.stat().then(async ({ size }) => {
      if (size > LOG_LIMIT_BYTES) await log.truncate(0);
    });
  }, LOG_LOOK_INTERVAL_MS).unref();
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      clearInterval(looking);
      watch.stdin?.end('over\n');
      void log.close().then(resolve, resolve);
    };
    if (isOver()) end();
    else child.once('exit', end);
  });
  // A server that somebody forgot to close is no reason to stay: the guardian ends it.
  child.unref();

  return {
    pid,
    hasEnded: isOver,
    exitCode: () => child.exitCode,
    wait() {
      child.ref();
      return ended;
    },
    async stop(signal, graceMs) {
      if (isOver()) return ended;
      child.ref();
      // Frozen ones must hear it too.
      const family = [pid, ...(await childrenOf(pid))];
      child.kill(signal);
      signalAll(family, 'SIGCONT');
      const kill = setTimeout(() => signalAll(family, 'SIGKILL'), graceMs);
      await ended;
      clearTimeout(kill);
    },
  };
}

/**
 * A shell that holds the other end of a pipe of ours and waits. A pipe ends with its process for any reason there is,
 * SIGKILL included, on every system. Then it ends the server: a frozen one too, which is why it says CONT, and why
 * the kernel's own parent-death signal would not do. In good order it is told `over`, and goes.
 */
const GUARDIAN = `
trap '' INT TERM HUP
read -r pid || exit 0
read -r word && exit 0
runs() {
  kill -0 "$pid" 2>/dev/null && ! grep -qs '^State:.Z' "/proc/$pid/status"
}
children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
if kill -s "$1" "$pid" 2>/dev/null; then
  kill -s CONT "$pid" $children 2>/dev/null
  tries=0
  while runs && [ "$tries" -lt 50 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  [ "$tries" -lt 50 ] || kill -s KILL "$pid" $children 2>/dev/null
fi
[ -z "$2" ] || rm -rf -- "$2"
`;

/** Started before the server, so that there is no moment in which the server has none. */
async function startGuardian({
  orphanSignal,
  orphanFolder = '',
}: ServerProcessOptions): Promise<ChildProcess> {
  const guardian = spawn('sh', ['-c', GUARDIAN, 'portal-guardian', orphanSignal, orphanFolder], {
    cwd: '/',
    detached: true,
    env: { ...BARE_ENVIRONMENT },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  await once(guardian, 'spawn');
  guardian.unref();
  // A guardian that was killed must not take us with it.
  guardian.stdin?.on('error', () => undefined);
  (guardian.stdin as unknown as { unref(): void }).unref();
  return guardian;
}

/** The last `lines` lines of a log, or nothing when there is none. */
export async function lastLines(logFile: string, lines: number): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-lines).join('\n');
}
