/**
 * Who a client is, as far as its address tells: of IPv6 the first half, because whoever has one address there has all
 * of the second half.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';

const NETWORK_GROUPS = 4;
const GROUPS = 8;

/** The part of `address` that tells clients apart. */
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
