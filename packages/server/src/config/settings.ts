/**
 * Every setting there is, once: the environment variable, its default, its rule, and what it is for. The type of the
 * configuration and its parser come from here, and `.env.example` and the table of docs/settings.md by docs.ts.
 */
import { SOURCE } from './installation.js';
import { networks, publicUrl } from './url-rules.js';
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
  publicUrl: {
    variable: 'PORTAL_PUBLIC_URL',
    rule: publicUrl,
    about:
      'Where browsers find the service behind a proxy: scheme, host, and perhaps a port and a path. Links, cookies and the check of `Host` and `Origin` go by it.',
    unset: 'none; links lead to `HOST` and `PORT`',
  },
  trustedProxies: {
    variable: 'PORTAL_TRUSTED_PROXIES',
    rule: networks,
    about:
      'Addresses and networks of proxies whose `X-Forwarded-For` says who the client is; separated by commas.',
    unset: 'nobody; whoever connects is the client',
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
    about: 'Folder of the history (`history.sqlite`), and of the embedded servers.',
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
      'Time between two looks at the database, and at the cache, while something is not up or somebody looks; five times as long otherwise.',
  },
  deadlineMs: {
    variable: 'PORTAL_DEADLINE_MS',
    fallback: '1000',
    rule: milliseconds,
    about: 'A look that takes longer counts as down.',
  },
  slowMs: {
    variable: 'PORTAL_SLOW_MS',
    fallback: '500',
    rule: milliseconds,
    about: 'An answer from this time on counts as slow, which degrades.',
  },
  writeIntervalMs: {
    variable: 'PORTAL_WRITE_INTERVAL_MS',
    fallback: '60000',
    rule: wholeNumber(0, LONGEST_MS, 'milliseconds'),
    about: 'Time between two small writes to the database, which find a full disk; `0` is none.',
  },
  writeDeadlineMs: {
    variable: 'PORTAL_WRITE_DEADLINE_MS',
    fallback: '5000',
    rule: milliseconds,
    about: 'A write that takes longer is cancelled and has failed, which degrades.',
  },
  poolSize: {
    variable: 'PORTAL_POOL_SIZE',
    fallback: '20',
    rule: wholeNumber(1, 10_000),
    about: 'Most connections that the pool opens to PostgreSQL.',
  },
  poolSaturatedMs: {
    variable: 'PORTAL_POOL_SATURATED_MS',
    fallback: '1000',
    rule: milliseconds,
    about: 'All connections in use and callers waiting for this long: saturated, which degrades.',
  },
  poolStalledMs: {
    variable: 'PORTAL_POOL_STALLED_MS',
    fallback: '10000',
    rule: milliseconds,
    about: 'Callers waiting and no connection returned for this long: stalled, which is unhealthy.',
  },
  sessionDeadlineMs: {
    variable: 'PORTAL_SESSION_DEADLINE_MS',
    fallback: '200',
    rule: milliseconds,
    about:
      'How long looking up a session waits for PostgreSQL; what is later is answered 503 with `Retry-After`. Commands to Redis wait as long.',
  },
  sessionMemoryMinutes: {
    variable: 'PORTAL_SESSION_MEMORY_MINUTES',
    fallback: '15',
    rule: wholeNumber(0, 1_440, 'minutes'),
    about:
      'How long an administrator who was let in still sees the health page while the probe says that the database is down; `0` is never.',
  },
  sessionIdleMinutes: {
    variable: 'PORTAL_SESSION_IDLE_MINUTES',
    fallback: '0',
    rule: wholeNumber(0, 43_200, 'minutes'),
    about:
      'A session that nobody used for so long ends; what an open page asks by itself is use. `0` is never: administrators’ sessions end after a day in any case.',
  },
  sessionRequestsPerMinute: {
    variable: 'PORTAL_SESSION_REQUESTS_PER_MINUTE',
    fallback: '600',
    rule: wholeNumber(0, 1_000_000_000),
    about: 'Most requests of one session a minute at the administrators’ endpoints; `0` is no limit.',
  },
  refusalsPerMinute: {
    variable: 'PORTAL_REFUSALS_PER_MINUTE',
    fallback: '20',
    rule: wholeNumber(0, 1_000_000_000),
    about:
      'Most requests without a valid session that one address gets a 401 for a minute, and then 429; valid sessions from there still pass. `0` is no limit.',
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
    about: 'Where one-time codes are sent that somebody asks for, as signed JSON.',
    unset: 'codes come from `portal login-code create` only',
  },
  loginWebhookSecret: {
    variable: 'PORTAL_LOGIN_WEBHOOK_SECRET',
    rule: webhookSecret,
    secret: true,
    about: 'Key that those are signed with: `whsec_` and base64, by standardwebhooks.com.',
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
      'Names, or paths below that folder, that `source_hash` leaves out; separated by commas. Where `portal-server` was installed: `node_modules`.',
  },
  sourceHash: {
    variable: 'PORTAL_SOURCE_HASH',
    rule: sha256,
    about: 'The hash that the source must have, when there is no signed statement.',
    unset: 'nobody says what it should be',
  },
  sourceStatement: {
    variable: 'PORTAL_SOURCE_STATEMENT',
    rule: path,
    about: 'The signed statement of the release, `source.intoto.jsonl`; its scope goes before the two above.',
    unset: 'none',
  },
  sourceKeys: {
    variable: 'PORTAL_SOURCE_KEYS',
    rule: publicKeyFiles,
    about: 'Files of the Ed25519 public keys to believe, in PEM, outside of the source; separated by commas.',
    unset: 'none; needed with a statement',
  },
  sourceMinimumSequence: {
    variable: 'PORTAL_SOURCE_SEQUENCE',
    fallback: '0',
    rule: wholeNumber(0, Number.MAX_SAFE_INTEGER),
    about: 'Lowest sequence of a release that is accepted, against a signed but older one.',
  },
  alertWebhooks: {
    variable: 'PORTAL_ALERT_WEBHOOKS',
    rule: alertReceivers,
    secret: true,
    about:
      'Who is told of incidents: `generic+`, `slack+`, `discord+` or `telegram+` and an https URL each; separated by commas.',
    unset: 'nobody',
  },
  alertWebhookSecret: {
    variable: 'PORTAL_ALERT_WEBHOOK_SECRET',
    rule: webhookSecret,
    secret: true,
    about: 'Key that signs what generic receivers get: `whsec_` and `openssl rand -base64 32`.',
    unset: 'none; needed with a generic one',
  },
  alertAfter: {
    variable: 'PORTAL_ALERT_AFTER',
    fallback: '2',
    rule: wholeNumber(1, 1_000),
    about: 'Looks in a row that must agree before a change of the status is told.',
  },
  auditDays: {
    variable: 'PORTAL_AUDIT_DAYS',
    fallback: '400',
    rule: wholeNumber(0, 36_500, 'days'),
    about: 'How long entries of the audit are kept; `0` is for ever. Refusals go after 30 days.',
  },
  logLevel: {
    variable: 'PORTAL_LOG_LEVEL',
    fallback: 'info',
    rule: oneOf('debug', 'info', 'warn', 'error', 'silent'),
    about:
      'Least severe line of the log (`debug`, `info`, `warn`, `error`, `silent`). Only `debug` quotes drivers, whose words can hold pieces of a password.',
  },
  ready: {
    variable: 'PORTAL_READY',
    fallback: 'own',
    rule: oneOf('own', 'critical'),
    about:
      'What `/readyz` says no for: trouble of this process alone (`own`), or also critical parts after three failed looks in a row (`critical`).',
  },
  shutdownGraceMs: {
    variable: 'PORTAL_SHUTDOWN_GRACE_MS',
    fallback: '500',
    rule: wholeNumber(0, 60_000, 'milliseconds'),
    about: 'How long `/readyz` says no before the port closes, so that a load balancer can look away.',
  },
  shutdownDeadlineMs: {
    variable: 'PORTAL_SHUTDOWN_DEADLINE_MS',
    fallback: '5000',
    rule: wholeNumber(1, 600_000, 'milliseconds'),
    about: 'A shutdown that takes longer cuts off what is still open.',
  },
} as const satisfies Record<string, Setting<unknown>>;
