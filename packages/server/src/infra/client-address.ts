/**
 * Which client a request comes from: by its address, and by the trusted proxies before us.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';
import type { Network } from '../config/url-rules.js';

const NETWORK_GROUPS = 4;
const GROUPS = 8;

/** The part of `address` that tells clients apart. Of IPv6 the first half: one client has all addresses of the second half. */
export function clientAddress(address: string): string {
  const plain = plainAddress(address) ?? address;
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: GROUPS - before.length - after.length }, () => '0');
  const groups = tail === undefined ? before : [...before, ...zeros, ...after];
  return groups.slice(0, NETWORK_GROUPS).join(':');
}

/** `192.0.2.7:5678` and `[2001:db8::1]:443`, as some proxies write a client. */
const WITH_PORT = /^(?:\[([^\]]*)\]|([^:]*))(?::\d{1,5})?$/;
/** An address of IPv4 as IPv6 writes it, in the one spelling that a URL has for it. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/**
 * An address in its one spelling: without port, brackets and zone, and of IPv4 where it is one of IPv4. `undefined` for
 * anything else.
 */
export function plainAddress(text: string): string | undefined {
  const [, bracketed, unbracketed] = WITH_PORT.exec(text) ?? [];
  const [bare = ''] = (bracketed ?? unbracketed ?? text).split('%');
  if (isIPv4(bare)) return bracketed === undefined ? bare : undefined;
  if (isIP(bare) === 0) return undefined;
  const address = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [, high, low] = MAPPED.exec(address) ?? [];
  if (high === undefined || low === undefined) return address;
  const [upper, lower] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [upper >> 8, upper & 255, lower >> 8, lower & 255].join('.');
}

/**
 * Proxies whose `X-Forwarded-For` is trusted. Fastify reads that header. A proxy that writes a port beside an address would
 * make a new client of every connection, and one that passes on rubbish a client of it, so `tidy()` goes first.
 */
export interface TrustedProxies {
  /** Whether an address, in any spelling, is that of a proxy that is trusted. */
  readonly isTrusted: (address: string | undefined) => boolean;
  /** Whether there are any. */
  readonly some: boolean;
  /** Keeps of `X-Forwarded-For` the addresses at its end, in their one spelling, back to the first entry that is none. */
  tidy(request: IncomingMessage): void;
}

/** No chain of proxies is longer. Bounds what a client can make us parse. */
const MOST_HOPS = 32;
const HEADER = 'x-forwarded-for';

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

/** The nearest proxy wrote the last entry, so reading begins there. */
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
