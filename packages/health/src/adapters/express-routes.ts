/**
 * The routes of an application of Express 4 or 5, as far as they can be seen from outside.
 */
import { isSamePath } from '../http/taken-paths.js';
import { member } from '../unknown.js';

/** The members used of a layer of Express's router. */
interface Layer {
  readonly handle: unknown;
  readonly route?: { readonly path: unknown };
  /** What of the path it has matched: in version 4 it notes that, in version 5 it says it. */
  readonly path?: unknown;
  match(path: string): unknown;
}

/**
 * Whether `app` has a route that says just this path, behind `own` where that is among its middleware. What is
 * behind a path of parameters, or a whole application that is mounted, is not seen.
 */
export function hasExpressRoute(app: unknown, path: string, own: unknown): boolean {
  // Asked for its `router`, version 4 throws.
  const router = member(app, '_router') ?? member(app, 'router');
  const layers = layersOf(router);
  const place = layers.findIndex(({ handle }) => handle === own);
  return layers.slice(place + 1).some((layer) => leadsTo(layer, path));
}

function layersOf(router: unknown): readonly Layer[] {
  const stack = member(router, 'stack');
  return Array.isArray(stack) ? (stack as readonly Layer[]) : [];
}

function leadsTo(layer: Layer, path: string): boolean {
  if (layer.route) return isSamePath(layer.route.path, path);
  const within = layersOf(layer.handle);
  if (within.length === 0) return false;
  const match = layer.match(path);
  if (!match) return false;
  const matched = member(match, 'path') ?? layer.path;
  const rest = path.slice(typeof matched === 'string' ? matched.length : 0);
  return within.some((one) => leadsTo(one, rest.startsWith('/') ? rest : `/${rest}`));
}
