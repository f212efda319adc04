/**
 * One Alertmanager: told the latest, one report at a time, until it takes it.
 */
import { errorCode } from 'portal-shared/error-code';
import type { Log } from '../../infra/log.js';
import {
  alertKey,
  LASTS_FOR_MS,
  postedAlerts,
  type FiredAlert,
  type PostedAlert,
} from './alertmanager-alert.js';
import { createAlertmanagerClient, type AlertmanagerClientOptions } from './alertmanager-client.js';

/** Until when each alert lasts at one of them, whoever said so: milliseconds since 1970, by key. What is over is not among them. */
export type Lasting = ReadonlyMap<string, number>;

/** All that is to be said at one moment. */
export interface Report {
  readonly fleet: string;
  readonly alerts: readonly FiredAlert[];
}

export interface AlertmanagerPeer {
  /** @param compose - asked anew for each attempt: what was true before an Alertmanager was away may be over */
  report(compose: () => Promise<Report>): void;
  /** When it was last told by this watcher that an alert lasts, taken or not, in milliseconds since 1970. */
  toldAt(key: string): number | undefined;
  /** Whether it has taken that an alert is over, which lasted by this watcher. */
  knowsEndOf(key: string): boolean;
  /** What lasts there of a fleet; `undefined`: it does not say. */
  lasting(fleet: string): Promise<Lasting | undefined>;
  /** Since when it takes nothing, in milliseconds since 1970. */
  stuckSince(): number | undefined;
  close(): void;
}

export interface AlertmanagerPeerOptions extends AlertmanagerClientOptions {
  /** For logs and operators. */
  readonly name: string;
  readonly log: Log;
  readonly onAttempt: (receiverName: string, result: 'accepted' | 'refused', cause?: string) => void;
}

/** Before a report that was refused is made again. */
const RETRY_MS = 2_000;
/** By then it has ended there by itself. */
export const FORGOTTEN_AFTER_MS = 2 * LASTS_FOR_MS;

export function createAlertmanagerPeer({
  url,
  name,
  tokenFile,
  log,
  onAttempt,
}: AlertmanagerPeerOptions): AlertmanagerPeer {
  const client = createAlertmanagerClient({ url, tokenFile });
  const closed = new AbortController();
  let next: (() => Promise<Report>) | undefined;
  let isReporting = false;
  let stuckSince: number | undefined;
  let retry: NodeJS.Timeout | undefined;
  /** When this watcher last said that an alert lasts; by their keys. */
  const told = new Map<string, number>();
  const ended = new Set<string>();

  async function lasting(fleet: string): Promise<Lasting | undefined> {
    const filter = new URLSearchParams({ filter: `fleet=${JSON.stringify(fleet)}` });
    return client.get(`alerts?${filter.toString()}`).then(lastingIn, () => undefined);
  }

  async function send({ fleet, alerts }: Report): Promise<void> {
    const nowMs = Date.now();
    for (const { key, endedAt } of alerts) {
      if (endedAt !== null) continue;
      // Also where no answer comes: it may arrive all the same, by a proxy that goes on, and has to be ended then.
      told.set(key, nowMs);
      ended.delete(key);
    }
    await client.post('alerts', postedAlerts(fleet, alerts, nowMs));
    for (const { key, endedAt, isEndTold } of alerts) if (endedAt !== null && isEndTold) ended.add(key);
    for (const [key, at] of told) {
      if (nowMs - at <= FORGOTTEN_AFTER_MS) continue;
      told.delete(key);
      ended.delete(key);
    }
  }

  async function work(): Promise<void> {
    isReporting = true;
    for (let now = next; now !== undefined && !closed.signal.aborted; now = next) {
      next = undefined;
      try {
        await send(await now());
        if (stuckSince !== undefined) log.info('an Alertmanager takes alerts again', { receiver: name });
        stuckSince = undefined;
        onAttempt(name, 'accepted');
      } catch (error) {
        if (closed.signal.aborted) break;
        onAttempt(name, 'refused', errorCode(error));
        if (stuckSince === undefined) {
          log.warn('an Alertmanager takes no alerts', { receiver: name, cause: errorCode(error) });
        }
        stuckSince ??= Date.now();
        retry = setTimeout(() => {
          next ??= now;
          if (!isReporting) void work();
        }, RETRY_MS).unref();
        break;
      }
    }
    isReporting = false;
  }

  return {
    report(compose) {
      clearTimeout(retry);
      next = compose;
      if (!isReporting) void work();
    },
    toldAt: (key) => told.get(key),
    knowsEndOf: (key) => ended.has(key),
    lasting,
    stuckSince: () => stuckSince,
    close() {
      clearTimeout(retry);
      closed.abort();
      client.close();
    },
  };
}

function lastingIn(found: unknown): Lasting | undefined {
  if (!Array.isArray(found)) return undefined;
  const alerts = found as readonly (Pick<PostedAlert, 'labels' | 'endsAt'> | null)[];
  return new Map(
    alerts.flatMap((alert): [string, number][] =>
      alert?.labels ? [[alertKey(alert.labels), Date.parse(alert.endsAt)]] : [],
    ),
  );
}
