/**
 * Where people reach the service, and through whom: the rules of these settings, and what is made of them.
 */
import { isIP } from 'node:net';
import { BrokenRule, list, type Rule } from './rules.js';

/** Addresses that are trusted, from one to a whole network. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const MAPPED_BITS = 96;

/** Addresses and networks, separated by commas. A network of everybody is none: then nobody's word would be worth less. */
export const networks: Rule<readonly Network[]> = (text) => list(text).map(network);

function network(entry: string): Network {
  const [, written = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const mapped = MAPPED.exec(written)?.[1];
  const address = mapped ?? written;
  const most = isIP(address) === 4 ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits) - (mapped === undefined ? 0 : MAPPED_BITS);
  if (isIP(address) === 0 || address.includes('%') || prefix < 1 || prefix > most) {
    throw new BrokenRule(
      'to be addresses and networks separated by commas, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8',
    );
  }
  return { address, prefix, family: most === 32 ? 'ipv4' : 'ipv6' };
}

/**
 * What paths of the service begin with. Below such a one, a proxy that takes its path off and one that leaves it on would
 * ask for different things in the same words.
 */
const OWN: ReadonlySet<string> = new Set([
  'assets',
  'audit',
  'docs',
  'events',
  'fleet',
  'health',
  'integrity',
  'livez',
  'llms.txt',
  'metrics',
  'now',
  'openapi.json',
  'readyz',
  'sessions',
  'startupz',
  'v1',
]);

/** Where browsers find the service: scheme, host, and perhaps a port and a path. */
export const publicUrl: Rule<URL> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // One that holds a password is told without its text.
  if (url && `${url.username}${url.password}` !== '') {
    throw new BrokenRule('to be a URL without a user name and a password', { isTextSecret: true });
  }
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (!url || !isWeb || url.search !== '' || url.hash !== '' || /[?#]/.test(text)) {
    throw new BrokenRule(
      'to be an http or https URL with nothing after its path, such as https://status.example.org/portal',
    );
  }
  const path = url.pathname.replace(/\/+$/, '');
  if (!/^(\/[\w.~-]+)*$/.test(path)) {
    throw new BrokenRule('to have a path of letters, digits and . _ ~ - between single slashes');
  }
  if (OWN.has(path.split('/')[1] ?? '')) {
    throw new BrokenRule(
      `to have a path that begins with none of the service’s own names: ${[...OWN].join(', ')}`,
    );
  }
  url.pathname = path;
  return url;
};

/** What every path of the service begins with there: nothing, or `/portal`. */
export function basePathOf(url: URL): string {
  return url.pathname === '/' ? '' : url.pathname;
}

/** The URL to put a path behind: `https://status.example.org/portal`. */
export function baseUrlOf(url: URL): string {
  return url.origin + basePathOf(url);
}

/**
 * The page, opened with a code that signs somebody in. What stands after the `#` stays in the browser: no log and no
 * other site ever has it.
 */
export function openLink(url: string, code: string): string {
  return `${url}/#code=${code}`;
}

/** Stands for a code in the address of a runbook. */
const CODE = '{code}';

/** Where the operator's own words on a code are: a URL with `{code}` after its host. */
export const runbookUrl: Rule<string> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && `${url.username}${url.password}` !== '') {
    throw new BrokenRule('to be a URL without a user name and a password', { isTextSecret: true });
  }
  const isPlain = url && /^https?:$/.test(url.protocol) && !/[\s\p{Cc}]/u.test(text);
  if (!isPlain || !text.includes(CODE) || url.host.includes('{')) {
    throw new BrokenRule(
      `to be an http or https URL with ${CODE} after its host, such as https://wiki.example.org/runbooks/${CODE}`,
    );
  }
  return text;
};

/** The runbook of one code. */
export function runbookOf(template: string, code: string): string {
  return template.replaceAll(CODE, () => encodeURIComponent(code));
}

/** Where a Prometheus is. Its token stands in a file of its own. */
export const prometheusUrl: Rule<string> = (text) => plainUrl(text, 'http://prometheus:9090');

/** Where Alertmanagers are. Each entry has no slash at its end. */
export const alertmanagerUrls: Rule<readonly string[]> = (text) =>
  list(text).map((entry) => plainUrl(entry, 'http://alertmanager:9093').replace(/\/+$/, ''));

function plainUrl(text: string, example: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && `${url.username}${url.password}` !== '') {
    throw new BrokenRule('to be a URL without a user name and a password', { isTextSecret: true });
  }
  if (!url || !/^https?:$/.test(url.protocol) || /[?#]/.test(text)) {
    throw new BrokenRule(`to be an http or https URL without ? and #, such as ${example}`);
  }
  return text;
}
