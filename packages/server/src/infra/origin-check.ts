/**
 * What is meant for this service: the names it answers to, the path before all of its own, and which requests come from
 * its own page.
 *
 * A page of somebody else can have its own name lead to this machine, and then reads whatever answers (DNS rebinding).
 * It cannot change the name it asks for. So a service that only this machine reaches answers only to names of this
 * machine; an address is nobody's name, and is always answered.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isIP, isIPv6 } from 'node:net';
import { baseUrlOf, basePathOf } from '../config/url-rules.js';
import { ERRORS, type HttpErrorResponse } from '../errors.js';
import { plainAddress } from './client-address.js';
import type { Fields, Log } from './log.js';

/** What it is made of. */
export interface OriginCheckOptions {
  /** Where browsers find the service, if that has been said. */
  readonly publicUrl: URL | undefined;
  /** The name or address that it was told to listen on. */
  readonly host: string;
  /** The address it listens on, once it does. */
  readonly boundTo: () => string | undefined;
  readonly log: Log;
}

/** The service as others see it. */
export interface OriginCheck {
  /** Before every path in a link within the site: nothing, or `/portal`. */
  readonly basePath: string;
  /** Before every path in a link from elsewhere; `undefined` when nobody has said. */
  readonly baseUrl: string | undefined;
  /** Why a request is not answered: it names somebody else, in `Host` or in its target. `undefined`: it is ours. */
  requestErrorOf(request: IncomingMessage): HttpErrorResponse | undefined;
  /** Takes the path before all of ours off the target, where a proxy has left it there. */
  stripBasePath(request: IncomingMessage): void;
  /** Whether a request to do something comes from our own page, or from no page at all. */
  isSameOrigin(headers: IncomingHttpHeaders): boolean;
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly site: OriginCheck;
  }
}

/** What browsers say of a request that comes from our own page, or from nobody's. */
const OWN = new Set<unknown>(['same-origin', 'none']);
const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;
const NAME_AND_PORT = /^(\[[^\]]*\]|[^\s:@/?#\\[\]]*)(?::\d*)?$/;
const LOG_EVERY_MS = 60_000;
const HOST_DIFFERS =
  'a request was refused: its Host is no name of this service. Behind a proxy, set PORTAL_PUBLIC_URL to what browsers show';
const ORIGIN_DIFFERS =
  'an action was refused: its Origin is another than Host, or than PORTAL_PUBLIC_URL. Behind a proxy, set ' +
  'PORTAL_PUBLIC_URL to what browsers show, or have the proxy pass Host on as it came';

/** The site of a service. */
export function createOriginCheck({ publicUrl, host, boundTo, log }: OriginCheckOptions): OriginCheck {
  const basePath = publicUrl ? basePathOf(publicUrl) : '';
  const publicName = publicUrl && nameIn(publicUrl.host);
  const ownName = nameIn(isIPv6(host) ? `[${host}]` : host);
  /** Most clients write the same as the one before. */
  let lastNamed: string | undefined;
  const toldAtMs = new Map<string, number>();

  function isOurs(authority: string): boolean {
    const name = nameIn(authority);
    if (name === undefined) return false;
    if (name === publicName || name === ownName || isThisMachine(name) || isIP(name) !== 0) return true;
    const bound = boundTo();
    return bound !== undefined && !isThisMachine(plainAddress(bound) ?? bound);
  }

  /** Once a minute is enough: anybody can cause it. */
  function logOnce(what: string, words: string, fields: Fields): void {
    const nowMs = performance.now();
    if (nowMs - (toldAtMs.get(what) ?? Number.NEGATIVE_INFINITY) < LOG_EVERY_MS) return;
    toldAtMs.set(what, nowMs);
    log.warn(words, fields);
  }

  function misdirected(): HttpErrorResponse {
    logOnce('host', HOST_DIFFERS, { public_url_set: publicUrl !== undefined });
    return ERRORS.misdirected;
  }

  return {
    basePath,
    baseUrl: publicUrl && baseUrlOf(publicUrl),
    requestErrorOf({ headers: { host: named = '' }, rawHeaders, url = '/' }) {
      const [, authority] = url.startsWith('/') ? [] : (AUTHORITY.exec(url) ?? []);
      if (authority !== undefined && !isOurs(authority)) return misdirected();
      if (countOf('host', rawHeaders) > 1) return ERRORS.badRequest;
      // A program of long ago names nobody, and no browser does without.
      if (named === '' || named === lastNamed) return undefined;
      if (!isOurs(named)) return misdirected();
      lastNamed = named;
      return undefined;
    },
    stripBasePath(request) {
      const { url } = request;
      if (basePath === '' || url === undefined) return;
      const [start] = AUTHORITY.exec(url) ?? [''];
      const rest = url.slice(start.length);
      if (!rest.startsWith(basePath) || !/^(?:$|[/?#])/.test(rest.slice(basePath.length))) return;
      const below = rest.slice(basePath.length);
      request.url = start + (below.startsWith('/') ? below : `/${below}`);
    },
    isSameOrigin({ origin, host: named = '', 'sec-fetch-site': site }) {
      if (site !== undefined) return OWN.has(site);
      if (origin === undefined) return true;
      const isOwn = isOwnOrigin(origin, named, publicUrl);
      if (!isOwn) logOnce('origin', ORIGIN_DIFFERS, { public_url_set: publicUrl !== undefined });
      return isOwn;
    },
  };
}

/** Browsers say the origin, and pages cannot change that; where there is no TLS it is all they say. */
function isOwnOrigin(origin: string, host: string, publicUrl: URL | undefined): boolean {
  if (!URL.canParse(origin)) return false;
  const from = new URL(origin);
  if (from.origin === publicUrl?.origin) return true;
  // As the browser writes it: without the port that its scheme has anyway.
  const asked = `${from.protocol}//${host}`;
  if (!URL.canParse(asked) || new URL(asked).host !== from.host) return false;
  // Who has said where the service is found is reached there, or by an address, and by no other name.
  const name = nameIn(from.host);
  return publicUrl === undefined || (name !== undefined && (isThisMachine(name) || isIP(name) !== 0));
}

/** How often a header stands in a request; Node keeps only one of some. */
function countOf(name: string, rawHeaders: readonly string[]): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length;
}

/** The name in an authority, or the address; `undefined` when it is written as neither. */
function nameIn(authority: string): string | undefined {
  const [, written] = NAME_AND_PORT.exec(authority) ?? [];
  if (written === undefined || written === '') return undefined;
  const name = written.startsWith('[') ? written.slice(1, -1) : written.replace(/\.$/, '');
  if (written.startsWith('[') && !isIPv6(name)) return undefined;
  return plainAddress(name) ?? name.toLowerCase();
}

/** Nobody can have such a name lead elsewhere. */
function isThisMachine(name: string): boolean {
  if (isIP(name) !== 0) return name === '::1' || name.startsWith('127.');
  return name === 'localhost' || name.endsWith('.localhost');
}
