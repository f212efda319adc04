/**
 * How a pool tells which connections are checked out, without a method of it being replaced: by its events, by hooks in its
 * description, or by what it holds.
 */
import { hasMethods, member } from '../../unknown.js';
import type { Held } from './held.js';

/** Listens to one pool. */
export interface PoolListener {
  /** Looks at what has no events. */
  look(): void;
  close(): void;
}

type Listener = (...args: readonly unknown[]) => void;
interface Emitter {
  on(event: string, listener: Listener): unknown;
}

/** The pool that a description stands for, or the pool itself. */
export function describedBy(pool: object): object {
  const described = member(pool, 'describes');
  return typeof described === 'object' && described !== null ? described : pool;
}

/** Tells `held` of every checkout and return of `pool` until it is closed; `undefined` of one that tells nothing. */
export function listenTo(pool: object, held: Held): PoolListener | undefined {
  const described = describedBy(pool);
  if (hasHooks(pool)) return byHooks(pool, held);
  if (inUseObjects(described)) return byInspection(described, held);
  // Tarn, the pool of Knex.
  if (hasMethods(described, ['numUsed', 'numFree', 'on'])) {
    takeOver(member(described, 'used'), held);
    return byEvents(described, {
      acquireSuccess: (_id, connection) => held.acquired(connection),
      release: (connection) => held.released(connection),
    });
  }
  if (!hasMethods(described, ['on'])) return undefined;
  takeOverClients(described, held);
  return byEvents(described, {
    acquire: (connection) => held.acquired(connection),
    release: (_error, connection) => held.released(connection),
    remove: (connection) => held.released(connection),
  });
}

/** What is checked out already, and therefore at least since now: objects with the connection in them. */
function takeOver(used: unknown, held: Held): void {
  if (Array.isArray(used)) for (const one of used) held.acquired(member(one, 'resource'));
}

/** Of `pg`: every client that has logged in and is not idle. One that still connects is told of when it is got. */
function takeOverClients(pool: object, held: Held): void {
  const clients = member(pool, '_clients');
  const idle = member(pool, '_idle');
  if (!Array.isArray(clients) || !Array.isArray(idle)) return;
  const isIdle = new Set(idle.map((item) => member(item, 'client')));
  for (const client of clients as readonly unknown[]) {
    if (!isIdle.has(client) && typeof member(client, 'processID') === 'number') held.acquired(client);
  }
}

function byEvents(pool: object, listeners: Readonly<Record<string, Listener>>): PoolListener {
  // Its methods were looked for.
  const emitter = pool as Emitter;
  for (const [event, listener] of Object.entries(listeners)) emitter.on(event, listener);
  return {
    look: () => undefined,
    close() {
      const off = member(pool, 'off') ?? member(pool, 'removeListener');
      if (typeof off !== 'function') return;
      for (const [event, listener] of Object.entries(listeners)) Reflect.apply(off, pool, [event, listener]);
    },
  };
}

/** Hooks of a description. */
interface Hooks {
  onAcquire(listener: (connection: unknown) => void): unknown;
  onRelease(listener: (connection: unknown) => void): unknown;
}

function hasHooks(pool: object): pool is Hooks {
  return hasMethods(pool, ['onAcquire', 'onRelease']);
}

function byHooks(pool: Hooks, held: Held): PoolListener {
  let isOpen = true;
  const ends = [
    pool.onAcquire((connection) => {
      if (isOpen) held.acquired(connection);
    }),
    pool.onRelease((connection) => {
      if (isOpen) held.released(connection);
    }),
  ];
  return {
    look: () => undefined,
    close() {
      isOpen = false;
      for (const end of ends) if (typeof end === 'function') Reflect.apply(end, undefined, []);
    },
  };
}

/** Of sequelize-pool: an object of its own for each checkout, with the connection in it. */
function inUseObjects(pool: object): readonly unknown[] | undefined {
  const objects = member(pool, '_inUseObjects');
  return Array.isArray(objects) ? objects : undefined;
}

/** A pool without events. A checkout is known by its object, so none is taken for the one before it. */
function byInspection(pool: object, held: Held): PoolListener {
  let inUse: ReadonlySet<unknown> = new Set();
  return {
    look() {
      const now = new Set(inUseObjects(pool));
      for (const one of inUse) if (!now.has(one)) held.released(member(one, 'resource'));
      for (const one of now) if (!inUse.has(one)) held.acquired(member(one, 'resource'));
      inUse = now;
    },
    close: () => undefined,
  };
}
