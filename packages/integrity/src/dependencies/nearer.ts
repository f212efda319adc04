/** Every `node_modules` in the folders of a project that its lock file has none for: whatever lies there is imported first. */
import { readdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { joined } from './locked.js';

export interface NearerModules {
  /** From the folder of the lock file, in no order. */
  readonly places: readonly string[];
  /** Whether there are more entries than are looked through. */
  readonly isCut: boolean;
}

/** A project may hold what its users have uploaded; code lies in far fewer. */
const MAX_ENTRIES = 100_000;

/** Where builds put code that runs. */
const BUILT = new Set([
  '.amplify-hosting',
  '.build',
  '.dist',
  '.netlify',
  '.next',
  '.nuxt',
  '.open-next',
  '.output',
  '.serverless',
  '.svelte-kit',
  '.vercel',
  '.webpack',
  '.wrangler',
]);

/** Other folders whose names begin with a dot are of tools, and copies of whole applications lie there. */
export function findNearerModules(root: string, places: ReadonlySet<string>): NearerModules {
  const found: string[] = [];
  const waiting = [''];
  let entries = 0;
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of entriesOf(join(root, folder))) {
      entries += 1;
      if (entries > MAX_ENTRIES) return { places: found, isCut: true };
      const path = joined(folder, entry.name);
      if (entry.name === 'node_modules') {
        if (!entry.isFile() && !places.has(path)) found.push(path);
      } else if (entry.isDirectory() && (!entry.name.startsWith('.') || BUILT.has(entry.name)))
        waiting.push(path);
    }
  }
  return { places: found, isCut: false };
}

/** What cannot be listed is told by the scan of the source, where it counts. */
function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
