/**
 * The part of the fleet file that says where the instances of a service are found.
 */
import { FleetFileError, listOf, object, or, text, type Reader } from './readers.js';
import { credentials, filePath, hostName, isHost, port } from './texts.js';

/** Where the instances of a service are found. */
export type Discover =
  | { readonly kind: 'static'; readonly origins: readonly string[] }
  | { readonly kind: 'file_sd'; readonly paths: readonly string[] }
  | { readonly kind: 'http_sd'; readonly url: string; readonly credentialsFile: string | null }
  | { readonly kind: 'dns'; readonly name: string; readonly port: number }
  | { readonly kind: 'srv'; readonly name: string }
  | ({ readonly kind: 'kubernetes' } & KubernetesService)
  /** A Prometheus finds and asks them: those whose series have this label. */
  | ({ readonly kind: 'series' } & ServiceSeries);

export interface KubernetesService {
  readonly namespace: string;
  readonly service: string;
  /** Name or number; `undefined`: it has only one. */
  readonly port: string | number | undefined;
}

export interface ServiceSeries {
  readonly label: string;
  readonly value: string;
}

const origin = text(
  'to be an origin such as https://10.0.0.1:8443, without a path',
  (written) => URL.canParse(written) && isOrigin(new URL(written)),
);

function isOrigin(url: URL): boolean {
  const isPlain = url.pathname === '/' && `${url.search}${url.hash}${url.username}${url.password}` === '';
  return isPlain && (url.protocol === 'http:' || url.protocol === 'https:');
}

const httpsUrl = text('to be a URL of https or http, without a user name and a password', (written) => {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (!url) return false;
  return /^https?:$/.test(url.protocol) && `${url.username}${url.password}` === '';
});

const kubernetesName = text('to be a name of Kubernetes: 1 to 63 of a-z, 0-9 and -', (name) =>
  /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name),
);
const kubernetes: Reader<KubernetesService> = object({
  namespace: kubernetesName,
  service: kubernetesName,
  port: or(
    (value, pointer) => (typeof value === 'number' ? port : kubernetesName)(value, pointer),
    undefined,
  ),
});

const discoverKeys = {
  static: or(listOf(origin), undefined),
  file_sd: or(listOf(filePath, { from: 1, to: 20 }), undefined),
  http_sd: or(httpsUrl, undefined),
  authorization: or(credentials, undefined),
  dns: or(hostName, undefined),
  port: or(port, undefined),
  srv: or(text('to be a name such as _health._tcp.example.com', isSrvName), undefined),
  kubernetes: or(kubernetes, undefined),
};

/** One of these, and no other. */
export const discover: Reader<Discover> = (value, pointer) => {
  const given = object(discoverKeys)(value, pointer);
  const {
    static: origins,
    file_sd: paths,
    http_sd: url,
    authorization,
    dns,
    port: ofDns,
    srv,
    kubernetes: pods,
  } = given;
  const kinds = [origins, paths, url, dns, srv, pods].filter((kind) => kind !== undefined);
  if (kinds.length !== 1) {
    throw new FleetFileError(
      pointer,
      'to have one of static, file_sd, http_sd, dns, srv and kubernetes',
      value,
    );
  }
  if (authorization && url === undefined) {
    throw new FleetFileError(`${pointer}/authorization`, 'to stand beside http_sd only', authorization);
  }
  if ((ofDns === undefined) === (dns !== undefined)) {
    throw new FleetFileError(`${pointer}/port`, 'to stand beside dns, and only there', ofDns);
  }
  if (origins) return { kind: 'static', origins };
  if (pods) return { kind: 'kubernetes', ...pods };
  if (paths) return { kind: 'file_sd', paths };
  if (url !== undefined)
    return { kind: 'http_sd', url, credentialsFile: authorization?.credentials_file ?? null };
  if (dns !== undefined && ofDns !== undefined) return { kind: 'dns', name: dns, port: ofDns };
  return { kind: 'srv', name: srv ?? '' };
};

/** Labels that the questions themselves ask by. */
const OWN_LABELS: ReadonlySet<string> = new Set(['__name__', 'instance', 'status', 'code', 'hash', 'state']);
const LONGEST_VALUE = 128;

/** By which label the series of a service are known. */
export const series: Reader<ServiceSeries> = object({
  label: text(
    'to be the name of a label that is not one of the health metrics’ own',
    (label) => /^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/.test(label) && !OWN_LABELS.has(label),
  ),
  value: text(
    `to be 1 to ${LONGEST_VALUE} characters, none of them a control character`,
    (value) => value.length <= LONGEST_VALUE && /^[^\p{Cc}\p{Cs}]+$/u.test(value),
  ),
});

function isSrvName(written: string): boolean {
  return /^_[a-z0-9-]+\._(tcp|udp)\./i.test(written) && isHost(written);
}
