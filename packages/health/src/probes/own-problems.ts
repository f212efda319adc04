/**
 * What lies in this process is ruled out before a store is blamed: a busy event loop, threads that are all busy, no
 * descriptors, a name that cannot be looked up, a password that cannot be had. Such a run is no evidence about whom it should have asked.
 */
import type { ProblemCode } from '../problems.js';
import { createThreadTrial, THREADS_BUSY_MS } from './thread-trial.js';
import type { Outcome, Probe } from '../types.js';
import { driverCode, member } from '../unknown.js';

/** What the operating system says when this process, or this machine, can open no more connections to anybody. */
const NOTHING_LEFT = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL']);

/** Causes of causes are followed this far; they may go in a circle. */
const DEEPEST = 8;

/** Why an error is this process's own; `undefined` when it is not, or not only. */
export function ownProblem(error: unknown, depth = 0): ProblemCode | undefined {
  if (depth > DEEPEST) return undefined;
  const errors = member(error, 'errors');
  if (Array.isArray(errors) && errors.length > 0) {
    const problems = errors.map((each) => ownProblem(each, depth + 1));
    return problems.includes(undefined) ? undefined : problems[0];
  }
  const code = driverCode(error) ?? '';
  if (NOTHING_LEFT.has(code)) return 'PROCESS_OUT_OF_DESCRIPTORS';
  const call = member(error, 'syscall');
  const isLookUp = code.startsWith('EAI_') || code === 'ENOTFOUND';
  if (isLookUp || (typeof call === 'string' && /^(getaddrinfo|query[A-Z])/.test(call))) return 'NAME_LOOKUP';
  const cause = member(error, 'cause');
  const deeper = cause === undefined ? undefined : ownProblem(cause, depth + 1);
  return deeper ?? (member(error, 'name') === PASSWORD_ERROR ? 'PASSWORD_UNAVAILABLE' : undefined);
}

/** Of several addresses tried, the one that answered in any way: that is evidence, the rest is none. */
export function evidenceIn(error: unknown): unknown {
  const errors = member(error, 'errors');
  return (Array.isArray(errors) && errors.find((each) => ownProblem(each) === undefined)) || error;
}

const PASSWORD_ERROR = 'PortalPasswordError';

/** The application's own function for the password failed, or gave none. */
class PasswordError extends Error {
  override readonly name = PASSWORD_ERROR;
  readonly code: string;

  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.code = driverCode(cause) ?? 'NO_PASSWORD';
  }
}

/** Calls a function of the application, but never while its last call is open: whoever comes meanwhile waits with it. */
export interface OpenCall {
  call<Result>(make: () => Result | Promise<Result>): Promise<Result>;
  isOpen(): boolean;
}

/** For a password, a token: what one call gives is good for everybody who waits. */
export function createOpenCall(): OpenCall {
  let open: Promise<unknown> | undefined;
  return {
    async call<Result>(make: () => Result | Promise<Result>) {
      const called = open ?? Promise.resolve().then(make);
      open = called;
      try {
        // The same function every time.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        return (await called) as Result;
      } catch (error) {
        throw new PasswordError('The function for the password failed', error);
      } finally {
        if (open === called) open = undefined;
      }
    },
    isOpen: () => open !== undefined,
  };
}

/** `password` as it is, or its function held to one call at a time and to a text. */
export function cachedPassword(password: unknown, calls: OpenCall): unknown {
  if (typeof password !== 'function') return password;
  return async (...values: readonly unknown[]) => {
    const given: unknown = await calls.call(() => Reflect.apply(password, undefined, values) as unknown);
    if (typeof given !== 'string') throw new PasswordError('The function for the password gave no text');
    return given;
  };
}

/** Whether a socket still waits for the address that belongs to a name; `_host` is Node's own, and no address. */
export function isLookingUp(socket: unknown): boolean {
  return (
    member(socket, 'connecting') === true &&
    typeof member(socket, '_host') === 'string' &&
    process.getActiveResourcesInfo().includes('GetAddrInfoReqWrap')
  );
}

/** An SQLSTATE, or the first word of a Redis that is busy. */
const REPLY = /^([0-9A-Z]{5}|BUSY)$/;

const OURS: ReadonlySet<ProblemCode> = new Set([
  'EVENT_LOOP_DELAYED',
  'THREAD_POOL_BUSY',
  'NAME_LOOKUP',
  'PASSWORD_UNAVAILABLE',
  'PROCESS_OUT_OF_DESCRIPTORS',
] as const);

const NEARLY_ALL = 0.9;
/** A run that is over sooner, as most are, asks once. */
const ASK_EVERY_MS = 50;

/**
 * `probe`, whose outcomes say when they are no evidence.
 *
 * @param waitsFor - what of this process a run waits for that has come to its deadline; it may not know of anything
 */
export function withOwnProblems<Figures>(
  probe: Probe<Figures>,
  waitsFor: () => ProblemCode | undefined = () => undefined,
): Probe<Figures> {
  const threads = createThreadTrial();
  let startedMs = 0;
  let asking: NodeJS.Timeout | undefined;

  /** Whether the threads of this process have kept a run waiting for half of its time, or nearly all of a short one. */
  function isHeldByThreads(): boolean {
    const [heldMs, runMs] = [threads.heldMs(), performance.now() - startedMs];
    return heldMs * 2 >= runMs && heldMs >= Math.min(THREADS_BUSY_MS, runMs * NEARLY_ALL);
  }

  function judged(outcome: Outcome<Figures>, isHindered: boolean): Outcome<Figures> {
    const [problem] = outcome.problems;
    if (problem !== undefined && OURS.has(problem)) {
      // To look up a name, files are opened, and who finds none left says no more than that it failed.
      const isMore = problem === 'NAME_LOOKUP' && isOutOfDescriptors();
      return { ...outcome, problems: [isMore ? 'PROCESS_OUT_OF_DESCRIPTORS' : problem], isOwnProblem: true };
    }
    if (problem?.endsWith('_TIMEOUT')) {
      // Said by the server or its pooler, it is the server's.
      if (REPLY.test(outcome.cause?.code ?? '')) return outcome;
      const waitedFor = isHeldByThreads() ? 'THREAD_POOL_BUSY' : waitsFor();
      const own = waitedFor ?? (isHindered ? 'EVENT_LOOP_DELAYED' : undefined);
      return own === undefined ? outcome : { ...outcome, problems: [own], isOwnProblem: true };
    }
    const isOurs = threads.heldMs() >= THREADS_BUSY_MS && isHeldByThreads();
    if (outcome.state !== 'slow' || !isOurs) return outcome;
    const others = outcome.problems.filter((code) => !code.endsWith('_SLOW'));
    return { ...outcome, state: 'up', problems: ['THREAD_POOL_BUSY', ...others] };
  }

  return {
    ...probe,
    async run(signal, clock) {
      startedMs = performance.now();
      threads.begin();
      clearInterval(asking);
      asking = setInterval(() => threads.again(), ASK_EVERY_MS);
      asking.unref();
      try {
        const outcome = await probe.run(signal, clock);
        // The driver's own limits count by the wall clock.
        return judged(outcome, clock.isHindered());
      } finally {
        clearInterval(asking);
      }
    },
    failed(reason, error) {
      clearInterval(asking);
      return judged(probe.failed(reason, error), reason === 'hindered');
    },
  };
}

function isOutOfDescriptors(): boolean {
  const { closeSync, openSync } = process.getBuiltinModule('node:fs');
  try {
    closeSync(openSync(process.execPath, 'r'));
    return false;
  } catch (error) {
    return NOTHING_LEFT.has(driverCode(error) ?? '');
  }
}
