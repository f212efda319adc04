/**
 * A server as a child process that never outlives us, whatever we die of, and does not hear our terminal's Ctrl-C
 * before we have drained.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { makePrivateSync } from 'portal-shared/private-files';
import { BARE_ENVIRONMENT, type ServerIdentity } from './identity.js';
import { type ServerLog, openLog } from './server-log.js';
import { childrenOf, signalAll } from './processes.js';

/** What to start, and how it is to end. */
export interface ServerProcessOptions {
  readonly command: readonly string[];
  readonly identity: Pick<ServerIdentity, 'prefix'>;
  readonly env?: Readonly<Record<string, string>>;
  /** What the server prints is added to it; emptied whenever it is larger than 8 MiB. */
  readonly logFile: string;
  /**
   * Held by the server and its children for as long as one of them lives, with our process id in it. Linux only:
   * macOS has no `flock`.
   */
  readonly lockFile?: string;
  /** What the server gets when we are gone; should it still be there 5 s later, SIGKILL follows. */
  readonly orphanSignal: 'INT' | 'QUIT' | 'TERM' | 'KILL';
  /** A folder to delete after the server, when we are gone. */
  readonly orphanFolder?: string;
}

export interface ServerProcess {
  readonly pid: number;
  /** Whether it is over, by itself or by us. */
  hasEnded(): boolean;
  /** The exit code, once it is over; `null` when a signal ended it. */
  exitCode(): number | null;
  /** What it has printed since its start. */
  printed(): Promise<string>;
  /** Calls `listener` when it is over, which is no reason for us to stay until then. */
  onEnd(listener: () => void): void;
  /** Resolves when it is over, and keeps us until then. */
  wait(): Promise<void>;
  /** Sends `signal`, also to a frozen server, and SIGKILL should it still be there after `graceMs`. */
  stop(signal: NodeJS.Signals, graceMs: number): Promise<void>;
}

/** The exit code of a start in vain because the lock file is held. */
export const LOCKED = 75;

const TAKE_LOCK = ['flock', '--no-fork', '--nonblock', `--conflict-exit-code=${LOCKED}`];
/** Writes who we are into the lock file, and goes on as the rest of the command. */
const SIGN_LOCK = ['sh', '-c', 'echo "$1" > "$0" && shift && exec "$@"'];

/** Starts a server. Whether it is ready is for the caller to find out. */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  const { identity, lockFile } = options;
  const log = await openLog(options.logFile);
  if (lockFile !== undefined) makePrivateSync(lockFile);
  const guardian = await startGuardian(options);
  const lock =
    lockFile === undefined ? [] : [...TAKE_LOCK, lockFile, ...SIGN_LOCK, lockFile, `${process.pid}`];
  const [program = '', ...args] = [...lock, ...identity.prefix, ...options.command];
  const child = spawn(program, args, {
    cwd: '/',
    detached: true,
    env: { ...BARE_ENVIRONMENT, ...options.env },
    stdio: ['ignore', log.fd, log.fd],
  });
  if (child.pid !== undefined) guardian.stdin?.write(`${child.pid}\n`);
  child.once('exit', () => {
    guardian.stdin?.end('over\n');
    void log.close();
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    guardian.stdin?.end('over\n');
    void log.close();
    throw error;
  }
  // A server that was not closed does not keep the process alive: the guardian ends it.
  child.unref();
  return attend(child, child.pid ?? 0, log);
}

function attend(child: ChildProcess, pid: number, log: ServerLog): ServerProcess {
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;

  function onEnd(listener: () => void): void {
    if (isOver()) listener();
    else child.once('exit', listener);
  }

  function wait(): Promise<void> {
    child.ref();
    return new Promise(onEnd);
  }

  async function signalFamily(name: NodeJS.Signals): Promise<void> {
    signalAll([pid, ...(await childrenOf(pid))], name);
  }

  return {
    pid,
    hasEnded: isOver,
    exitCode: () => child.exitCode,
    printed: () => log.read(),
    onEnd,
    wait,
    async stop(signal, graceMs) {
      if (isOver()) return;
      child.kill(signal);
      // Frozen ones must hear it too.
      await signalFamily('SIGCONT');
      const kill = setTimeout(() => void signalFamily('SIGKILL'), graceMs);
      await wait();
      clearTimeout(kill);
    },
  };
}

/**
 * A shell that holds the other end of a pipe of ours and waits. A pipe ends with its process for any reason there is,
 * SIGKILL included, on every system. Then it ends the server: a frozen one too, which is why it says CONT, and why
 * the kernel's own parent-death signal would not do. STOP comes first, so that there are no more children than it
 * knows of. In good order it is told `over`, and goes.
 */
const GUARDIAN = `
trap '' INT TERM HUP
read -r pid || exit 0
read -r word && exit 0
runs() {
  kill -0 "$pid" 2>/dev/null && ! grep -qs '^State:.Z' "/proc/$pid/status"
}
if kill -s STOP "$pid" 2>/dev/null; then
  children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
  kill -s "$1" "$pid" 2>/dev/null
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
