/**
 * Incidents at Alertmanagers, of which every one is told everything: which of them sends is for them to find out. They
 * forget what is not repeated, so nothing waits in an outbox, and nothing is lost while one of them is away.
 *
 * Of two reports of one alert the younger wins. So an end is told only once nobody else has reported the alert since: another
 * watcher that still sees the outage would be contradicted to and fro.
 */
import { errorCode } from 'portal-shared/error-code';
import type { Log } from '../../infra/log.js';
import type { Incident } from '../incidents/incident.js';
import { annotationsOf, labelsOf, watchdogLabels, type PostedAlert } from './alertmanager-alert.js';
import { createAlertmanagerClient } from './alertmanager-client.js';

export interface AlertmanagersOptions {
  readonly urls: readonly string[];
  readonly tokenFile: string | undefined;
  readonly log: Log;
  readonly sentenceOf: (code: string) => string;
  readonly linkOf: (incident: string) => string | null;
  readonly onAttempt: (receiverName: string, result: 'accepted' | 'refused') => void;
  /** Milliseconds between two reports of the same. Default 30,000. */
  readonly everyMs?: number;
}

export interface Alertmanagers {
  /** What is open now; to be called with every update. */
  update(fleet: string, open: readonly Incident[]): void;
  /** Since when one of them takes nothing, in milliseconds since 1970. */
  stuckSince(): number | undefined;
  close(): void;
}

interface Fired {
  /** Its labels as a text. */
  readonly key: string;
  readonly labels: PostedAlert['labels'];
  readonly annotations: PostedAlert['annotations'];
  readonly startsAt: number;
  readonly link: string | null;
  /** `null`: it goes on. */
  endedAt: number | null;
}

const EVERY_MS = 30_000;
/** Several reports may be lost before it ends by itself. */
const LASTS_FOR_MS = 5 * 60_000;
/** Intervals without a report of others before an end is told. */
const SILENT_FOR = 1.5;
/** Before a report that was refused is made again. */
const RETRY_MS = 2_000;

export function createAlertmanagers({ everyMs = EVERY_MS, ...options }: AlertmanagersOptions): Alertmanagers {
  const { urls, sentenceOf, linkOf } = options;
  /** By labels. */
  const fired = new Map<string, Fired>();
  const peers = urls.map((url, index) => createPeer({ ...options, url, name: `alertmanager ${index + 1}` }));
  let fleet: string | undefined;
  let later: NodeJS.Timeout | undefined;
  const timer = setInterval(report, everyMs).unref();

  function report(): void {
    if (fleet === undefined) return;
    const nowMs = Date.now();
    for (const [key, { endedAt }] of fired) {
      if (endedAt !== null && nowMs - endedAt > LASTS_FOR_MS) fired.delete(key);
    }
    const alerts = [...fired.values()];
    for (const peer of peers) peer.report(fleet, alerts, everyMs);
  }

  /** @returns its key, or nothing where it was not announced */
  function fire(incident: Incident): string | undefined {
    const { announced, beganAt, id } = incident;
    if (announced === null) return undefined;
    const labels = labelsOf(incident, announced);
    const key = JSON.stringify(Object.entries(labels).toSorted());
    const before = fired.get(key);
    const startsAt = before?.endedAt === null ? before.startsAt : beganAt;
    const annotations = annotationsOf(incident, sentenceOf);
    fired.set(key, { key, labels, annotations, startsAt, link: linkOf(id), endedAt: null });
    return key;
  }

  function firing(): string {
    return [...fired.values()].flatMap(({ key, endedAt }) => (endedAt === null ? [key] : [])).join('\n');
  }

  return {
    update(name, open) {
      const before = fleet === undefined ? undefined : firing();
      fleet = name;
      const now = new Set(open.map(fire));
      for (const alert of fired.values()) {
        if (alert.endedAt === null && !now.has(alert.key)) alert.endedAt = Date.now();
      }
      if (firing() === before) return;
      report();
      // By then others have repeated what they still see.
      clearTimeout(later);
      later = setTimeout(report, everyMs * (SILENT_FOR + 0.1)).unref();
    },
    stuckSince() {
      const times = peers.flatMap((peer) => peer.stuckSince() ?? []);
      return times.length === 0 ? undefined : Math.min(...times);
    },
    close() {
      clearInterval(timer);
      clearTimeout(later);
      for (const peer of peers) peer.close();
    },
  };
}

interface PeerOptions extends Omit<AlertmanagersOptions, 'urls' | 'everyMs'> {
  readonly url: string;
  readonly name: string;
}

/** One of them: told the latest, one report at a time. */
function createPeer({ url, name, tokenFile, log, onAttempt }: PeerOptions) {
  const client = createAlertmanagerClient({ url, tokenFile });
  const closed = new AbortController();
  let next: (() => Promise<void>) | undefined;
  let isReporting = false;
  let stuckSince: number | undefined;
  let retry: NodeJS.Timeout | undefined;
  /** Until when this watcher last said that it lasts, and when it said so; by the keys of alerts. */
  const reported = new Map<string, { readonly endsAt: number; readonly at: number }>();

  /** Of one that ended: whether no other watcher has reported it since this one did. */
  async function isOursAlone({ key, labels }: Fired, everyMs: number): Promise<boolean> {
    const last = reported.get(key);
    // It was never said here, or others may not have repeated yet what they see: a busy machine is late with it.
    if (last === undefined || Date.now() - last.at < SILENT_FOR * everyMs) return false;
    const filters = Object.entries(labels).map(([label, value]): [string, string] => [
      'filter',
      `${label}=${JSON.stringify(value)}`,
    ]);
    const found = await client.get(`alerts?${new URLSearchParams(filters).toString()}`);
    return (found as readonly { readonly endsAt: string }[]).every(
      ({ endsAt }) => Date.parse(endsAt) <= last.endsAt,
    );
  }

  async function send(fleet: string, alerts: readonly Fired[], everyMs: number): Promise<void> {
    const nowMs = Date.now();
    const endsAtMs = nowMs + LASTS_FOR_MS;
    const lasting = new Date(endsAtMs).toISOString();
    const posted: PostedAlert[] = [
      {
        labels: watchdogLabels(fleet),
        annotations: { summary: 'The watcher of the fleet runs' },
        startsAt: new Date(nowMs).toISOString(),
        endsAt: lasting,
      },
    ];
    for (const alert of alerts) {
      const { labels, annotations, startsAt, link, endedAt } = alert;
      if (endedAt !== null && !(await isOursAlone(alert, everyMs))) continue;
      posted.push({
        labels,
        annotations,
        startsAt: new Date(startsAt).toISOString(),
        // An end before the begin is refused.
        endsAt: endedAt === null ? lasting : new Date(Math.max(endedAt, startsAt)).toISOString(),
        ...(link === null ? {} : { generatorURL: link }),
      });
    }
    await client.post('alerts', posted);
    for (const { key, endedAt } of alerts) {
      if (endedAt === null) reported.set(key, { endsAt: endsAtMs, at: Date.now() });
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
    report(fleet: string, alerts: readonly Fired[], everyMs: number): void {
      clearTimeout(retry);
      next = () => send(fleet, alerts, everyMs);
      if (!isReporting) void work();
    },
    stuckSince: () => stuckSince,
    close() {
      clearTimeout(retry);
      closed.abort();
      client.close();
    },
  };
}
