/**
 * Writes to a file of SQLite in the order of the calls, each retried for as long as the disk refuses it.
 */
import { errorCode } from 'portal-shared/error-code';
import type { Methods } from 'portal-shared/rpc-thread';
import { PortalError } from '../../errors.js';
import { retry } from '../retry.js';

/** Of writes that wait while the disk takes nothing. */
const MAX_WRITES = 1_000;
const RETRY_MS = 1_000;
/** Errors of the disk, which may later take what it does not take now. */
const TRANSIENT = /^(THREAD_ENDED|SQLITE_(FULL|IOERR|READONLY|BUSY|LOCKED|CANTOPEN|NOMEM|CORRUPT))$/;

/** Reports the first error, and the first success after it. */
export function createDiskState(onRejected: (error: unknown) => void, onAccepted: () => void) {
  let isRejecting = false;
  let isClosed = false;
  let rejections = 0;
  return {
    accepted() {
      const wasRejecting = isRejecting;
      isRejecting = false;
      if (wasRejecting) onAccepted();
    },
    rejected(error: unknown) {
      rejections += 1;
      if (isRejecting || isClosed) return;
      isRejecting = true;
      onRejected(error);
    },
    /** Attempts that the disk refused. */
    rejections: () => rejections,
    close() {
      isClosed = true;
    },
  };
}

/** Calls one method of a store. */
export type Write<Store extends Methods<Store>> = <Name extends keyof Store & string>(
  method: Name,
  ...args: Parameters<Store[Name]>
) => Promise<ReturnType<Store[Name]>>;

interface PendingWrite<Store> {
  readonly method: keyof Store & string;
  readonly args: readonly unknown[];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Writes one after the other, each until the disk takes it. Nothing is written before `start()`. */
export function createWriteQueue<Store extends Methods<Store>>(
  call: Write<Store>,
  disk: ReturnType<typeof createDiskState>,
) {
  const pending: PendingWrite<Store>[] = [];
  let isStarted = false;
  let isClosed = false;
  let writing: Promise<void> | undefined;

  function flush(): void {
    if (!isStarted) return;
    writing ??= writeAll().finally(() => {
      writing = undefined;
      if (pending.length > 0 && !isClosed) flush();
    });
  }

  function pauseMs(error: unknown): number | undefined {
    if (isClosed || !TRANSIENT.test(errorCode(error))) return undefined;
    disk.rejected(error);
    return RETRY_MS;
  }

  async function writeAll(): Promise<void> {
    for (let [next] = pending; next !== undefined; [next] = pending) {
      const { method, args, resolve, reject } = next;
      try {
        // The types were checked where `write` was called.
        const result = await retry(() => call(method, ...(args as never)), { pauseMs });
        pending.shift();
        resolve(result);
        disk.accepted();
      } catch (error) {
        pending.shift();
        reject(error);
      }
    }
  }

  const write: Write<Store> = (method, ...args) =>
    new Promise((resolve, reject) => {
      if (isClosed || pending.length >= MAX_WRITES) {
        reject(new PortalError('unavailable'));
        return;
      }
      // The thread replies with what its method of that name returns.
      pending.push({ method, args, resolve: resolve as PendingWrite<Store>['resolve'], reject });
      flush();
    });

  return {
    start() {
      isStarted = true;
      flush();
    },
    write,
    /** Resolves when no write is under way. */
    settle: () => writing ?? Promise.resolve(),
    /** Retries nothing more. */
    close() {
      isClosed = true;
    },
  };
}
