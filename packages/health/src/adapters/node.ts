/**
 * The health doors on a plain `node:http` server, in front of whatever framework it carries: no session, rate limit,
 * body parser or load shedding lies before them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Health } from '../health.js';
import { respond, type Door } from '../respond.js';

/** Where each door is; leave one out to keep it where it is, `null` closes it. */
export type DoorPaths = Readonly<Partial<Record<Door, string | null>>>;

/** Answers the request and returns `true` when it is for a health door; otherwise leaves it alone. */
export type HealthDoor = (request: IncomingMessage, response: ServerResponse) => boolean;

const DEFAULT_PATHS = {
  health: '/health',
  livez: '/livez',
  readyz: '/readyz',
  startupz: '/startupz',
} as const satisfies Record<Door, string>;

/**
 * Makes the public doors of `health` for a `node:http` server.
 *
 * @example
 * ```ts
 * const door = createHealthDoor(health);
 * createServer((request, response) => {
 *   if (!door(request, response)) app(request, response);
 * });
 * ```
 * @throws TypeError when a path does not begin with a slash
 */
export function createHealthDoor(health: Health, paths: DoorPaths = {}): HealthDoor {
  const doors = new Map<string, Door>();
  for (const [door, path] of Object.entries({ ...DEFAULT_PATHS, ...paths }) as [Door, string | null][]) {
    if (path === null) continue;
    if (typeof path !== 'string' || !path.startsWith('/')) {
      throw new TypeError(
        `Expected the path of \`${door}\` to begin with a slash, got ${JSON.stringify(path)}.`,
      );
    }
    doors.set(plainPath(path), door);
  }

  return (request, response) => {
    const url = request.url ?? '/';
    const door = doors.get(url) ?? doors.get(plainPath(url));
    if (door === undefined) return false;
    const question = { door, method: request.method ?? 'GET', verbose: asksForVerbose(url) };
    const { status, headers, body } = respond(health, question, 'public');
    response.writeHead(status, headers);
    response.end(body);
    return true;
  };
}

/**
 * The path of a request target without what must not matter: query string, doubled slashes, a trailing slash, and
 * the scheme and host that a proxy may put in front.
 */
function plainPath(target: string): string {
  const path = target
    .replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
    .replace(/[?#].*$/s, '')
    .replaceAll(/\/{2,}/g, '/');
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function asksForVerbose(target: string): boolean {
  const query = target.indexOf('?');
  if (query === -1) return false;
  const verbose = new URLSearchParams(target.slice(query + 1)).get('verbose');
  return verbose !== null && verbose !== '0' && verbose !== 'false';
}
