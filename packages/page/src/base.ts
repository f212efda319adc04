/** The base path of the service: the root of its site, or a path below which a proxy serves it. */

/** This file is served from `assets/` below it, whatever the address of the view. Starts and ends with a slash. */
const here = import.meta.url;
export const BASE = new URL('..', here).pathname;

/** A path of the service, such as `/v1/status`, below the base path. */
export function withBase(path: string): string {
  return BASE + path.slice(1);
}
