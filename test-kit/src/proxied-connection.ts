/** One connection through the proxy: a client, the server, and what passes between them under a fault. */
import { connect, type Socket } from 'node:net';
import type { Fault, FaultOptions } from './fault.js';

/** A client's connection and the one made to the server for it. */
export interface ProxiedConnection {
  /** From now on this happens to what passes; `undefined` is nothing at all. */
  apply(fault: Fault | undefined, options: Required<FaultOptions>): void;
  /** Ends it at once, at both ends; the client sees a reset. */
  reset(): void;
}

const TRICKLE_INTERVAL_MS = 1_000;
const AFTER_BYTES_MS = 50;

/** What a client gets to read that has the wrong port. */
const RUBBISH = Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');

/** Joins `client`, which is paused, to `port` as soon as the network lets it through. */
export function createProxiedConnection(client: Socket, port: number, onEnd: () => void): ProxiedConnection {
  let server: Socket | undefined;
  let fault: Fault | undefined;
  let options: Required<FaultOptions> = { afterBytes: 1, latencyMs: 600 };
  let answeredBytes = 0;
  let held = Buffer.alloc(0);
  let trickling: NodeJS.Timeout | undefined;
  const delays = createDelays();
  let ended = false;

  function end(how: 'close' | 'reset'): void {
    if (ended) return;
    ended = true;
    clearInterval(trickling);
    delays.drop();
    server?.destroy();
    if (how === 'reset') client.resetAndDestroy();
    // The client gets what was written, then the end.
    else client.end(() => client.destroy());
    onEnd();
  }

  function reach(): Socket {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.pause();
    client.on('data', (bytes) => socket.write(bytes));
    client.on('end', () => {
      // Who cannot hear and has said the last word is gone, whatever may still be on its way there.
      if (fault === 'half-open') end('close');
      else socket.end();
    });
    socket.on('data', answer);
    socket.on('end', () => afterAnswer(() => end('close')));
    socket.on('error', () => end('reset'));
    socket.on('close', () => afterAnswer(() => end('close')));
    return socket;
  }

  function answer(bytes: Buffer): void {
    if (fault === 'slow') return later(() => client.write(bytes));
    if (fault === 'rubbish') return void client.write(RUBBISH);
    if (fault === 'trickle') {
      held = Buffer.concat([held, bytes]);
      return;
    }
    if (fault !== 'reset' && fault !== 'cut') return void client.write(bytes);
    const rest = options.afterBytes - answeredBytes;
    answeredBytes += bytes.length;
    if (bytes.length < rest) return void client.write(bytes);
    client.write(bytes.subarray(0, rest));
    if (fault === 'cut') end('close');
    // A client that finds bytes and a reset together takes them for an end in good order.
    else later(() => end('reset'), AFTER_BYTES_MS);
  }

  function later(action: () => void, ms = options.latencyMs): void {
    delays.add(action, ms);
  }

  /** The end of an answer comes after the answer, however long that takes. */
  function afterAnswer(action: () => void): void {
    if (fault === 'slow') later(action);
    else if (held.length === 0) action();
  }

  function trickle(): void {
    client.write(held.subarray(0, 1));
    held = held.subarray(1);
  }

  client.on('error', () => end('close'));
  client.on('close', () => end('close'));

  return {
    apply(next, nextOptions) {
      delays.letThrough();
      fault = next;
      options = nextOptions;
      answeredBytes = 0;
      clearInterval(trickling);
      if (fault === 'trickle') trickling = setInterval(trickle, TRICKLE_INTERVAL_MS);
      else if (held.length > 0) {
        client.write(held);
        held = Buffer.alloc(0);
      }
      if (fault === 'blackhole') {
        client.pause();
        server?.pause();
        return;
      }
      server ??= reach();
      client.resume();
      if (fault === 'half-open') server.pause();
      else server.resume();
    },
    reset: () => end('reset'),
  };
}

interface Delays {
  add(action: () => void, ms: number): void;
  /** What is on its way comes before what sets out when the fault has changed: no network changes the order of bytes. */
  letThrough(): void;
  drop(): void;
}

function createDelays(): Delays {
  const delayed = new Map<NodeJS.Timeout, () => void>();
  return {
    add(action, ms) {
      const timer = setTimeout(() => {
        delayed.delete(timer);
        action();
      }, ms);
      delayed.set(timer, action);
    },
    letThrough() {
      for (const [timer, action] of delayed) {
        clearTimeout(timer);
        delayed.delete(timer);
        action();
      }
    },
    drop() {
      for (const timer of delayed.keys()) clearTimeout(timer);
    },
  };
}
