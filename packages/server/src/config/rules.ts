/**
 * The rules a setting's text can be held to. A rule reads the text into its value, or throws what the text was
 * expected to be; it never quotes the text, so that whoever prints the sentence decides whether it may be shown.
 */
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** Reads the text of a setting into its value; throws `BrokenRule` when it cannot. */
export type Rule<Value> = (text: string) => Value;

/** What the text was expected to be, as the middle of a sentence: `to be a whole number from 0 to 65535`. */
export class BrokenRule extends Error {
  /** Whether this very text holds a password, although the setting is none that should. */
  readonly isTextSecret: boolean;

  constructor(rule: string, { isTextSecret = false }: { readonly isTextSecret?: boolean } = {}) {
    super(rule);
    this.isTextSecret = isTextSecret;
  }
}

/** A whole number within bounds, both included. */
export function wholeNumber(from: number, to: number, of = ''): Rule<number> {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < from || value > to) {
      throw new BrokenRule(`to be a whole number${of && ` of ${of}`} from ${from} to ${to}`);
    }
    return value;
  };
}

/** One word of a closed list. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Rule<Word> {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    if (word === undefined) throw new BrokenRule(`to be one of ${words.join(', ')}`);
    return word;
  };
}

/** A switch. Only these two words: `0`, `no` and `false` have meant too many things to too many programs. */
export const onOrOff: Rule<boolean> = (text) => {
  if (text !== 'on' && text !== 'off') throw new BrokenRule('to be on or off');
  return text === 'on';
};

/** A name or an address to listen on. */
export const host: Rule<string> = (text) => {
  if (
    isIP(text) === 0 &&
    !/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(text)
  ) {
    throw new BrokenRule('to be an IP address or a host name');
  }
  return text;
};

/** Words that people read in a heading. */
export const title: Rule<string> = (text) => {
  if (!/^[\p{L}\p{N}\p{P}\p{S} ]{1,60}$/u.test(text)) {
    throw new BrokenRule('to be 1 to 60 letters, digits, signs and spaces');
  }
  return text;
};

/** A path of the file system. */
export const path: Rule<string> = (text) => {
  if (text.includes('\0')) throw new BrokenRule('to be a path without a null byte');
  return text;
};

/** Names or paths separated by commas. */
export const list: Rule<readonly string[]> = (text) => {
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.includes('')) throw new BrokenRule('to be names or paths separated by single commas');
  return entries;
};

/** A SHA-256 as it is published. */
export const sha256: Rule<string> = (text) => {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new BrokenRule('to be 64 lower-case hexadecimal digits');
  return text;
};

/** Files of public keys, separated by commas, read into their PEM. */
export const publicKeyFiles: Rule<readonly string[]> = (text) =>
  list(text).map((file) => {
    try {
      const pem = readFileSync(file, 'utf8');
      // From a private key the public one would be made without a word; but no service should be able to read one.
      if (!pem.includes('PRIVATE') && createPublicKey(pem).asymmetricKeyType === 'ed25519') return pem;
    } catch {
      // Not there, not readable, no key: for the operator it is the same.
    }
    throw new BrokenRule('to name readable files, each with one Ed25519 public key in PEM');
  });

/** A URL of a PostgreSQL server. */
export const postgresUrl: Rule<string> = (text) => {
  const url = storeUrl(text, ['postgres', 'postgresql'], 'postgres://USER:PASSWORD@HOST:PORT/DATABASE');
  if (url.hostname === '' && !url.searchParams.has('host')) throw new BrokenRule('to name a host');
  return text;
};

/** A URL of a Redis server. */
export const redisUrl: Rule<string> = (text) => {
  const url = storeUrl(text, ['redis', 'rediss'], 'redis://USER:PASSWORD@HOST:PORT/NUMBER');
  if (url.hostname === '') throw new BrokenRule('to name a host');
  if (!/^\/?\d*$/.test(url.pathname)) throw new BrokenRule('to end in the number of a database, or in none');
  return text;
};

/** Where messages to another program go: never in the open, but on this machine. The text can hold a password. */
export const webhookUrl: Rule<URL> = (text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isThisMachine(url.hostname));
  if (!url || !isSafe || url.hash !== '') {
    throw new BrokenRule('to be an https URL without a fragment, or an http one of this machine (127.0.0.1)');
  }
  return url;
};

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/** A key that messages to another program are signed with, as standardwebhooks.com writes it. */
export const webhookSecret: Rule<string> = (text) => {
  const { length } = webhookKey(text);
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text) || length < 24 || length > 64) {
    throw new BrokenRule(
      'to be whsec_ and then 24 to 64 bytes in base64, as `openssl rand -base64 32` makes them',
    );
  }
  return text;
};

/** In whose words an alert is put. */
export const RECEIVER_TYPES = ['generic', 'slack', 'discord', 'telegram', 'pagerduty'] as const;
export type ReceiverType = (typeof RECEIVER_TYPES)[number];

/** Somebody who gets alerts. */
export interface NamedReceiver {
  readonly type: ReceiverType;
  readonly url: URL;
  /** Of PagerDuty: the integration that events go to. */
  readonly routingKey?: string;
}

const RECEIVER = new RegExp(`^(${RECEIVER_TYPES.join('|')})\\+(.+)$`);

/** Receivers of alerts, each as `KIND+URL`, separated by commas; a comma within a URL begins no new one. */
export const alertReceivers: Rule<readonly NamedReceiver[]> = (text) =>
  text.split(/\s*,\s*(?=[a-z]+\+)/).map((entry) => {
    const [, kind, url] = RECEIVER.exec(entry.trim()) ?? [];
    if (kind === undefined || url === undefined) {
      throw new BrokenRule(
        'to be entries such as slack+https://… separated by commas, each beginning with generic+, slack+, discord+, telegram+ or pagerduty+',
      );
    }
    const type = kind as ReceiverType;
    return type === 'pagerduty' ? pagerDuty(webhookUrl(url)) : { type, url: webhookUrl(url) };
  });

const ROUTING_KEY = 'routing_key';

/** Its key stands in the query of the URL and is sent in the body. */
function pagerDuty(url: URL): NamedReceiver {
  const routingKey = url.searchParams.get(ROUTING_KEY) ?? '';
  if (!/^[A-Za-z0-9]{32}$/.test(routingKey)) {
    throw new BrokenRule(
      'to have a pagerduty+ URL such as pagerduty+https://events.pagerduty.com/v2/enqueue?routing_key=… with the 32 letters and digits of the integration key',
    );
  }
  const bare = new URL(url);
  bare.searchParams.delete(ROUTING_KEY);
  return { type: 'pagerduty', url: bare, routingKey };
}

/** The bytes of such a key. */
export function webhookKey(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
}

/**
 * Reads a URL that may hold a password. A password with an unescaped `@`, `/`, `?` or `#` in it usually still is a
 * URL, only of another host: a piece of the password would then be looked up as a name. So a second `@`, one outside
 * of the part before the path, and a fragment are refused rather than understood.
 */
function storeUrl(text: string, schemes: readonly string[], form: string): URL {
  const [scheme, ...rest] = text.split('://');
  if (scheme === undefined || rest.length === 0 || !schemes.includes(scheme.toLowerCase())) {
    throw new BrokenRule(`to be a URL of the form ${form}`);
  }
  const afterScheme = rest.join('://');
  const [authority = ''] = afterScheme.split(/[/?#]/);
  const ats = afterScheme.split('@').length - 1;
  if (ats > 1 || (ats === 1 && !authority.includes('@')) || afterScheme.includes('#')) throw unescaped();

  if (authority.slice(authority.lastIndexOf('@') + 1).includes(',')) {
    throw new BrokenRule('to name one host, and not several separated by commas');
  }

  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // The error of `URL` holds the text; ours must not.
    throw ats === 1 ? unescaped() : new BrokenRule(`to be a URL of the form ${form}`);
  }
  try {
    decodeURIComponent(`${url.username}${url.password}${url.hostname}${url.pathname}`);
  } catch {
    throw new BrokenRule(
      'to have no % that is not followed by two hexadecimal digits; a % itself is written %25',
    );
  }
  return url;
}

function unescaped(): BrokenRule {
  return new BrokenRule(
    'to have a user name and a password whose special characters are percent-encoded: ' +
      '@ as %40, / as %2F, : as %3A, ? as %3F, # as %23',
  );
}
