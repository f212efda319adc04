/**
 * Incidents at Alertmanagers, of which every one is told everything: which of them sends is for them to find out. They
 * forget what is not repeated, so nothing waits in an outbox, and nothing is lost while one of them is away.
 *
 * Of two reports of one alert the younger wins. So an end is told only once nobody has reported the alert for a while: another
 * watcher that still sees the outage would be contradicted to and fro. It is told once to each, too: what another one sees anew
 * would be ended by a repetition. And what this watcher only remembers, after it stood still, was cut off or was started again,
 * it keeps alive where nobody else does: others may be about to end it, and would be contradicted.
 *
 * All of it is decided on what was seen lately and what the Alertmanagers say now, in one moment, and said in the next.
 */
import type { Log } from '../../infra/log.js';
import type { Incident } from '../incidents/incident.js';
import { LASTS_FOR_MS, type FiredAlert } from './alertmanager-alert.js';
import { alertmanagerName, TIMEOUT_MS } from './alertmanager-client.js';
import {
  createAlertmanagerPeer,
  FORGOTTEN_AFTER_MS,
  type AlertmanagerPeer,
  type Report,
  type Lasting,
} from './alertmanager-peer.js';
import type { AlertWords } from './describe-alert.js';
import { createFiredAlerts } from './fired-alerts.js';

export interface AlertmanagersOptions extends Pick<AlertWords, 'sentenceOf' | 'linkOf' | 'runbookOf'> {
  readonly urls: readonly string[];
  readonly tokenFile: string | undefined;
  readonly log: Log;
  readonly onAttempt: (receiverName: string, result: 'accepted' | 'refused', cause?: string) => void;
  /** Milliseconds between two reports of the same. Default 30,000. */
  readonly everyMs?: number;
}

export interface Alertmanagers {
  /**
   * What is open now; to be called with every update, several times between two reports: without, all is only remembered.
   *
   * @param remembered - keys of those that are not seen to go on
   */
  update(fleet: string, open: readonly Incident[], remembered: ReadonlySet<string>): void;
  /** Since when one of them takes nothing, in milliseconds since 1970. */
  stuckSince(): number | undefined;
  close(): void;
}

const EVERY_MS = 30_000;
/** Intervals without a report of anybody before an end is told. */
const SILENT_FOR = 1.5;
/** And before what is only remembered is reported: whoever has seen its end has told it by then. */
const LEFT_ALONE_FOR = 3;
/** Without an update for so much of an interval, this process stood still. */
const STALE_AFTER = 1 / 3;
/** An answer of one waits no longer for those of the others. */
const ANSWERS_HOLD_MS = 2 * TIMEOUT_MS;

/** What each of them says that says anything. */
type Answers = ReadonlyMap<AlertmanagerPeer, Lasting>;

export function createAlertmanagers({ everyMs = EVERY_MS, ...options }: AlertmanagersOptions): Alertmanagers {
  const fired = createFiredAlerts(options);
  const peers = options.urls.map((url, index) =>
    createAlertmanagerPeer({ ...options, url, name: alertmanagerName(index) }),
  );
  let fleet: string | undefined;
  let updatedAt = 0;
  let later: NodeJS.Timeout | undefined;
  const timer = setInterval(repeat, everyMs).unref();

  const isStale = (): boolean => Math.abs(Date.now() - updatedAt) > STALE_AFTER * everyMs;
  const isSeen = ({ endedAt, isRemembered }: FiredAlert): boolean =>
    endedAt === null && !isRemembered && !isStale();
  const isDue = ({ endedAt, isEndTold }: FiredAlert): boolean =>
    endedAt !== null && !isEndTold && Date.now() - endedAt >= SILENT_FOR * everyMs && !isStale();

  function report(): void {
    if (fleet === undefined) return;
    const name = fleet;
    fired.forgetAfter(FORGOTTEN_AFTER_MS);
    for (const peer of peers) peer.report(() => compose(name, peer));
  }

  async function compose(name: string, peer: AlertmanagerPeer): Promise<Report> {
    const mayBeSaid = (alert: FiredAlert): boolean =>
      alert.endedAt === null || (alert.isEndTold && !peer.knowsEndOf(alert.key));
    const isAsked = fired.all().some((alert) => mayBeSaid(alert) && !isSeen(alert));
    const answers: Answers = isAsked ? await askAll(peers, name) : new Map();
    const isToSay = (alert: FiredAlert): boolean => {
      if (alert.endedAt !== null) return isQuietAt([peer], alert, answers, SILENT_FOR * everyMs);
      return isSeen(alert) || isLeftAlone(alert, answers, LEFT_ALONE_FOR * everyMs);
    };
    return { fleet: name, alerts: fired.all().filter((alert) => mayBeSaid(alert) && isToSay(alert)) };
  }

  /** All of a cluster are told of an end at once: one that still fires would contradict the others. */
  async function tellEnds(): Promise<void> {
    if (fleet === undefined || !fired.all().some(isDue)) return;
    const answers = await askAll(peers, fleet);
    const over = fired
      .all()
      .filter((alert) => isDue(alert) && isQuietAt(peers, alert, answers, SILENT_FOR * everyMs));
    fired.tellEnds(over);
    if (over.length > 0) report();
  }

  function repeat(): void {
    report();
    void tellEnds();
  }

  return {
    update(name, open, remembered) {
      fleet = name;
      updatedAt = Date.now();
      if (!fired.update(open, remembered)) return;
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

/** None says anything if this process stood still meanwhile. */
async function askAll(peers: readonly AlertmanagerPeer[], fleet: string): Promise<Answers> {
  const askedAt = Date.now();
  const answers = await Promise.all(peers.map((peer) => peer.lasting(fleet)));
  if (Math.abs(Date.now() - askedAt) > ANSWERS_HOLD_MS) return new Map();
  return new Map(
    peers.flatMap((peer, index): [AlertmanagerPeer, Lasting][] => {
      const lasting = answers[index];
      return lasting === undefined ? [] : [[peer, lasting]];
    }),
  );
}

/** Whether nobody has repeated it for so long, as far as any of these says to which this watcher has reported it. */
function isQuietAt(
  some: readonly AlertmanagerPeer[],
  { key }: FiredAlert,
  answers: Answers,
  ms: number,
): boolean {
  const known = some.flatMap((peer) => (peer.toldAt(key) === undefined ? [] : (answers.get(peer) ?? [])));
  return known.length > 0 && known.every((lasting) => isQuietSince(lasting.get(key) ?? 0, ms));
}

/** Whether it still fires at one of them, though nobody has repeated it for so long at any. */
function isLeftAlone({ key }: FiredAlert, answers: Answers, ms: number): boolean {
  const until = Math.max(...Array.from(answers.values(), (lasting) => lasting.get(key) ?? 0));
  return until > Date.now() && isQuietSince(until, ms);
}

function isQuietSince(untilMs: number, ms: number): boolean {
  return Date.now() - (untilMs - LASTS_FOR_MS) >= ms;
}
