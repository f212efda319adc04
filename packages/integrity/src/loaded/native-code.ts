/**
 * Files whose machine code is mapped into a process, by the lines of its `/proc/N/maps`.
 */

/** Folders of the operating system; what lies there is out of scope, as Node.js itself is. */
const SYSTEM =
  /^\/(?:usr\/)?lib(?:32|64|x32|exec)?\/|^\/(?:usr\/local|opt\/[^/]+|nix\/store\/[^/]+|snap\/[^/]+\/[^/]+)\/lib(?:64)?\/[^/]+\.so/;

/** Whether a file belongs to the operating system; no addon does, wherever it lies. */
export function isOfSystem(path: string): boolean {
  return SYSTEM.test(path) && !/\/node_modules\/|\.node$/.test(path);
}

/** Absolute paths, whatever the files are called; `memfd:x` for what never was a file. */
export function nativeCodeOf(maps: string, program: string): readonly string[] {
  const files = maps.split('\n').flatMap((line) => {
    const [, path = ''] = /^\S+ ..x\S* \S+ \S+ [1-9]\d* +(\/.*)$/.exec(line) ?? [];
    return path === '' ? [] : [path.startsWith('/memfd:') ? path.slice(1) : path];
  });
  return [...new Set(files)].filter((path) => path !== program && !isOfSystem(path)).toSorted();
}
