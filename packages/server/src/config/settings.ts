/**
 * Every setting there is, once: the environment variable, its default, its rule, and what it is for. The type of the
 * configuration and its parser come from here, and `.env.example` and the table of docs/settings.md by docs.ts.
 */
import { SOURCE } from './installation.js';
import { alertmanagerUrls, networks, prometheusUrl, publicUrl, runbookUrl } from './url-rules.js';
import {
  alertReceivers,
  host,
  list,
  onOrOff,
  oneOf,
  path,
  postgresUrl,
  publicKeyFiles,
  redisUrl,
  sha256,
  title,
  webhookSecret,
  webhookUrl,
  wholeNumber,
  type Rule,
} from './rules.js';

/** One setting. */
export interface Setting<Value> {
  /** Name of the environment variable. */
  readonly variable: string;
  /** Text that stands for the variable while it is not set; absent: there is no value then. */
  readonly fallback?: string;
  /** The same where it depends on other variables; before `fallback`. */
  readonly fallbackIn?: (environment: Readonly<Record<string, string | undefined>>) => string | undefined;
  readonly rule: Rule<Value>;
  /** Whether the text can hold a password and must never be shown. Such a setting may also come from a file. */
  readonly secret?: true;
  /** One or two sentences for an operator. */
  readonly about: string;
  /** What happens while it is not set, where the fallback itself would say nothing to a reader. */
  readonly unset?: string;
}

/** The variable that names a file in which the value of a secret setting stands. */
export function fileVariable(variable: string): string {
  return `${variable}_FILE`;
}

/** Longest time that a timer of Node can count, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;
const milliseconds = wholeNumber(1, LONGEST_MS, 'milliseconds');

/** All settings, in the order in which `.env.example` and docs/settings.md list them. */
export const SETTINGS = {
  host: {
    variable: 'HOST',
    fallback: '127.0.0.1',
    rule: host,
    about: 'Address to listen on. `0.0.0.0` is every IPv4 address of the machine.',
  },
  port: {
    variable: 'PORT',
    fallback: '7331',
    rule: wholeNumber(0, 65_535),
    about: 'Port to listen on; `0` takes a free one.',
  },
  name: {
    variable: 'PORTAL_NAME',
    rule: title,
    about: 'Name of what is watched, in the heading and title of the page. Anybody can read it.',
    unset: 'the page is called *Portal Health*',
  },
  environment: {
    variable: 'PORTAL_ENVIRONMENT',
    rule: title,
    about:
      'Which of its environments this is, e.g. `production`; stands beside the name. Anybody can read it.',
    unset: 'none is named',
  },
  publicUrl: {
    variable: 'PORTAL_PUBLIC_URL',
    rule: publicUrl,
    about:
      'URL of the service as browsers see it behind a proxy: scheme, host, and optionally a port and a path. Links, cookies and the check of `Host` and `Origin` use it.',
    unset: 'none; links lead to `HOST` and `PORT`',
  },
  trustedProxies: {
    variable: 'PORTAL_TRUSTED_PROXIES',
    rule: networks,
    about:
      'Addresses and networks of the proxies whose `X-Forwarded-For` is trusted to name the client; separated by commas.',
    unset: 'none; the peer of the connection is the client',
  },
  databaseUrl: {
    variable: 'DATABASE_URL',
    rule: postgresUrl,
    secret: true,
    about: 'PostgreSQL of your own, as `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.',
    unset: 'an embedded PostgreSQL, data in `PORTAL_DATA_DIR`',
  },
  redisUrl: {
    variable: 'REDIS_URL',
    rule: redisUrl,
    secret: true,
    about: 'Redis of your own, as `redis://USER:PASSWORD@HOST:PORT/NUMBER`.',
    unset: 'redis-server or valkey-server of this machine',
  },
  dataDir: {
    variable: 'PORTAL_DATA_DIR',
    fallback: './.portal',
    rule: path,
    about: 'Folder of the history (`history.sqlite`, `fleet.sqlite`), and of the embedded servers.',
  },
  fetchRedis: {
    variable: 'PORTAL_FETCH_REDIS',
    fallback: 'on',
    rule: onOrOff,
    about: 'Whether Redis may be downloaded on Debian and Ubuntu when the machine has none (`on` or `off`).',
  },
  intervalMs: {
    variable: 'PORTAL_INTERVAL_MS',
    fallback: '2000',
    rule: milliseconds,
    about:
      'Time between two probe runs of the database, and of the cache, while a component is not up or a client reads the report. Otherwise the time is five times as long.',
  },
  deadlineMs: {
    variable: 'PORTAL_DEADLINE_MS',
    fallback: '1000',
    rule: milliseconds,
    about: 'Deadline of a probe run. One that takes longer counts as down.',
  },
  slowMs: {
    variable: 'PORTAL_SLOW_MS',
    fallback: '500',
    rule: milliseconds,
    about: 'A probe run that takes this long or longer counts as slow, which degrades the status.',
  },
  writeIntervalMs: {
    variable: 'PORTAL_WRITE_INTERVAL_MS',
    fallback: '60000',
    rule: wholeNumber(0, LONGEST_MS, 'milliseconds'),
    about: 'Time between two test writes to the database, which detect a full disk; `0` turns them off.',
  },
  writeDeadlineMs: {
    variable: 'PORTAL_WRITE_DEADLINE_MS',
    fallback: '5000',
    rule: milliseconds,
    about:
      'Deadline of a test write. One that takes longer is cancelled and has failed, which degrades the status.',
  },
  poolSize: {
    variable: 'PORTAL_POOL_SIZE',
    fallback: '20',
    rule: wholeNumber(1, 10_000),
    about: 'Maximum number of connections in the pool to PostgreSQL.',
  },
  poolSaturatedMs: {
    variable: 'PORTAL_POOL_SATURATED_MS',
    fallback: '1000',
    rule: milliseconds,
    about:
      'The pool is saturated when all connections are in use and callers have waited this long. That degrades the status.',
  },
  poolStalledMs: {
    variable: 'PORTAL_POOL_STALLED_MS',
    fallback: '10000',
    rule: milliseconds,
    about:
      'The pool is stalled when callers wait and no connection has been returned for this long. That is unhealthy.',
  },
  explain: {
    variable: 'PORTAL_EXPLAIN',
    fallback: 'on',
    rule: onOrOff,
    about:
      'Whether to look for why something is unwell and who causes it (`on` or `off`). Only administrators and machine tokens see it.',
  },
  explainIntervalMs: {
    variable: 'PORTAL_EXPLAIN_INTERVAL_MS',
    fallback: '15000',
    rule: milliseconds,
    about:
      'Time between two queries of the sessions of the database, one statement each for all instances together. While a problem holds it is 5 seconds at most.',
  },
  explainConnection: {
    variable: 'PORTAL_EXPLAIN_CONNECTION',
    fallback: 'fresh',
    rule: oneOf('fresh', 'kept'),
    about:
      'Where that statement is sent: over the connection of a probe run (`fresh`), or over one that stays open and still answers when the server accepts no more (`kept`).',
  },
  explainDatabaseUrl: {
    variable: 'PORTAL_EXPLAIN_DATABASE_URL',
    rule: postgresUrl,
    secret: true,
    about: 'The same database as a role that may see other sessions, such as one with `pg_monitor`.',
    unset: 'the role of `DATABASE_URL`; what is hidden from it is said to be',
  },
  sessionDeadlineMs: {
    variable: 'PORTAL_SESSION_DEADLINE_MS',
    fallback: '200',
    rule: milliseconds,
    about:
      'Deadline of a session look-up in PostgreSQL. A request whose look-up takes longer gets 503 with `Retry-After`. The same deadline applies to commands to Redis.',
  },
  sessionMemoryMinutes: {
    variable: 'PORTAL_SESSION_MEMORY_MINUTES',
    fallback: '15',
    rule: wholeNumber(0, 1_440, 'minutes'),
    about:
      'How long a verified administrator keeps read access while the probe reports the database as down; `0` turns this off.',
  },
  sessionIdleMinutes: {
    variable: 'PORTAL_SESSION_IDLE_MINUTES',
    fallback: '0',
    rule: wholeNumber(0, 43_200, 'minutes'),
    about:
      'A session ends when it has not been used for this long. Requests of an open page count as use. `0` turns this off; sessions of administrators end after a day in any case.',
  },
  sessionRequestsPerMinute: {
    variable: 'PORTAL_SESSION_REQUESTS_PER_MINUTE',
    fallback: '600',
    rule: wholeNumber(0, 1_000_000_000),
    about: 'Requests that one session may make per minute to the administrators’ endpoints; `0` is no limit.',
  },
  refusalsPerMinute: {
    variable: 'PORTAL_REFUSALS_PER_MINUTE',
    fallback: '20',
    rule: wholeNumber(0, 1_000_000_000),
    about:
      'Requests without a valid session that one address may make per minute. Beyond that it gets 429 instead of 401. Requests with a valid session are never limited by this. `0` is no limit.',
  },
  cookieSecure: {
    variable: 'PORTAL_COOKIE_SECURE',
    fallback: 'on',
    // A browser would not keep the cookie, and nobody could sign in.
    fallbackIn: ({ PORTAL_PUBLIC_URL: url }) => (/^\s*http:/i.test(url ?? '') ? 'off' : undefined),
    rule: onOrOff,
    about:
      'Whether session cookies carry `Secure` (`on` or `off`; off only for plain http, where others can read them).',
    unset: '`on`; `off` where `PORTAL_PUBLIC_URL` begins with `http:`',
  },
  loginWebhookUrl: {
    variable: 'PORTAL_LOGIN_WEBHOOK_URL',
    rule: webhookUrl,
    secret: true,
    about: 'URL to which requested one-time codes are sent, as signed JSON.',
    unset: 'codes come from `portal login-code create` only',
  },
  loginWebhookSecret: {
    variable: 'PORTAL_LOGIN_WEBHOOK_SECRET',
    rule: webhookSecret,
    secret: true,
    about: 'Key that signs these messages: `whsec_` and base64, by standardwebhooks.com.',
    unset: 'none; needed with a URL',
  },
  sourceRoot: {
    variable: 'PORTAL_SOURCE_ROOT',
    fallback: SOURCE.root,
    rule: path,
    about: 'Folder whose files `source_hash` covers.',
    unset: 'the packages that are running; where `portal-server` was installed, that package',
  },
  sourceExclude: {
    variable: 'PORTAL_SOURCE_EXCLUDE',
    fallback: SOURCE.exclude,
    rule: list,
    about:
      'Paths below that folder, or names at any depth, that `source_hash` leaves out; separated by commas. Where `portal-server` was installed: `./node_modules`.',
  },
  sourceHash: {
    variable: 'PORTAL_SOURCE_HASH',
    rule: sha256,
    about: 'The hash that the source must have, when there is no signed statement.',
    unset: 'none; the source is not compared with a hash',
  },
  sourceStatement: {
    variable: 'PORTAL_SOURCE_STATEMENT',
    rule: path,
    about:
      'The signed statement of the release, `source.intoto.jsonl`. Its list of excluded paths replaces `PORTAL_SOURCE_EXCLUDE`. Do not set `PORTAL_SOURCE_HASH` as well.',
    unset: 'none',
  },
  sourceKeys: {
    variable: 'PORTAL_SOURCE_KEYS',
    rule: publicKeyFiles,
    about: 'Files of the trusted Ed25519 public keys, in PEM, outside of the source; separated by commas.',
    unset: 'none; needed with a statement',
  },
  sourceSignatures: {
    variable: 'PORTAL_SOURCE_SIGNATURES',
    fallback: '1',
    rule: wholeNumber(1, 100),
    about: 'By how many of these keys the statement must be signed.',
  },
  sourceMinimumSequence: {
    variable: 'PORTAL_SOURCE_SEQUENCE',
    fallback: '0',
    rule: wholeNumber(0, Number.MAX_SAFE_INTEGER),
    about: 'Lowest accepted sequence of a release. It rejects an older release, though signed.',
  },
  sourceAcceptSequence: {
    variable: 'PORTAL_SOURCE_ACCEPT_SEQUENCE',
    rule: wholeNumber(0, Number.MAX_SAFE_INTEGER),
    about:
      'Sequence of a release to go back to on purpose: it is accepted although a higher one is remembered in the data folder.',
    unset: 'none; no release with a lower sequence than the last one',
  },
  sourceLockFile: {
    variable: 'PORTAL_SOURCE_LOCKFILE',
    rule: path,
    about:
      'Lock file of npm or pnpm, beside whose `node_modules` it lies: every file of every package is compared with it after the start and ever again.',
    unset: 'none; the dependencies are not looked at',
  },
  sourceDependencies: {
    variable: 'PORTAL_SOURCE_DEPENDENCIES',
    rule: path,
    about:
      'What `portal-integrity dependencies --out` has written at build. Without it, the packages must stay what they are at the start.',
    unset: 'none; needs a lock file',
  },
  sourceMemoryMs: {
    variable: 'PORTAL_SOURCE_MEMORY_MS',
    fallback: '240000',
    rule: wholeNumber(0, 2_147_483_647, 'milliseconds'),
    about:
      'Time between two scans of the scripts in memory, the first of which comes before the service listens. `0` turns this off.',
  },
  alertWebhooks: {
    variable: 'PORTAL_ALERT_WEBHOOKS',
    rule: alertReceivers,
    secret: true,
    about:
      'Receivers of incidents: `generic+`, `slack+`, `discord+`, `telegram+` or `pagerduty+` (with `?routing_key=`) and an https URL each; separated by commas.',
    unset: 'none',
  },
  alertWebhookSecret: {
    variable: 'PORTAL_ALERT_WEBHOOK_SECRET',
    rule: webhookSecret,
    secret: true,
    about: 'Key that signs the messages to generic receivers: `whsec_` and `openssl rand -base64 32`.',
    unset: 'none; needed with a generic one',
  },
  alertAfter: {
    variable: 'PORTAL_ALERT_AFTER',
    fallback: '2',
    rule: wholeNumber(1, 1_000),
    about: 'Number of probe runs in a row that must agree before a change of the status is reported.',
  },
  alertmanagers: {
    variable: 'PORTAL_ALERTMANAGERS',
    rule: alertmanagerUrls,
    about:
      'Alertmanagers that get every alert, all of a cluster and not its load balancer; separated by commas, each with the path before `/api/v2`, if any. Needed where several watchers must send one alert once.',
    unset: 'none',
  },
  alertmanagerTokenFile: {
    variable: 'PORTAL_ALERTMANAGERS_TOKEN_FILE',
    rule: path,
    about: 'File of a bearer token that they want; read again for each request.',
    unset: 'none is sent',
  },
  heartbeatUrl: {
    variable: 'PORTAL_HEARTBEAT_URL',
    rule: webhookUrl,
    secret: true,
    about:
      'URL that is requested by `GET` every minute, while probe runs and polls are made and alerts are accepted. A dead man’s switch there raises the alarm when this stops.',
    unset: 'none',
  },
  runbookUrl: {
    variable: 'PORTAL_RUNBOOK_URL',
    rule: runbookUrl,
    about:
      'URL of a runbook of your own for each code, with `{code}` in its place, e.g. `https://wiki.example.org/runbooks/{code}`. Administrators see it beside each cause, and alerts carry it; nobody else is told, because it names a host of yours.',
    unset: 'none',
  },
  fleetFile: {
    variable: 'PORTAL_FLEET_FILE',
    rule: path,
    about: 'The fleet file, in YAML: the services and instances that are watched (docs/fleet.md).',
    unset: 'none; the fleet is this service alone',
  },
  prometheusUrl: {
    variable: 'PORTAL_PROMETHEUS_URL',
    rule: prometheusUrl,
    about:
      'Prometheus, or what speaks like one, that is asked about services with `collector: prometheus` in the fleet file; with the path before `/api/v1`, if any.',
    unset: 'none; all instances are polled',
  },
  prometheusTokenFile: {
    variable: 'PORTAL_PROMETHEUS_TOKEN_FILE',
    rule: path,
    about: 'File of a bearer token that this Prometheus wants; read again when it changes.',
    unset: 'none is sent',
  },
  auditDays: {
    variable: 'PORTAL_AUDIT_DAYS',
    fallback: '400',
    rule: wholeNumber(0, 36_500, 'days'),
    about:
      'How long entries of the audit are kept; `0` is for ever. Rejected requests are deleted after 30 days.',
  },
  logLevel: {
    variable: 'PORTAL_LOG_LEVEL',
    fallback: 'info',
    rule: oneOf('debug', 'info', 'warn', 'error', 'silent'),
    about:
      'Lowest level that is logged (`debug`, `info`, `warn`, `error`, `silent`). Only `debug` quotes messages of drivers, which can contain parts of a password.',
  },
  ready: {
    variable: 'PORTAL_READY',
    fallback: 'own',
    rule: oneOf('own', 'critical'),
    about:
      'What makes `/readyz` fail: problems of this process alone (`own`), or also a critical component after three failed probe runs in a row (`critical`).',
  },
  shutdownGraceMs: {
    variable: 'PORTAL_SHUTDOWN_GRACE_MS',
    fallback: '500',
    rule: wholeNumber(0, 60_000, 'milliseconds'),
    about: 'How long `/readyz` fails before the port closes, so that load balancers stop sending requests.',
  },
  shutdownDeadlineMs: {
    variable: 'PORTAL_SHUTDOWN_DEADLINE_MS',
    fallback: '5000',
    rule: wholeNumber(1, 600_000, 'milliseconds'),
    about: 'Deadline of a shutdown. Connections that are still open then are cut off.',
  },
} as const satisfies Record<string, Setting<unknown>>;
