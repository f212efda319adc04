/**
 * The alerts that this watcher reports to Alertmanagers: those that fire, and those that have ended, until they are forgotten.
 */
import type { Incident } from '../incidents/incident.js';
import { alertAnnotations, alertKey, alertLabels, type FiredAlert } from './alertmanager-alert.js';
import type { AlertWords } from './describe-alert.js';

export interface FiredAlerts {
  all(): readonly FiredAlert[];
  /**
   * @param remembered - keys of the incidents that are not seen to go on
   * @returns whether others fire than before; the first time always
   */
  update(open: readonly Incident[], remembered: ReadonlySet<string>): boolean;
  /** From now on the ends of these are to be told. */
  tellEnds(ended: readonly FiredAlert[]): void;
  /** @param ms - milliseconds after which nobody needs to hear any more that one has ended */
  forgetAfter(ms: number): void;
}

export function createFiredAlerts(
  words: Pick<AlertWords, 'sentenceOf' | 'linkOf' | 'runbookOf'>,
): FiredAlerts {
  const fired = new Map<string, FiredAlert>();
  let firing: string | undefined;

  /** @returns its key, or nothing where it was not announced */
  function fire(incident: Incident, isRemembered: boolean): string | undefined {
    const { announced, beganAt, id } = incident;
    if (announced === null) return undefined;
    const labels = alertLabels(incident, announced);
    const key = alertKey(labels);
    const before = fired.get(key);
    fired.set(key, {
      key,
      labels,
      annotations: alertAnnotations(incident, words),
      startsAt: before?.endedAt === null ? before.startsAt : beganAt,
      link: words.linkOf(id),
      endedAt: null,
      isEndTold: false,
      isRemembered,
    });
    return key;
  }

  return {
    all: () => [...fired.values()],
    update(open, remembered) {
      const now = new Set(open.map((incident) => fire(incident, remembered.has(incident.key))));
      for (const alert of fired.values()) {
        if (alert.endedAt === null && !now.has(alert.key))
          fired.set(alert.key, { ...alert, endedAt: Date.now() });
      }
      const before = firing;
      firing = [...fired.values()].flatMap(({ key, endedAt }) => (endedAt === null ? [key] : [])).join('\n');
      return firing !== before;
    },
    tellEnds(ended) {
      for (const alert of ended) fired.set(alert.key, { ...alert, isEndTold: true });
    },
    forgetAfter(ms) {
      for (const [key, { endedAt }] of fired) {
        if (endedAt !== null && Date.now() - endedAt > ms) fired.delete(key);
      }
    },
  };
}
