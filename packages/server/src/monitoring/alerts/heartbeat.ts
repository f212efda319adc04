/**
 * A heartbeat for a dead man's switch elsewhere, which raises the alarm when it stops. It is sent only while the service
 * does its work: that a process merely runs says nothing.
 */
import { errorCode } from 'portal-shared/error-code';
import type { Log } from '../../infra/log.js';
import { createWebhook } from '../../infra/webhook.js';

export interface HeartbeatOptions {
  readonly url: URL;
  /** Why no heartbeat may be sent now, in words for the log; `undefined` while all moves. */
  readonly standstill: () => string | undefined;
  readonly log: Log;
  readonly onAttempt?: (result: 'accepted' | 'refused', cause?: string) => void;
  /** Milliseconds between two heartbeats. Default 60,000. */
  readonly intervalMs?: number;
}

export interface Heartbeat {
  /** The first one is sent after an interval. */
  start(): void;
  close(): void;
}

const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 10_000;

export function createHeartbeat({
  url,
  standstill,
  log,
  onAttempt = () => undefined,
  intervalMs = INTERVAL_MS,
}: HeartbeatOptions): Heartbeat {
  const webhook = createWebhook({ url, secret: undefined, timeoutMs: TIMEOUT_MS });
  let timer: NodeJS.Timeout | undefined;
  /** Told once for all the times in a row. */
  let lastTrouble: string | undefined;

  function beat(): void {
    const cause = standstill();
    if (cause !== undefined) {
      tell(cause, 'no heartbeat is sent');
      return;
    }
    const before = lastTrouble;
    webhook.send({ id: 'heartbeat', body: '', method: 'GET' }).then(
      () => {
        onAttempt('accepted');
        // What was told while it was under way goes on.
        if (lastTrouble === before) lastTrouble = undefined;
      },
      (error: unknown) => tell(errorCode(error), 'a heartbeat was not accepted'),
    );
  }

  function tell(cause: string, message: string): void {
    if (cause !== lastTrouble) log.warn(message, { cause });
    lastTrouble = cause;
    onAttempt('refused', cause);
  }

  return {
    start() {
      timer ??= setInterval(beat, intervalMs).unref();
    },
    close() {
      clearInterval(timer);
      webhook.close();
    },
  };
}
