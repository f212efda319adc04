/**
 * A port that drops packets which open a connection, as behind a firewall: the kernel drops them once the queue of a
 * listener that never accepts is full.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface DropPort {
  /** Frees the port; connections in the queue are reset. */
  close(): Promise<void>;
}

/**
 * Node always accepts, so the listener is a process of its own that never gets round to it. It ends with
 * its parent.
 */
const LISTENER = `
const [host, port] = process.argv.slice(1);
const parent = process.ppid;
require('node:net').createServer().listen({ host, port: Number(port), backlog: 1 }, () => {
  require('node:fs').writeSync(1, 'listening');
  const never = new Int32Array(new SharedArrayBuffer(4));
  while (process.ppid === parent) Atomics.wait(never, 0, 0, 500);
  process.exit();
});`;
const CONNECTED_WITHIN_MS = 200;
const MOST_IN_QUEUE = 10;

/** @param port - a free port */
export async function listenDropping(host: string, port: number): Promise<DropPort> {
  const child = spawn(process.execPath, ['-e', LISTENER, host, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const queue: Socket[] = [];

  async function close(): Promise<void> {
    for (const socket of queue) socket.destroy();
    child.kill('SIGKILL');
    await ended;
  }

  try {
    await Promise.race([
      once(child.stdout, 'data'),
      ended.then(() => {
        throw new Error(`No process can listen on port ${port}.`);
      }),
    ]);
    while (await connects()) {
      if (queue.length > MOST_IN_QUEUE) throw new Error(`Port ${port} does not begun to drop.`);
    }
    return { close };
  } catch (error) {
    await close();
    throw error;
  }

  function connects(): Promise<boolean> {
    const socket = connect({ host, port });
    queue.push(socket);
    // Ends with the listener, by a reset.
    socket.on('error', () => undefined);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), CONNECTED_WITHIN_MS);
      socket.once('connect', () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }
}
