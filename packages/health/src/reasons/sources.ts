/**
 * Everything that looks for reasons, made of what is to be explained. Loaded only when something is.
 */
import type { CacheFigures } from '../statistics/cache.js';
import type { ExplainSettings } from './explain-options.js';
import { createServerSources, type ServerAccess } from './postgres/database-sources.js';
import type { ReasonSource } from './sighting.js';

/** A database that is to be explained. */
export interface ExplainedDatabase extends ServerAccess {
  /** `database`, or `database.reports` of several. */
  readonly component: string;
  readonly settings: ExplainSettings;
  /** The pool of the application as it is now; `undefined` while there is none. */
  readonly pool: () => object | undefined;
}

/** A cache that is to be explained. */
export interface ExplainedCache {
  readonly component: string;
  /** What its last run read, and when; `undefined` before the first. */
  readonly latest: () =>
    { readonly at: Date; readonly endedMs: number; readonly figures: CacheFigures | undefined } | undefined;
}

/** What is to be explained. */
export interface Explained {
  readonly databases: readonly ExplainedDatabase[];
  readonly caches: readonly ExplainedCache[];
  readonly process: boolean;
  /** Whether to look more often than usually. */
  readonly isTroubled: () => boolean;
}

/** The sources, each begun. */
export function sourcesOf({ databases, isTroubled }: Explained): readonly ReasonSource[] {
  return databases.flatMap((database) => createServerSources({ ...database, isTroubled }).sources);
}
