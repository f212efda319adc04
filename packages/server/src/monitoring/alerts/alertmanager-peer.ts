/**
 * One Alertmanager: told the latest, one report at a time, until it takes it.
 */
import { errorCode } from 'portal-shared/error-code';
import type { Log } from '../../infra/log.js';
import { LASTS_FOR_MS, postedAlerts, type FiredAlert } from './alertmanager-alert.js';
import { createAlertmanagerClient, type AlertmanagerClientOptions } from './alertmanager-client.js';

export interface AlertmanagerPeer {
  report(fleet: string, alerts: readonly FiredAlert[]): void;
  /** Whether nobody has reported an alert there since this watcher did; `undefined`: that cannot be said. */
  isQuiet(alert: FiredAlert): Promise<boolean | undefined>;
  /** Since when it takes nothing, in milliseconds since 1970. */
  stuckSince(): number | undefined;
  close(): void;
}

export interface AlertmanagerPeerOptions extends AlertmanagerClientOptions {
  /** For logs and operators. */
  readonly name: string;
  readonly log: Log;
  readonly onAttempt: (receiverName: string, result: 'accepted' | 'refused') => void;
}

/** Before a report that was refused is made again. */
const RETRY_MS = 2_000;

export function createAlertmanagerPeer({
  url,
  name,
  tokenFile,
  log,
  onAttempt,
}: AlertmanagerPeerOptions): AlertmanagerPeer {
  const client = createAlertmanagerClient({ url, tokenFile });
  const closed = new AbortController();
  let next: (() => Promise<void>) | undefined;
  let isReporting = false;
  let stuckSince: number | undefined;
  let retry: NodeJS.Timeout | undefined;
  /** Until when this watcher last said that it lasts; by the keys of alerts. */
  const reported = new Map<string, number>();

  async function isQuiet({ key, labels }: FiredAlert): Promise<boolean | undefined> {
    const last = reported.get(key);
    if (last === undefined) return undefined;
    const filters = Object.entries(labels).map(([label, value]): [string, string] => [
      'filter',
      `${label}=${JSON.stringify(value)}`,
    ]);
    const found = await client
      .get(`alerts?${new URLSearchParams(filters).toString()}`)
      .catch(() => undefined);
    // One that nobody knows there any more is over.
    return (found as readonly { readonly endsAt: string }[] | undefined)?.every(
      ({ endsAt }) => Date.parse(endsAt) <= last,
    );
  }

  async function send(fleet: string, alerts: readonly FiredAlert[]): Promise<void> {
    const nowMs = Date.now();
    await client.post('alerts', postedAlerts(fleet, alerts, nowMs));
    for (const { key, endedAt } of alerts) {
      if (endedAt === null) reported.set(key, nowMs + LASTS_FOR_MS);
    }
    const known = new Set(alerts.map(({ key }) => key));
    for (const key of reported.keys()) if (!known.has(key)) reported.delete(key);
  }

  async function work(): Promise<void> {
    isReporting = true;
    for (let now = next; now !== undefined && !closed.signal.aborted; now = next) {
      next = undefined;
      try {
        await now();
        if (stuckSince !== undefined) log.info('an Alertmanager takes alerts again', { receiver: name });
        stuckSince = undefined;
        onAttempt(name, 'accepted');
      } catch (error) {
        if (closed.signal.aborted) break;
        onAttempt(name, 'refused');
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
    report(fleet, alerts) {
      clearTimeout(retry);
      next = () => send(fleet, alerts);
      if (!isReporting) void work();
    },
    isQuiet,
    stuckSince: () => stuckSince,
    close() {
      clearTimeout(retry);
      closed.abort();
      client.close();
    },
  };
}
