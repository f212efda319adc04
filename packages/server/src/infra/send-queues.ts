/**
 * What the system holds of ours that the other side has not taken: on Linux it says so, elsewhere nothing is known.
 * Node tells of a byte no more than that the system has it, which takes megabytes for a client that reads nothing.
 */
import { readFile } from 'node:fs/promises';
import { isIPv4, isIPv6 } from 'node:net';

const FILES = ['/proc/net/tcp', '/proc/net/tcp6'];
/** An address of IPv4 as the system writes it among those of IPv6. */
const MAPPED = '0000000000000000FFFF0000';
const HEX = 16;

/** Bytes that wait at the system, by `peerKey`, of connections to `port` here; none where nothing waits. */
export async function sendQueues(port: number): Promise<ReadonlyMap<string, number>> {
  const texts = await Promise.all(FILES.map((file) => readFile(file, 'latin1').catch(() => '')));
  const queues = new Map<string, number>();
  const local = `:${hex(port, 4)} `;
  for (const line of texts.join('').split('\n')) {
    if (!line.includes(local)) continue;
    const [, from = '', to = '', , waits = ''] = line.trim().split(/\s+/);
    const bytes = Number.parseInt(waits, HEX);
    if (bytes > 0 && `${from} `.endsWith(local)) queues.set(to.replace(MAPPED, ''), bytes);
  }
  return queues;
}

/** The other side of a connection, as the system writes it. */
export function peerKey(address: string, port: number): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  return `${isIPv4(plain) ? reversed(plain.split('.').map(Number)) : words(plain)}:${hex(port, 4)}`;
}

/** Of IPv6: four words, each with its bytes in reverse. */
function words(address: string): string {
  if (!isIPv6(address)) return '';
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const bytes = [...before, ...zeros, ...after].flatMap((group) => {
    const value = Number.parseInt(group, HEX);
    return [value >> 8, value & 255];
  });
  return [0, 4, 8, 12].map((at) => reversed(bytes.slice(at, at + 4))).join('');
}

function reversed(bytes: readonly number[]): string {
  return bytes
    .toReversed()
    .map((byte) => hex(byte, 2))
    .join('');
}

function hex(value: number, digits: number): string {
  return value.toString(HEX).toUpperCase().padStart(digits, '0');
}
