/**
 * A port for a server that cannot ask the kernel for one itself.
 *
 * Taken from 61000–65535: above 49152 no service has a fixed port, so none is taken from somebody who starts later;
 * and above 60999 Linux hands out none for outgoing connections, so a server can come back to its port, and a client
 * that knocks at the closed port cannot be given that very port and find itself connected to itself.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const FIRST = 61_000;
const LAST = 65_535;
const TRIES = 50;

/** A port of 127.0.0.1 that was free a moment ago; the caller tries again when another process was faster. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = randomInt(FIRST, LAST + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(`No free port was found between ${FIRST} and ${LAST} in ${TRIES} tries.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Starts something at a free port, and at another one when another process took the first in the meantime.
 *
 * @param start - starts it at `port`
 * @param isTaken - whether what `start` threw says that the port is taken
 */
export async function withFreePort<Started>(
  start: (port: number) => Promise<Started>,
  isTaken: (error: unknown) => boolean,
): Promise<Started> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(await findFreePort());
    } catch (error) {
      if (tries === 5 || !isTaken(error)) throw error;
    }
  }
}
