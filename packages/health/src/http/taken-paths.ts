/**
 * Routes of the application's own at the paths of our endpoints: ours stand before them, and nobody is to find that out by
 * an empty dashboard.
 */
import type { Endpoint, PathConflict } from './endpoint-options.js';

/** Tells of each path once; by a warning of the process unless somebody listens. */
export function createRouteNotes(
  endpoints: ReadonlyMap<string, Endpoint>,
  onPathTaken: (conflict: PathConflict) => void = warn,
): (path: string) => void {
  const noted = new Set<string>();
  return (path) => {
    const endpoint = endpoints.get(path);
    if (endpoint === undefined || noted.has(path)) return;
    noted.add(path);
    try {
      onPathTaken({ endpoint, path });
    } catch {
      // The listener is the application's own, and the request has nothing to do with it.
    }
  };
}

function warn({ endpoint, path }: PathConflict): void {
  process.emitWarning(
    `portal-health answers ${path}, and this application's own route of that path no longer gets those requests. ` +
      `Give \`paths: { ${endpoint}: null }\` to leave it to the application, or another path.`,
    { code: 'PORTAL_HEALTH_PATH_TAKEN' },
  );
}

/** Applications may add routes while they already answer: those that are there then are found, too. */
const LATER_MS = 10_000;

/** Calls `look` at the first request that there is, and once more later. */
export function atFirstRequests<Subject>(look: (subject: Subject) => void): (subject: Subject) => void {
  let isDone = false;
  return (subject) => {
    if (isDone) return;
    isDone = true;
    const lookSafely = (): void => {
      try {
        look(subject);
      } catch {
        // Another version of the framework keeps its routes otherwise.
      }
    };
    lookSafely();
    setTimeout(lookSafely, LATER_MS).unref();
  };
}

/** Whether a route as it is written, if it says a path and nothing else, is that path. */
export function isSamePath(route: unknown, path: string): boolean {
  if (Array.isArray(route)) return route.some((one) => isSamePath(one, path));
  return typeof route === 'string' && plain(route) === plain(path);
}

function plain(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '').toLowerCase() : path;
}
