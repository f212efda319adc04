/**
 * What looks for reasons at the server of a database: over connections of its probe, or over one of their own.
 */
import type { FollowUps } from '../../probes/postgres/follow-ups.js';
import type { FreshPostgresConnection } from '../../probes/postgres/fresh-postgres-connection.js';
import type { ExplainSettings } from '../explain-options.js';
import type { ReasonSource } from '../sighting.js';
import { createActivityWatch, type ActivityWatch } from './activity-watch.js';
import { createHourlyWatch } from './hourly-watch.js';
import { createKeptConnection } from './kept-connection.js';

/** What the server of a database is asked by. */
export interface ServerAccess {
  readonly followUps: FollowUps;
  /** A connection like those of the pool; `undefined` while there is no pool. */
  readonly connect: (connectionString?: string) => FreshPostgresConnection | undefined;
  /** Brings the next run of the probe forward. */
  readonly requestRun: () => void;
}

export interface ServerSourcesOptions extends ServerAccess {
  readonly component: string;
  readonly settings: ExplainSettings;
  readonly isTroubled: () => boolean;
  readonly ownPids?: () => readonly number[];
}

export interface ServerSources {
  /** Begun. */
  readonly sources: readonly ReasonSource[];
  readonly activity: ActivityWatch;
}

const TURNS = 20;

export function createServerSources({
  component,
  settings,
  isTroubled,
  ownPids,
  followUps,
  connect,
  requestRun,
}: ServerSourcesOptions): ServerSources {
  const { everyMs, whileTroubledMs, hourly, connection, show } = settings;
  const isFresh = connection === 'fresh';
  const activity = createActivityWatch({
    component,
    everyMs,
    whileTroubledMs,
    isTroubled,
    show,
    ...(ownPids && { ownPids }),
    ...(isFresh && { requestRun }),
  });
  const asks = hourly ? [activity, createHourlyWatch({ component })] : [activity];
  if (isFresh) {
    for (const ask of asks) followUps.attach(ask);
    return { sources: asks, activity };
  }
  const url = typeof connection === 'object' ? connection.connectionString : undefined;
  const kept = createKeptConnection({ connect: () => connect(url), asks, turnMs: whileTroubledMs / TURNS });
  const closing: ReasonSource = {
    ...activity,
    async close() {
      await activity.close();
      kept.close();
    },
  };
  return { sources: [closing, ...asks.slice(1)], activity };
}
