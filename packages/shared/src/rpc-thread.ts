/**
 * Calls from an application to a thread of its own: a method by its name, one reply for each call, and events that
 * belong to no call. Arguments, results and events are copied between the threads, so all of them are plain data.
 */
import { parentPort, type Worker } from 'node:worker_threads';
import { startThread, type ThreadEntry } from './thread-entry.js';

/** Every member is a method. */
export type Methods<Names> = { readonly [Name in keyof Names]: (...args: never[]) => unknown };

interface RpcRequest {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

type RpcReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly code: string }
  | { readonly event: unknown };

/** A call without a result. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  /** The code that the thread replied with; `THREAD_ENDED`, or `THREAD_EXIT_` and the number with which it ended. */
  readonly code: string;

  constructor(code: string, options?: ErrorOptions) {
    super(`The thread did not do what it was asked for (${code}).`, options);
    this.code = code;
  }
}

export interface RpcWorker<Api extends Methods<Api>> {
  /** @throws RpcError */
  call<Name extends keyof Api & string>(
    method: Name,
    ...args: Parameters<Api[Name]>
  ): Promise<ReturnType<Api[Name]>>;
  /** The same, and keeps the process alive until the reply is there. */
  callAndHold: RpcWorker<Api>['call'];
  /** The same, for the call after which the thread ends: that is then no end by itself, and no other thread is started. */
  callLast: RpcWorker<Api>['call'];
  /** Ends the thread, also in the middle of its work. */
  close(): Promise<void>;
}

export interface RpcWorkerOptions<Event> {
  /** The module that calls `serveRpc`. */
  readonly entry: ThreadEntry;
  readonly name: string;
  readonly workerData: unknown;
  readonly maxYoungGenerationSizeMb: number;
  /** Default: that of V8. */
  readonly maxOldGenerationSizeMb?: number;
  readonly onEvent?: (event: Event) => void;
  /** The thread has ended by itself. `error` is what was thrown, else an RpcError with the code `THREAD_EXIT_` and a number. */
  readonly onEnd?: (error: unknown) => void;
  /** Milliseconds until the next thread is started in place of one that ended by itself; none is by default. */
  readonly restartMs?: number;
}

interface PendingCall {
  readonly hold: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: RpcError) => void;
}

/** Starts a thread, which keeps the process alive only during `callAndHold`. */
export function startRpcWorker<Api extends Methods<Api>, Event = never>(
  options: RpcWorkerOptions<Event>,
): RpcWorker<Api> {
  const { entry, name, workerData, onEvent, onEnd, restartMs } = options;
  const pending = new Map<number, PendingCall>();
  let lastId = 0;
  let isClosed = false;
  /** Its last call has been made. */
  let isEnding = false;
  let failure: unknown;
  let worker: Worker | undefined = start();

  function start(): Worker | undefined {
    let started: Worker;
    try {
      started = startThread(entry, { name, workerData, resourceLimits: limitsOf(options) });
    } catch (error) {
      // Not allowed, or no room for one.
      failure = error;
      setImmediate(() => end(0));
      return undefined;
    }
    started.unref();
    started.on('message', receive);
    started.on('error', (error) => {
      failure = error;
    });
    started.on('exit', end);
    return started;
  }

  function receive(reply: RpcReply): void {
    if ('event' in reply) {
      // The thread emits what its module says it does.
      onEvent?.(reply.event as Event);
      return;
    }
    const call = pending.get(reply.id);
    pending.delete(reply.id);
    if (call?.hold === true) holdWhilePending();
    if ('code' in reply) call?.reject(new RpcError(reply.code));
    else call?.resolve(reply.result);
  }

  function end(exitCode: number): void {
    worker = undefined;
    for (const { reject } of pending.values()) reject(threadEnded());
    pending.clear();
    // A thread that is busy hears of the reply to the last call and of the end at one moment.
    if (isClosed || isEnding) return;
    onEnd?.(failure ?? new RpcError(`THREAD_EXIT_${exitCode}`));
    if (restartMs === undefined) return;
    setTimeout(() => {
      if (isClosed) return;
      failure = undefined;
      worker = start();
    }, restartMs).unref();
  }

  function threadEnded(): RpcError {
    return new RpcError('THREAD_ENDED', { cause: failure });
  }

  /** One that is being ended holds until it has: a reply that is still on its way must not let go of it. */
  function holdWhilePending(): void {
    if (isClosed || [...pending.values()].some(({ hold }) => hold)) worker?.ref();
    else worker?.unref();
  }

  function post(hold: boolean, method: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (!worker || isClosed) {
        reject(threadEnded());
        return;
      }
      lastId += 1;
      worker.postMessage({ id: lastId, method, args } satisfies RpcRequest, []);
      pending.set(lastId, { hold, resolve, reject });
      if (hold) holdWhilePending();
    });
  }

  return {
    // The thread replies with what its method of that name returns.
    call: (method, ...args) => post(false, method, args) as Promise<never>,
    callAndHold: (method, ...args) => post(true, method, args) as Promise<never>,
    callLast(method, ...args) {
      isEnding = true;
      return post(false, method, args) as Promise<never>;
    },
    async close() {
      isClosed = true;
      await worker?.terminate();
    },
  };
}

function limitsOf({
  maxYoungGenerationSizeMb,
  maxOldGenerationSizeMb,
}: Pick<RpcWorkerOptions<never>, 'maxYoungGenerationSizeMb' | 'maxOldGenerationSizeMb'>) {
  return {
    maxYoungGenerationSizeMb,
    ...(maxOldGenerationSizeMb !== undefined && { maxOldGenerationSizeMb }),
  };
}

export interface RpcServerOptions<Api> {
  /** Asked at every call, so that other methods can take the place of these. Every method is synchronous. */
  readonly methods: () => Api;
  /** The code of an exception, for the caller. Without it, an exception ends the thread. */
  readonly codeOf?: (error: unknown) => string;
  /** @returns whether it removed the reason of the exception: the method is then called once more */
  readonly recover?: (error: unknown) => boolean;
  readonly onReplied?: (method: keyof Api) => void;
}

export interface RpcServer<Event> {
  emit(event: Event): void;
  /** Accepts no more calls. The thread ends when nothing else keeps it. */
  close(): void;
}

/** Performs the calls to this thread, in their order. */
export function serveRpc<Api extends Methods<Api>, Event = never>(
  options: RpcServerOptions<Api>,
): RpcServer<Event> {
  const { methods, codeOf, recover, onReplied } = options;

  function perform({ method, args }: RpcRequest): unknown {
    // The types were checked where the call was made; between the threads there are only a name and a list.
    return methods()[method as keyof Api](...(args as readonly never[]));
  }

  function performOrRecover(request: RpcRequest): unknown {
    try {
      return perform(request);
    } catch (error) {
      if (recover?.(error) !== true) throw error;
      return perform(request);
    }
  }

  function replyTo(request: RpcRequest): RpcReply {
    const { id } = request;
    try {
      return { id, result: performOrRecover(request) };
    } catch (error) {
      if (!codeOf) throw error;
      return { id, code: codeOf(error) };
    }
  }

  const post = (reply: RpcReply): void => parentPort?.postMessage(reply, []);
  parentPort?.on('message', (request: RpcRequest) => {
    post(replyTo(request));
    onReplied?.(request.method as keyof Api);
  });
  return { emit: (event) => post({ event }), close: () => parentPort?.close() };
}
