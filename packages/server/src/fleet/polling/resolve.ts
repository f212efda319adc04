/**
 * The addresses of a name, each with whether it may be asked. Looked up by at most two threads of the pool at once, so
 * that a name server that does not answer keeps the others free for the service.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { mayBeAsked } from '../networks.js';

export interface Resolver {
  /** Milliseconds for which an address is asked before its name is looked up again. */
  readonly freshMs: number;
  /**
   * An address of `host`. One that may not be asked spoils them all: a name that leads there is no name of ours.
   *
   * @throws AddressNotAllowedError
   * @throws an Error of the name look-up
   */
  resolve(host: string, allowsLoopback: boolean): Promise<string>;
}

export class AddressNotAllowedError extends Error {}

const FRESH_MS = 60_000;
/** Of the four threads that a process has. */
const MOST_LOOKUPS = 2;

export function createResolver(): Resolver {
  const waiting: (() => void)[] = [];
  const underWay = new Map<string, Promise<readonly string[]>>();
  let running = 0;

  async function turn(): Promise<void> {
    if (running < MOST_LOOKUPS) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
  }

  async function lookUp(host: string): Promise<readonly string[]> {
    await turn();
    try {
      return (await lookup(host, { all: true })).map(({ address }) => address);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  }

  /** Whoever asks for the same name meanwhile gets the same answer. */
  function shared(host: string): Promise<readonly string[]> {
    const known = underWay.get(host);
    if (known) return known;
    const asked = lookUp(host).finally(() => underWay.delete(host));
    underWay.set(host, asked);
    return asked;
  }

  return {
    freshMs: FRESH_MS,
    async resolve(host, allowsLoopback) {
      const addresses = isIP(host) === 0 ? await shared(host) : [host];
      const [first] = addresses;
      if (first === undefined || !addresses.every((address) => mayBeAsked(address, allowsLoopback))) {
        throw new AddressNotAllowedError('An address of the name may not be asked.');
      }
      return first;
    },
  };
}
