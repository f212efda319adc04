/**
 * Answers that go on and on, such as an open page, of which nothing is taken any more. Node's own time limit does not
 * see these: it begins anew with every byte that we write, whoever reads it.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Connection } from './connections.js';
import { peerKey, sendQueues } from './send-queues.js';

/** What is looked at. */
export interface StalledReaderOptions {
  /** Everybody who is connected. */
  readonly connections: () => Iterable<Connection>;
  /** So long nothing may be taken. */
  readonly limitMs: number;
  /** Where they are connected to. */
  readonly port: number;
  /** Called for each of which nothing was taken for so long. */
  readonly onStalled: (socket: Socket) => void;
}

/** Looks a limit has. */
const CHECKS = 6;

interface Seen {
  readonly taken: number;
  readonly sinceMs: number;
}

/** Looks again and again from now on. */
export function watchStalledReaders({
  connections,
  limitMs,
  port,
  onStalled: onStill,
}: StalledReaderOptions): {
  close(): void;
} {
  const seen = new WeakMap<ServerResponse, Seen>();
  let isLooking = false;

  async function check(): Promise<void> {
    const streams = [...connections()].flatMap(({ socket, current }) =>
      current?.headersSent ? [{ socket, current }] : [],
    );
    if (streams.length === 0) return;
    const queues = await sendQueues(port);
    const nowMs = performance.now();
    for (const { socket, current } of streams) {
      const { remoteAddress, remotePort, bytesWritten, writableLength } = socket;
      if (socket.destroyed || remoteAddress === undefined || remotePort === undefined) continue;
      const queued = queues.get(peerKey(remoteAddress, remotePort)) ?? 0;
      const taken = bytesWritten - writableLength - queued;
      const before = seen.get(current);
      // All is taken, or some of it since.
      if (taken === bytesWritten || before === undefined || taken > before.taken) {
        seen.set(current, { taken, sinceMs: nowMs });
      } else if (nowMs - before.sinceMs >= limitMs) onStill(socket);
    }
  }

  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    void check().finally(() => (isLooking = false));
  }, limitMs / CHECKS).unref();
  return { close: () => clearInterval(timer) };
}
