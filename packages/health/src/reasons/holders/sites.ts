/**
 * Where in the application's code a connection was taken: stacks within a budget, because one costs as much as the rest of
 * a checkout, and put into words only when they are reported.
 */

/** Decides which calls have their stack noted. */
export interface StackBudget {
  /** Whether one more may be noted now. */
  take(nowMs: number): boolean;
  /** Something is held too long and nobody knows where it was taken: more of them for a while. */
  raise(nowMs: number): void;
}

const STACKS_A_SECOND = 100;
const RAISED_STACKS_A_SECOND = 1_000;
const RAISED_FOR_MS = 600_000;
/** So many at once, so that a few calls in a quiet second are all noted. */
const BURST = 20;

export function createStackBudget(): StackBudget {
  let everyMs = 1_000 / STACKS_A_SECOND;
  let raisedUntilMs = Number.NEGATIVE_INFINITY;
  /** When the next would be due if they came evenly. */
  let dueMs = Number.NEGATIVE_INFINITY;
  return {
    take(nowMs) {
      if (dueMs > nowMs) return false;
      if (nowMs > raisedUntilMs) everyMs = 1_000 / STACKS_A_SECOND;
      dueMs = Math.max(dueMs, nowMs - BURST * everyMs) + everyMs;
      return true;
    },
    raise(nowMs) {
      if (nowMs <= raisedUntilMs) return;
      everyMs = 1_000 / RAISED_STACKS_A_SECOND;
      raisedUntilMs = nowMs + RAISED_FOR_MS;
    },
  };
}

/** Deep enough for a call that comes through an ORM; what a stack costs hardly depends on it. */
const FRAMES = 16;

/** The stack from the caller of `below` on. */
export function noteStack(below: (...args: never[]) => unknown): { readonly stack?: unknown } {
  const at: { readonly stack?: unknown } = {};
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = FRAMES;
    Error.captureStackTrace(at, below);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return at;
}

const FRAME = /^\s*at (?:(?:async )?(?:new )?(?<call>.+?) \()?(?<path>[^()]+?):(?<line>\d+):\d+\)?$/;
/** What is no code of the application. */
const FOREIGN = /[\\/]node_modules[\\/]|^node:|^internal\/|^<anonymous>/;
/** Longer names are not shown. */
const LONGEST = 40;

/** Function, the last two parts of the path, and the line: `createOrder src/orders.js:41`. */
export function siteOf({ stack }: { readonly stack?: unknown }): string | undefined {
  if (typeof stack !== 'string') return undefined;
  for (const line of stack.split('\n')) {
    const { call, path, line: number } = FRAME.exec(line)?.groups ?? {};
    if (path === undefined || FOREIGN.test(path)) continue;
    const [file = '', folder] = path.split(/[\\/]/).toReversed();
    const name = call?.includes('<anonymous>') ? undefined : call?.replace(/ \[as .*\]$/, '');
    const short = `${file}:${number}`;
    const place = folder ? `${folder}/${short}` : short;
    const candidates = [name ? `${name} ${place}` : place, name ? `${name} ${short}` : short, place, short];
    return showable(candidates.find((one) => one.length <= LONGEST) ?? short.slice(-LONGEST));
  }
  return undefined;
}

/** It is the application's own, so what cannot be shown is replaced rather than hidden. */
function showable(site: string): string {
  return site.replaceAll(/[^A-Za-z0-9 ._:/-]/g, '_');
}
