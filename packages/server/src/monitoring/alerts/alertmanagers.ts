/**
 * Incidents at Alertmanagers, of which every one is told everything: which of them sends is for them to find out. They
 * forget what is not repeated, so nothing waits in an outbox, and nothing is lost while one of them is away.
 *
 * Of two reports of one alert the younger wins. So an end is told only once nobody has reported the alert for a while: another
 * watcher that still sees the outage would be contradicted to and fro. It is told once to each, too: what another one sees anew
 * would be ended by a repetition. And what this watcher only remembers, after it stood
 * still, was cut off or was started again, it repeats only where it still fires: others may have ended it meanwhile.
 */
import type { Log } from '../../infra/log.js';
import type { Incident } from '../incidents/incident.js';
import { alertAnnotations, alertLabels, LASTS_FOR_MS, type FiredAlert } from './alertmanager-alert.js';
import {
  createAlertmanagerPeer,
  FORGOTTEN_AFTER_MS,
  type AlertmanagerPeer,
  type Report,
} from './alertmanager-peer.js';
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
  /**
   * What is open now; to be called with every update.
   *
   * @param remembered - keys of those that are not seen to go on
   */
  update(fleet: string, open: readonly Incident[], remembered: ReadonlySet<string>): void;
  /** Since when one of them takes nothing, in milliseconds since 1970. */
  stuckSince(): number | undefined;
  close(): void;
}

const EVERY_MS = 30_000;
/** Intervals without a report of anybody: before an end is told, and after which others may have told it. */
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
      if (endedAt !== null && nowMs - endedAt > FORGOTTEN_AFTER_MS) fired.delete(key);
    }
    const name = fleet;
    for (const peer of peers) peer.report(() => compose(name, peer));
  }

  async function compose(name: string, peer: AlertmanagerPeer): Promise<Report> {
    const withheld = new Set<string>();
    await Promise.all(
      [...fired.values()].map(async (alert) => {
        const isToSay =
          alert.endedAt === null
            ? !mayBeOver(alert) || (await isFiring(alert))
            : await isEndNews(alert, peer);
        if (!isToSay) withheld.add(alert.key);
      }),
    );
    return { fleet: name, alerts: [...fired.values()].filter(({ key }) => !withheld.has(key)) };
  }

  /** Whether one of them has not heard of an end, and nobody has told it anything else since. */
  async function isEndNews(alert: FiredAlert, peer: AlertmanagerPeer): Promise<boolean> {
    return alert.isEndTold && !peer.knowsEndOf(alert.key) && (await isQuietAt([peer], alert));
  }

  /** Whether others may have ended what this watcher has not repeated for a while, and does not see. */
  function mayBeOver({ key, endedAt, isRemembered }: FiredAlert): boolean {
    const toldAt = Math.max(...peers.map((peer) => peer.toldAt(key) ?? 0));
    return endedAt === null && isRemembered && Date.now() - toldAt > SILENT_FOR * everyMs;
  }

  async function isFiring(alert: FiredAlert): Promise<boolean> {
    const answers = await Promise.all(peers.map((peer) => peer.lastsUntil(alert)));
    return answers.some((until) => until !== undefined && until > Date.now());
  }

  /** All of a cluster are told of an end at once: one that still fires would contradict the others. */
  async function tellEnds(): Promise<void> {
    const due = [...fired.values()].filter(
      ({ endedAt, isEndTold }) =>
        endedAt !== null && !isEndTold && Date.now() - endedAt >= SILENT_FOR * everyMs,
    );
    const quiet = await Promise.all(due.map((alert) => isQuietAt(peers, alert)));
    for (const [index, alert] of due.entries()) {
      if (quiet[index] === true && fired.get(alert.key) === alert)
        fired.set(alert.key, { ...alert, isEndTold: true });
    }
    if (quiet.includes(true)) report();
  }

  /** Whether nobody has repeated it for a while, as far as any of them can be asked to which this watcher has reported it. */
  async function isQuietAt(some: readonly AlertmanagerPeer[], alert: FiredAlert): Promise<boolean> {
    const asked = some.filter((peer) => peer.toldAt(alert.key) !== undefined);
    const answers = await Promise.all(asked.map((peer) => peer.lastsUntil(alert)));
    const known = answers.filter((until) => until !== undefined);
    const lastRepeated = Math.max(...known) - LASTS_FOR_MS;
    return known.length > 0 && Date.now() - lastRepeated >= SILENT_FOR * everyMs;
  }

  function repeat(): void {
    report();
    void tellEnds();
  }

  /** @returns its key, or nothing where it was not announced */
  function fire(incident: Incident, isRemembered: boolean): string | undefined {
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
      isRemembered,
    });
    return key;
  }

  function firing(): string {
    return [...fired.values()].flatMap(({ key, endedAt }) => (endedAt === null ? [key] : [])).join('\n');
  }

  return {
    update(name, open, remembered) {
      const before = fleet === undefined ? undefined : firing();
      fleet = name;
      const now = new Set(open.map((incident) => fire(incident, remembered.has(incident.key))));
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
