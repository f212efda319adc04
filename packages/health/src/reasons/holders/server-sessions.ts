/**
 * What the server says of the sessions that are held, and whether it is they.
 */
import type { ServerSession } from '../postgres/activity-answer.js';
import { processIdOf, type Observed } from './activity.js';

/** What of a session is read here. */
export type HeldSession = Pick<ServerSession, 'pid' | 'state' | 'waitsFor' | 'connectedMs'>;

/** What the server said last. */
export interface ServerReading {
  /** When, by our monotonic clock. */
  readonly atMs: number;
  readonly sessions: readonly HeldSession[];
}

/** Of fifty instances each asks about as often; while the holder does the same, nothing newer is known of it. */
const GOOD_FOR_MS = 120_000;
/** The answer has been under way. */
const ROUND_TRIP_MS = 1_000;

/**
 * What the server said of a holder while it already did what it does now. A number may have gone to another session since,
 * and that of a pooler is an invention: one that began after the checkout is not this one.
 */
export function sessionOf(
  { holder, statementSinceMs, idleSinceMs }: Observed,
  reading: ServerReading | undefined,
  nowMs: number,
): HeldSession | undefined {
  if (reading === undefined || nowMs - reading.atMs > GOOD_FOR_MS) return undefined;
  if (reading.atMs < (statementSinceMs ?? idleSinceMs ?? holder.sinceMs)) return undefined;
  const pid = processIdOf(holder.connection);
  const session = reading.sessions.find((one) => one.pid === pid);
  if (session === undefined || session.connectedMs === null) return undefined;
  const beganMs = reading.atMs - session.connectedMs;
  return beganMs <= holder.sinceMs + ROUND_TRIP_MS ? session : undefined;
}
