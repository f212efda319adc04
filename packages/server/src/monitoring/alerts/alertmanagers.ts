/**
 * Incidents at Alertmanagers, of which every one is told everything: which of them sends is for them to find out. They
 * forget what is not repeated, so nothing waits in an outbox, and nothing is lost while one of them is away.
 *
 * Of two reports of one alert the younger wins. So an end is told only once nobody else has reported the alert since: another
 * watcher that still sees the outage would be contradicted to and fro.
 */
import type { Log } from '../../infra/log.js';
import type { Incident } from '../incidents/incident.js';
import { alertAnnotations, alertLabels, LASTS_FOR_MS, type FiredAlert } from './alertmanager-alert.js';
import { createAlertmanagerPeer } from './alertmanager-peer.js';
import type { AlertWords } from './describe-alert.js';

export interface AlertmanagersOptions extends Pick<AlertWords, 'sentenceOf' | 'linkOf' | 'runbookOf'> {
  readonly urls: readonly string[];
  readonly tokenFile: string | undefined;
  readonly log: Log;
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

const EVERY_MS = 30_000;
/** Intervals without a report of others before an end is told. */
const SILENT_FOR = 1.5;

export function createAlertmanagers({ everyMs = EVERY_MS, ...options }: AlertmanagersOptions): Alertmanagers {
  const { urls, linkOf } = options;
  /** By labels. */
  const fired = new Map<string, FiredAlert>();
  const peers = urls.map((url, index) =>
    createAlertmanagerPeer({ ...options, url, name: `alertmanager ${index + 1}` }),
  );
  let fleet: string | undefined;
  let later: NodeJS.Timeout | undefined;
  const timer = setInterval(repeat, everyMs).unref();

  function report(): void {
    if (fleet === undefined) return;
    const nowMs = Date.now();
    for (const [key, { endedAt }] of fired) {
      if (endedAt !== null && nowMs - endedAt > 2 * LASTS_FOR_MS) fired.delete(key);
    }
    const alerts = [...fired.values()];
    for (const peer of peers) peer.report(fleet, alerts);
  }

  /** All of a cluster are told of an end at once: one that still fires would contradict the others. */
  async function tellEnds(): Promise<void> {
    const due = [...fired.values()].filter(
      ({ endedAt, isEndTold }) =>
        endedAt !== null && !isEndTold && Date.now() - endedAt >= SILENT_FOR * everyMs,
    );
    const quiet = await Promise.all(due.map(isQuiet));
    for (const [index, alert] of due.entries()) {
      if (quiet[index] === true && fired.get(alert.key) === alert)
        fired.set(alert.key, { ...alert, isEndTold: true });
    }
    if (quiet.includes(true)) report();
  }

  /** Whether nobody has reported it since this watcher did, as far as any of them can be asked. */
  async function isQuiet(alert: FiredAlert): Promise<boolean> {
    const answers = await Promise.all(peers.map((peer) => peer.isQuiet(alert)));
    const known = answers.filter((answer) => answer !== undefined);
    return known.length > 0 && known.every(Boolean);
  }

  function repeat(): void {
    report();
    void tellEnds();
  }

  /** @returns its key, or nothing where it was not announced */
  function fire(incident: Incident): string | undefined {
    const { announced, beganAt, id } = incident;
    if (announced === null) return undefined;
    const labels = alertLabels(incident, announced);
    const key = JSON.stringify(Object.entries(labels).toSorted());
    const before = fired.get(key);
    const startsAt = before?.endedAt === null ? before.startsAt : beganAt;
    const annotations = alertAnnotations(incident, options);
    fired.set(key, {
      key,
      labels,
      annotations,
      startsAt,
      link: linkOf(id),
      endedAt: null,
      isEndTold: false,
    });
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
        if (alert.endedAt === null && !now.has(alert.key))
          fired.set(alert.key, { ...alert, endedAt: Date.now() });
      }
      if (firing() === before) return;
      report();
      // By then others have repeated what they still see.
      clearTimeout(later);
      later = setTimeout(() => void tellEnds(), everyMs * (SILENT_FOR + 0.1)).unref();
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
