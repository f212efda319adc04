/** Where the service is, seen from the page: at the root of its site, or below a path that a proxy has given it. */

/** This file comes from `assets/` there, whatever the address of the view. Its path, with slashes around it. */
const here = import.meta.url;
export const BASE = new URL('..', here).pathname;

/** A path of the service, such as `/v1/status`, as it is asked for from here. */
export function withBase(path: string): string {
  return BASE + path.slice(1);
}
