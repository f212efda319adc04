/**
 * What a connection of `pg` is doing, read from its client without asking the server; and since when, as far as it has been
 * looked at.
 */
import { hasMethods, member } from '../../unknown.js';
import type { Holder } from './held.js';

/** What a client says of itself at one moment. */
export interface Activity {
  /** The statement that runs, known by its identity alone; `null` when none runs, `undefined` when it does not tell. */
  readonly statement: unknown;
  readonly transaction: 'none' | 'open' | 'failed' | null;
  /** Bytes to and from the server: something was asked in between when they have grown. `null` when it does not tell. */
  readonly bytes: number | null;
}

const TRANSACTIONS: Readonly<Record<string, Activity['transaction']>> = { I: 'none', T: 'open', E: 'failed' };
const UNTOLD: Activity = Object.freeze({ statement: undefined, transaction: null, bytes: null });

/** What a client does now. Older and other drivers tell less. */
function activityOf(client: object): Activity {
  try {
    return { statement: statementOf(client), transaction: transactionOf(client), bytes: bytesOf(client) };
  } catch {
    return UNTOLD;
  }
}

/** The public getter of newer versions warns that it is deprecated; older ones have a plain property of that name. */
function statementOf(client: object): unknown {
  if ('_activeQuery' in client) return member(client, '_activeQuery') ?? null;
  const own = Object.getOwnPropertyDescriptor(client, 'activeQuery');
  if (!own || !('value' in own)) return undefined;
  const value: unknown = own.value;
  return value ?? null;
}

function transactionOf(client: object): Activity['transaction'] {
  if (!hasTransactionStatus(client)) return null;
  return TRANSACTIONS[String(client.getTransactionStatus())] ?? null;
}

function hasTransactionStatus(client: object): client is { getTransactionStatus(): unknown } {
  return hasMethods(client, ['getTransactionStatus']);
}

function bytesOf(client: object): number | null {
  const stream = member(member(client, 'connection'), 'stream');
  const written = member(stream, 'bytesWritten');
  const read = member(stream, 'bytesRead');
  return typeof written === 'number' && typeof read === 'number' ? written + read : null;
}

/** Whether a client is kept to be told of notifications (`LISTEN`): it is meant to be held and to do nothing. */
export function isListening(client: object): boolean {
  try {
    return hasListenerCount(client) && Number(client.listenerCount('notification')) > 0;
  } catch {
    return false;
  }
}

function hasListenerCount(client: object): client is { listenerCount(event: string): unknown } {
  return hasMethods(client, ['listenerCount']);
}

/** The number of the server's process that serves a client; of a pooler it is an invention. */
export function processIdOf(client: object): number | undefined {
  const pid = member(client, 'processID');
  return typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}

/** What is known of a holder after some looks. Times monotonic, in milliseconds. */
export interface Observed {
  readonly holder: Holder;
  readonly activity: Activity;
  /** Since when this very statement has been seen to run; `undefined` while none runs. Never too early. */
  readonly statementSinceMs: number | undefined;
  /** Since when nothing has been asked; `undefined` while a statement runs, or nobody tells. */
  readonly idleSinceMs: number | undefined;
}

/**
 * What a holder does, after what it did at the look before.
 *
 * @param lookMs - the time between two looks: who is seen within it for the first time has been so since the checkout
 */
export function observe(
  holder: Holder,
  before: Observed | undefined,
  nowMs: number,
  lookMs: number,
): Observed {
  const activity = activityOf(holder.connection);
  const { statement, bytes } = activity;
  if (statement === undefined) {
    return { holder, activity, statementSinceMs: undefined, idleSinceMs: undefined };
  }
  if (statement !== null) {
    const same = before?.activity.statement === statement;
    const statementSinceMs = (same ? before.statementSinceMs : undefined) ?? nowMs;
    return { holder, activity, statementSinceMs, idleSinceMs: undefined };
  }
  const isNew = before === undefined && nowMs - holder.sinceMs <= 2 * lookMs;
  const isStill = before !== undefined && before.activity.bytes === bytes;
  const idleSinceMs = isNew ? holder.sinceMs : ((isStill ? before.idleSinceMs : undefined) ?? nowMs);
  return { holder, activity, statementSinceMs: undefined, idleSinceMs };
}
