/**
 * The fleet file: which services there are, where their instances are found, and what is expected of them. YAML, of which
 * JSON is a part. No secret stands in it, only the paths of files that hold one.
 */
import { LineCounter, parseDocument } from 'yaml';
import { discover, series, type Discover } from './discover.js';
import { credentials, filePath, hostName } from './texts.js';
import { FORMAT_NAMES, type Format } from '../formats/format.js';
import { isPointer } from '../formats/json-pointer.js';
import { isLoopback, isNetwork, PRIVATE_NETWORKS } from '../networks.js';
import type { Damping } from '../instance-tracker.js';
import type { PinnedRelease } from '../source/pinned-keys.js';
import type { Amount, Expectation } from '../service-verdict.js';
import {
  duration,
  FleetFileError,
  listOf,
  object,
  oneOf,
  or,
  recordOf,
  text,
  wholeNumber,
  type Reader,
} from './readers.js';

export interface FleetFile {
  readonly name: string;
  /** An address that must accept a connection unless the watcher itself is cut off. */
  readonly reach: { readonly host: string; readonly port: number } | null;
  readonly services: readonly ServiceEntry[];
}

export interface ServiceEntry {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What anybody may know it by; `null`: nobody may know of it. */
  readonly publicName: string | null;
  readonly discover: Discover;
  readonly polling: Polling;
  readonly damping: Damping;
  readonly expect: Expectation;
}

/** How each instance of a service is asked. */
export interface Polling {
  readonly scheme: 'http' | 'https';
  readonly path: string;
  readonly format: Format;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Where the token may be sent: to these networks, and to these hosts whatever their address. */
  readonly networks: readonly string[];
  readonly tokenHosts: readonly string[];
  readonly credentialsFile: string | null;
  readonly tls: TlsFiles | null;
  /** Loopback is asked only where the file names it. */
  readonly allowsLoopback: boolean;
  /** By whom, and from which sequence on, the source must be signed; `null`: nobody says so. */
  readonly release: PinnedRelease | null;
}

export interface TlsFiles {
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  readonly serverName: string | null;
}

const MOST_SERVICES = 500;
const MOST_LABELS = 20;
const LONGEST_LABEL = 128;
const LONGEST_PUBLIC_NAME = 100;
const LEAST_INTERVAL_MS = 2_000;
const LONGEST_INTERVAL_MS = 3_600_000;
const LONGEST_FILE = 4 * 1024 * 1024;
const NAME_RULE = 'to be 1 to 63 of a-z, 0-9 and -, and not to begin with -';
/** Joined across services, so written as their names are. */
const CAUSE_LABELS: ReadonlySet<string> = new Set(['database', 'cache']);

const isName = (word: string): boolean => /^[a-z0-9][a-z0-9-]{0,62}$/.test(word);
const name = text(NAME_RULE, isName);
const percentOrNumber: Reader<Amount> = (value, pointer) => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return { count: value };
  const percent = typeof value === 'string' ? /^(\d{1,3})%$/.exec(value)?.[1] : undefined;
  if (percent === undefined || Number(percent) > 100) {
    throw new FleetFileError(pointer, 'to be a whole number, or percent from "0%" to "100%"', value);
  }
  return { percent: Number(percent) };
};

const format: Reader<Format> = (value, pointer) => {
  if (typeof value !== 'object' || value === null) return oneOf(...FORMAT_NAMES)(value, pointer);
  const words = or(listOf(text('to be a word', (word) => word !== '')), []);
  const { json } = object({
    json: object({
      pointer: text('to be a JSON pointer such as /status', isPointer),
      healthy: words,
      degraded: words,
    }),
  })(value, pointer);
  return json;
};

/** Keys that may stand in `defaults`, too. */
const shared = {
  collector: or(oneOf('direct', 'prometheus'), undefined),
  scheme: or(oneOf('https', 'http'), undefined),
  path: or(text('to be a path that begins with /', isPath), undefined),
  format: or(format, undefined),
  interval: or(duration(LEAST_INTERVAL_MS, LONGEST_INTERVAL_MS), undefined),
  timeout: or(duration(100, 60_000), undefined),
  failure_threshold: or(wholeNumber(1, 100), undefined),
  success_threshold: or(wholeNumber(1, 100), undefined),
  networks: or(listOf(text('to be a network such as 10.0.0.0/8', isNetwork)), undefined),
  authorization: or(credentials, undefined),
  tls: or(
    object({
      ca_file: or(filePath, undefined),
      cert_file: or(filePath, undefined),
      key_file: or(filePath, undefined),
      server_name: or(hostName, undefined),
    }),
    undefined,
  ),
  labels: or(
    recordOf(
      text('to be a name of a label', (key) => /^[a-z][a-z0-9_]{0,62}$/.test(key)),
      text(
        `to be 1 to ${LONGEST_LABEL} characters`,
        (value) => value !== '' && value.length <= LONGEST_LABEL,
      ),
      MOST_LABELS,
    ),
    undefined,
  ),
  release: or(
    object({
      keys: listOf(filePath, { from: 1, to: 20 }),
      minimum_sequence: or(wholeNumber(0, Number.MAX_SAFE_INTEGER), 0),
      statement: or(filePath, null),
    }),
    undefined,
  ),
  expect: or(
    object({
      instances: or(wholeNumber(0, 10_000), undefined),
      usable: or(percentOrNumber, undefined),
      tolerate: or(percentOrNumber, undefined),
    }),
    undefined,
  ),
};
const sharedKeys = object(shared);
type Shared = ReturnType<typeof sharedKeys>;
const service = object({
  ...shared,
  name,
  public: or(
    text(
      `to be the name that anybody may read, 1 to ${LONGEST_PUBLIC_NAME} characters on one line`,
      (shown) => isPrintable(shown) && shown.trim() !== '' && shown.length <= LONGEST_PUBLIC_NAME,
    ),
    null,
  ),
  discover: or(discover, undefined),
  series: or(series, undefined),
});

const reach: Reader<{ readonly host: string; readonly port: number }> = (value, pointer) => {
  const url =
    typeof value === 'string' && URL.canParse(`tcp://${value}`) ? new URL(`tcp://${value}`) : undefined;
  if (!url || url.port === '' || `tcp://${String(value)}` !== `tcp://${url.host}`) {
    throw new FleetFileError(pointer, 'to be an address and a port such as "192.0.2.1:443"', value);
  }
  return { host: hostOf(url), port: Number(url.port) };
};

const document = object({
  fleet: or(name, 'default'),
  reach: or(reach, null),
  defaults: or(sharedKeys, undefined),
  services: or(listOf(service, { to: MOST_SERVICES }), []),
});

export interface FleetFileOptions {
  /** Whether there is a Prometheus to ask; default: there is none. */
  readonly hasPrometheus?: boolean;
}

/**
 * Reads the text of a fleet file.
 *
 * @throws FleetFileError
 */
export function readFleetFile(yaml: string, { hasPrometheus = false }: FleetFileOptions = {}): FleetFile {
  if (yaml.length > LONGEST_FILE) {
    throw new FleetFileError('', `to be at most ${LONGEST_FILE} characters`, yaml.length);
  }
  const { fleet, reach: reached, defaults, services } = document(parseYaml(yaml), '');
  const entries = services.map((entry, index) =>
    serviceEntry(entry, `/services/${index}`, defaults, hasPrometheus),
  );
  const names = new Set<string>();
  const publicNames = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    if (names.has(entry.name)) {
      throw new FleetFileError(`/services/${index}/name`, 'to be another name than those before', entry.name);
    }
    names.add(entry.name);
    if (entry.publicName === null) continue;
    if (publicNames.has(entry.publicName)) {
      throw new FleetFileError(
        `/services/${index}/public`,
        'to be another name than those before',
        entry.publicName,
      );
    }
    publicNames.add(entry.publicName);
  }
  return { name: fleet, reach: reached, services: entries };
}

function parseYaml(yaml: string): unknown {
  const lines = new LineCounter();
  const parsed = parseDocument(yaml, { lineCounter: lines });
  const [error] = parsed.errors;
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new FleetFileError('', `to be YAML (line ${line}, column ${col})`, error.code);
  }
  try {
    return parsed.toJS({ maxAliasCount: 100 }) as unknown;
  } catch {
    throw new FleetFileError('', 'to use at most 100 aliases', 'more');
  }
}

function serviceEntry(
  entry: ReturnType<typeof service>,
  pointer: string,
  defaults: Shared | undefined,
  hasPrometheus: boolean,
): ServiceEntry {
  const { name: serviceName, public: publicName, discover: _discover, series: _series, ...own } = entry;
  const given = { ...defaults, ...withoutUndefined(own) };
  const isScraped = given.collector === 'prometheus';
  if (isScraped && !hasPrometheus) {
    throw new FleetFileError(
      `${pointer}/collector`,
      'to be direct while PORTAL_PROMETHEUS_URL is not set',
      given.collector,
    );
  }
  if (isScraped && given.release?.statement === null) {
    throw new FleetFileError(
      `${pointer}/release/statement`,
      'to name a file where a Prometheus collects, since it asks no instance for its statement',
      undefined,
    );
  }
  const found = isScraped ? seriesOf(serviceName, entry, pointer) : discoverOf(entry, pointer);
  const { interval: intervalMs = 10_000, timeout: timeoutMs = Math.min(3_000, intervalMs), tls } = given;
  if (timeoutMs > intervalMs) {
    throw new FleetFileError(`${pointer}/timeout`, 'to be at most the interval', `${timeoutMs}ms`);
  }
  if ((tls?.cert_file === undefined) !== (tls?.key_file === undefined)) {
    throw new FleetFileError(`${pointer}/tls`, 'to have cert_file and key_file, or neither', tls);
  }
  const origins = found.kind === 'static' ? found.origins : [];
  const hosts = origins.map((written) => hostOf(new URL(written)));
  const networks = given.networks ?? PRIVATE_NETWORKS;
  const { expect } = given;
  const labels = { ...defaults?.labels, ...own.labels };
  for (const [label, value] of Object.entries(labels)) {
    if (CAUSE_LABELS.has(label) && !isName(value)) {
      throw new FleetFileError(`${pointer}/labels/${label}`, NAME_RULE, value);
    }
  }
  return {
    name: serviceName,
    labels,
    publicName,
    discover: found,
    polling: {
      scheme: given.scheme ?? 'https',
      path: given.path ?? '/health',
      format: given.format ?? 'portal',
      intervalMs,
      timeoutMs,
      networks,
      tokenHosts: given.networks ? [] : hosts,
      credentialsFile: given.authorization?.credentials_file ?? null,
      tls: tls
        ? {
            caFile: tls.ca_file ?? null,
            certFile: tls.cert_file ?? null,
            keyFile: tls.key_file ?? null,
            serverName: tls.server_name ?? null,
          }
        : null,
      allowsLoopback: [...hosts, ...networks.map((one) => one.split('/')[0] ?? '')].some(
        (host) => host === 'localhost' || isLoopback(host),
      ),
      release: releaseOf(given.release),
    },
    damping: {
      failureThreshold: given.failure_threshold ?? 3,
      successThreshold: given.success_threshold ?? 3,
    },
    expect: {
      instances: expect?.instances ?? (found.kind === 'static' ? new Set(origins).size : 1),
      ...(expect?.usable && { usable: expect.usable }),
      ...(expect?.tolerate && { tolerate: expect.tolerate }),
    },
  };
}

type Found = Pick<ReturnType<typeof service>, 'discover' | 'series'>;

function discoverOf({ discover: found, series: ofService }: Found, pointer: string): Discover {
  if (ofService) {
    throw new FleetFileError(`${pointer}/series`, 'to stand beside collector: prometheus only', ofService);
  }
  if (!found) {
    throw new FleetFileError(`${pointer}/discover`, 'to say where the instances are found', found);
  }
  return found;
}

function releaseOf(given: Shared['release']): PinnedRelease | null {
  if (!given) return null;
  const { keys, minimum_sequence: minimumSequence, statement } = given;
  return { keyFiles: keys, minimumSequence, statementFile: statement };
}

function seriesOf(
  serviceName: string,
  { discover: found, series: ofService }: Found,
  pointer: string,
): Discover {
  if (found) {
    throw new FleetFileError(`${pointer}/discover`, 'to be left out where a Prometheus collects', found);
  }
  return { kind: 'series', ...(ofService ?? { label: 'job', value: serviceName }) };
}

function withoutUndefined<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, held]) => held !== undefined)) as Partial<Value>;
}

/** Without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** No control character, and none that turns the direction of what follows. */
function isPrintable(shown: string): boolean {
  return !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(shown);
}

function isPath(path: string): boolean {
  return /^\/[\x21-\x7e]*$/.test(path) && !path.includes('#');
}
