/**
 * Where a store is: a key by which two that lead to the same are known, and a label for the log of the application.
 */
import { member } from '../unknown.js';

export interface StoreTarget {
  /** Never leaves the process. */
  readonly key: string;
  /** Host, port and database; `undefined` where they may hold a piece of a password. */
  readonly label: string | undefined;
}

/** Of the options of a pool or a client of `pg`. */
export function postgresTarget(options: unknown): StoreTarget {
  const url = textOf(options, 'connectionString');
  const parsed = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
  if (url !== undefined && !parsed) return { key: url, label: undefined };
  const host =
    (parsed ? (parsed.searchParams.get('host') ?? parsed.hostname) : textOf(options, 'host')) ||
    env('PGHOST');
  const port = (parsed ? parsed.port : textOf(options, 'port')) || env('PGPORT');
  const user = (parsed ? parsed.username : textOf(options, 'user')) || env('PGUSER') || env('USER');
  const database =
    (parsed ? parsed.pathname.slice(1) : textOf(options, 'database')) || env('PGDATABASE') || user;
  return target(`${host || 'localhost'}:${port || '5432'}/${database ?? ''}`, url);
}

/** Of the options of an instance of postgres.js, which takes several hosts. */
export function postgresJsTarget(options: unknown, given: unknown): StoreTarget {
  const hosts = [member(options, 'host')].flat();
  const ports = [member(options, 'port')].flat().map(String);
  const servers = hosts.map((host, index) => `${String(host)}:${ports[index] ?? '5432'}`);
  return target(`${servers.join(',')}/${textOf(options, 'database') ?? ''}`, given);
}

/** Of a client of ioredis, and what it was made with. Databases of one server are one server. */
export function ioredisTarget(client: unknown, given: unknown): StoreTarget {
  const nodes = member(client, 'startupNodes') ?? member(member(client, 'options'), 'sentinels');
  if (Array.isArray(nodes)) {
    const group = textOf(member(client, 'options'), 'name');
    const url: unknown = nodes.find((node) => typeof node === 'string');
    return target([group, ...nodes.map((node) => serverOf(node))].filter(Boolean).join(','), url);
  }
  return target(serverOf(member(client, 'options')), given);
}

/** Of the options of a client of node-redis. */
export function nodeRedisTarget(options: unknown): StoreTarget {
  const nodes = member(options, 'rootNodes');
  if (Array.isArray(nodes)) {
    const [first] = nodes.map((node) => textOf(node, 'url'));
    return target(nodes.map((node) => nodeRedisServer(node)).join(','), first);
  }
  return target(nodeRedisServer(options), textOf(options, 'url'));
}

function nodeRedisServer(options: unknown): string {
  const url = textOf(options, 'url');
  const { hostname, port } =
    url !== undefined && URL.canParse(url) ? new URL(url) : { hostname: '', port: '' };
  const socket = member(options, 'socket');
  return url === undefined ? serverOf(socket) : `${hostname || 'localhost'}:${port || '6379'}`;
}

function serverOf(options: unknown): string {
  if (typeof options === 'string') return options;
  const path = textOf(options, 'path');
  return path ?? `${textOf(options, 'host') ?? 'localhost'}:${textOf(options, 'port') ?? '6379'}`;
}

function target(address: string, url: unknown): StoreTarget {
  return { key: address, label: typeof url !== 'string' || isPlain(url) ? address : undefined };
}

/**
 * A password with `@`, `/`, `?` or `#` that nobody has escaped is taken for host and path. Then an `@` stands where none
 * belongs.
 */
function isPlain(url: string): boolean {
  const [, authority = '', rest = ''] = /^(?:[a-z]+:)?(?:\/\/)?([^/?#]*)([^]*)$/i.exec(url) ?? [];
  return authority.split('@').length <= 2 && !rest.includes('@');
}

function textOf(options: unknown, name: string): string | undefined {
  const value = member(options, name);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function env(name: string): string | undefined {
  return process.env[name];
}
