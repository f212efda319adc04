/**
 * Which addresses may be asked, and which may be sent a token.
 */
import { BlockList, isIP } from 'node:net';

/** Never asked: they lead to the machine's own neighbours or to the metadata of a cloud, whatever a name says. */
const REFUSED: readonly string[] = [
  // Link-local.
  '169.254.0.0/16',
  'fe80::/10',
  // Metadata of AWS, Google, Linode, Scaleway, Alibaba, Azure and Oracle.
  'fd00:ec2::/32',
  'fd20:ce::/32',
  'fd00:a9fe:a9fe::/48',
  'fd00:42::42/128',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '192.0.0.192/32',
  // Teredo and the NAT64 of one's own: they hide an IPv4 address where a provider has put it.
  '2001::/32',
  '64:ff9b:1::/48',
  // "This host", which on Linux is loopback.
  '0.0.0.0/8',
  '::/128',
  // Multicast and broadcast.
  '224.0.0.0/4',
  '255.255.255.255/32',
  'ff00::/8',
];
const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1/128'];
/** Where tokens may go unless the fleet file says otherwise: private networks. */
export const PRIVATE_NETWORKS: readonly string[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
];

/** A set of networks. */
export interface NetworkSet {
  has(address: string): boolean;
}

/** @param networks - as `10.0.0.0/8`, each valid by `isNetwork` */
export function createNetworkSet(networks: readonly string[]): NetworkSet {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
  }
  return {
    has(address) {
      const plain = unwrap(address);
      const family = isIP(plain);
      return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

export function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return false;
  return bits === undefined || Number(bits) <= (family === 6 ? 128 : 32);
}

const refused = createNetworkSet(REFUSED);
const loopback = createNetworkSet(LOOPBACK);

export function isLoopback(address: string): boolean {
  return loopback.has(address);
}

/** @param allowsLoopback - whether the fleet file names loopback for this service */
export function mayBeAsked(address: string, allowsLoopback: boolean): boolean {
  const plain = unwrap(address);
  if (isIP(plain) === 0 || refused.has(plain)) return false;
  return allowsLoopback || !loopback.has(plain);
}

/**
 * An IPv4 address inside of an IPv6 one leads where the IPv4 one leads: mapped (`::ffff:a.b.c.d`), translated
 * (`::ffff:0:a.b.c.d`), compatible (`::a.b.c.d`), by NAT64 (`64:ff9b::/96`), ISATAP (`…:5efe:a.b.c.d`) or 6to4 (`2002::/16`).
 * The zone of a scoped address is dropped.
 */
function unwrap(address: string): string {
  const unscoped = address.split('%')[0] ?? '';
  if (isIP(unscoped) !== 6) return unscoped;
  const words = wordsOf(unscoped);
  const [w0, w1, w2, w3, w4, w5, w6 = 0, w7 = 0] = words;
  const isZeroTo3 = [w0, w1, w2, w3].every((word) => word === 0);
  const isMapped = isZeroTo3 && ((w4 === 0 && w5 === 0xffff) || (w4 === 0xffff && w5 === 0));
  const isCompatible = isZeroTo3 && w4 === 0 && w5 === 0 && (w6 !== 0 || w7 > 1);
  // Link-local ones are refused as they are.
  const isIsatap = w0 !== 0xfe80 && (w4 === 0 || w4 === 0x200) && w5 === 0x5efe;
  const isNat64 = w0 === 0x64 && w1 === 0xff9b && [w2, w3, w4, w5].every((word) => word === 0);
  if (isMapped || isCompatible || isNat64 || isIsatap) return dotted(w6, w7);
  if (w0 === 0x2002) return dotted(w1 ?? 0, w2 ?? 0);
  return unscoped;
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight words of a valid IPv6 address. */
function wordsOf(address: string): readonly number[] {
  const hex = address.replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_, a: string, b: string, c: string, d: string) =>
      [((Number(a) << 8) | Number(b)).toString(16), ((Number(c) << 8) | Number(d)).toString(16)].join(':'),
  );
  const [head = '', tail] = hex.split('::');
  const parse = (part: string | undefined): number[] =>
    part === undefined || part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const first = parse(head);
  if (tail === undefined) return first;
  const last = parse(tail);
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}
