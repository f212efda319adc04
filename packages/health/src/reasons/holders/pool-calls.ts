/**
 * The calls by which connections are asked for. To see them, a method of ours is put before that of the pool, as a property
 * of its own: only there the caller is still known. A listener of `acquire` runs in the context of whoever gave the
 * connection back.
 */
import { hasMethods, member } from '../../unknown.js';
import { isPostgresJs } from '../../probes/postgres/postgres-js.js';
import type { Held, Note } from './held.js';
import { describedBy } from './pool-events.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** What is to be noted of a call; `undefined` when nothing is. */
export type NoteCall = (below: Method) => Note | undefined;

/** Puts methods of ours before those of `pool` until the returned function is called. */
export function seeCalls(pool: object, held: Held, noteCall: NoteCall): () => void {
  const described = describedBy(pool);
  let isOpen = true;
  const note: NoteCall = (below) => (isOpen ? noteCall(below) : undefined);
  const restore = replacementsFor(described, held, note).map(([method, make]) =>
    putBefore(described, method, make),
  );
  return () => {
    isOpen = false;
    for (const one of restore) one();
  };
}

type Replacement = readonly [method: string, make: (original: Method) => Method];

function replacementsFor(pool: object, held: Held, noteCall: NoteCall): readonly Replacement[] {
  if (isPostgresJs(pool)) {
    return [
      ['begin', (original) => beginBefore(original, held, noteCall)],
      ['reserve', (original) => reserveBefore(original, held, noteCall)],
    ];
  }
  if (hasMethods(pool, ['acquire', 'release'])) {
    return [['acquire', (original) => acquireBefore(original, held, noteCall)]];
  }
  // A single client of `pg` has these too, and is no pool.
  if (hasMethods(pool, ['connect', 'on']) && typeof member(pool, 'totalCount') === 'number') {
    return [['connect', (original) => connectBefore(original, held, noteCall)]];
  }
  return [];
}

function putBefore(target: object, method: string, make: (original: Method) => Method): () => void {
  const own = Object.getOwnPropertyDescriptor(target, method);
  const original = member(target, method);
  if (typeof original !== 'function') return () => undefined;
  const ours = make(original as Method);
  try {
    Object.defineProperty(target, method, {
      value: ours,
      configurable: true,
      writable: true,
      enumerable: false,
    });
  } catch {
    // A frozen pool is left as it is.
    return () => undefined;
  }
  return () => {
    // Whoever came after us keeps what they put there; ours passes everything on by then.
    if (Object.getOwnPropertyDescriptor(target, method)?.value !== ours) return;
    if (own) Object.defineProperty(target, method, own);
    else Reflect.deleteProperty(target, method);
  };
}

/** `connect` of `pg`, with a callback or a promise; its `query` comes by here too, so it is as short as it can be. */
function connectBefore(original: Method, held: Held, noteCall: NoteCall): Method {
  return function connect(callback, ...rest) {
    const note = noteCall(connect);
    if (typeof callback !== 'function') {
      const given = original.call(this, callback, ...rest);
      return note ? whenGot(given, held, note) : given;
    }
    if (!note) return original.call(this, callback, ...rest);
    function got(this: unknown, error: unknown, client: unknown, release: unknown): unknown {
      if (note) held.noted(client, note);
      return (callback as Method).call(this, error, client, release);
    }
    return original.call(this, got, ...rest);
  };
}

/** `acquire` of sequelize-pool gives a promise, that of tarn an object with one. */
function acquireBefore(original: Method, held: Held, noteCall: NoteCall): Method {
  return function acquire(...args) {
    const note = noteCall(acquire);
    const given: unknown = Reflect.apply(original, this, args);
    if (!note) return given;
    if (isThenable(given)) return whenGot(given, held, note);
    if (hasPromise(given)) given.promise = whenGot(given.promise, held, note);
    return given;
  };
}

/** Handed on as it came, so that whoever does not handle a failure is told of it as before. */
function whenGot(given: unknown, held: Held, note: Note): unknown {
  if (!isThenable(given)) return given;
  return given.then((connection) => {
    held.noted(connection, note);
    return connection;
  });
}

/** A transaction of postgres.js is held from the first call of its function until its promise is settled. */
function beginBefore(original: Method, held: Held, noteCall: NoteCall): Method {
  return function begin(...args) {
    const note = noteCall(begin);
    const work = args.at(-1);
    if (!note || typeof work !== 'function') return Reflect.apply(original, this, args);
    let transaction: unknown;
    const ours: Method = function ours(...given) {
      [transaction] = given;
      held.acquired(transaction);
      held.noted(transaction, note);
      return Reflect.apply(work, this, given);
    };
    const result: unknown = Reflect.apply(original, this, [...args.slice(0, -1), ours]);
    return result instanceof Promise ? result.finally(() => held.released(transaction)) : result;
  };
}

function reserveBefore(original: Method, held: Held, noteCall: NoteCall): Method {
  return function reserve(...args) {
    const note = noteCall(reserve);
    const given: unknown = Reflect.apply(original, this, args);
    if (!note || !isThenable(given)) return given;
    return given.then((reserved) => {
      held.acquired(reserved);
      held.noted(reserved, note);
      if (hasRelease(reserved)) {
        const { release } = reserved;
        reserved.release = function releaseReserved(...rest) {
          held.released(reserved);
          return Reflect.apply(release, this, rest);
        };
      }
      return reserved;
    });
  };
}

function isThenable(value: unknown): value is Promise<unknown> {
  return typeof member(value, 'then') === 'function';
}

function hasPromise(value: unknown): value is { promise: unknown } {
  return isThenable(member(value, 'promise'));
}

function hasRelease(value: unknown): value is { release: Method } {
  return typeof member(value, 'release') === 'function';
}
