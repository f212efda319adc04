/**
 * Proxies whose word on who the client is counts. Fastify reads it; here is whom it believes, and what is left of the
 * header before: a proxy that writes a port beside an address would otherwise make a new client of every connection, and
 * one that passes on rubbish a client of it.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv4 } from 'node:net';
import type { Network } from '../config/url-rules.js';
import { plainAddress } from './client-address.js';

/** Whom to believe. */
export interface TrustedProxies {
  /** Whether an address, in any spelling, is that of a proxy that is trusted. */
  readonly isTrusted: (address: string | undefined) => boolean;
  /** Whether there are any. */
  readonly some: boolean;
  /** Leaves of `X-Forwarded-For` the addresses, in their one spelling, from the last back to the first that is none. */
  tidy(request: IncomingMessage): void;
}

/** More proxies than that are not one after another; what else a client puts in front costs nothing. */
const MOST_HOPS = 32;
const HEADER = 'x-forwarded-for';

/** Trusts those of `networks`. */
export function createTrustedProxies(networks: readonly Network[] = []): TrustedProxies {
  const trusted = new BlockList();
  for (const { address, prefix, family } of networks) trusted.addSubnet(address, prefix, family);
  const some = networks.length > 0;

  return {
    some,
    isTrusted(address) {
      const plain = some && address !== undefined ? plainAddress(address) : undefined;
      return plain !== undefined && trusted.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
    },
    tidy({ headers }) {
      const said = headers[HEADER];
      if (!some || said === undefined) return;
      const hops = hopsIn(String(said));
      if (hops.length === 0) delete headers[HEADER];
      else headers[HEADER] = hops.join(', ');
    },
  };
}

/** The last of them were written by whoever is nearest, so reading begins there. */
function hopsIn(header: string): readonly string[] {
  const hops: string[] = [];
  const entries = header.split(',').map((entry) => entry.trim());
  for (const entry of entries.filter((text) => text !== '').toReversed()) {
    const address = plainAddress(entry);
    if (address === undefined || hops.length === MOST_HOPS) break;
    hops.unshift(address);
  }
  return hops;
}
