/**
 * How often a server may be asked what is not needed to know whether it works: at a pace, once at a time, and not for a
 * while after it has not answered as it should.
 */

export interface AskLimits {
  readonly isDue: () => boolean;
  /** Whether to ask now; if so, the question counts as asked. */
  begin(): boolean;
  answered(): void;
  /** Somebody else asks: tried again soon, later where many ask, and not in step with others. */
  postponed(): void;
  /** By what the driver reports, or that it took too long; returns whether it did. */
  failed(code: string | undefined): 'overrun' | 'error';
}

/** Two looks are needed within 20 s, and two instances that ask in step meet each time. */
const RETRY_MS = 5_000;
/** Of the first few times, when one or two others ask: as parts of that, when theirs is over, which takes two fifths. */
const FEW = 3;
const SOON = { from: 0.42, to: 0.9 };
/**
 * Postponed so often, many ask: fifty would spend more on trying than on the answers, so each tries eight times less often,
 * and an answer does not make it forget at once. A few instances never get there.
 */
const CROWD = 12;
const CROWD_TURNS = 8;
const MOST_POSTPONEMENTS = 16;
const ANSWER_MAKES_UP = 5;
const OVERRUNS = 2;
const SILENT_AFTER_OVERRUNS_MS = 60_000;
/** Another server than we think, or no right to ask: that does not change by itself. */
const SILENT_AFTER_REFUSAL_MS = 3_600_000;
const CANCELLED = '57014';
const LOCK_TIMEOUT = '55P03';

/** @param paceMs - milliseconds between two questions, as it is now */
export function createAskLimits(paceMs: () => number, now = () => performance.now()): AskLimits {
  let askedMs = Number.NEGATIVE_INFINITY;
  let silentUntilMs = Number.NEGATIVE_INFINITY;
  let isAsking = false;
  let overruns = 0;
  let postponements = 0;

  function isDue(): boolean {
    const nowMs = now();
    return !isAsking && nowMs >= silentUntilMs && nowMs - askedMs >= paceMs();
  }

  return {
    isDue,
    begin() {
      if (!isDue()) return false;
      askedMs = now();
      isAsking = true;
      return true;
    },
    answered() {
      isAsking = false;
      overruns = 0;
      postponements = Math.max(0, postponements - ANSWER_MAKES_UP);
    },
    postponed() {
      isAsking = false;
      postponements = Math.min(MOST_POSTPONEMENTS, postponements + 1);
      const waitMs = paceMs();
      const turns = postponements > CROWD ? CROWD_TURNS : 1;
      const part =
        postponements > FEW ? Math.random() * turns : SOON.from + Math.random() * (SOON.to - SOON.from);
      askedMs = now() - waitMs + part * Math.min(waitMs, RETRY_MS);
    },
    failed(code) {
      isAsking = false;
      if (code === 'overrun' || code === CANCELLED || code === LOCK_TIMEOUT) {
        overruns += 1;
        if (overruns >= OVERRUNS) {
          silentUntilMs = now() + SILENT_AFTER_OVERRUNS_MS;
          overruns = 0;
        }
        return 'overrun';
      }
      if (code === 'NOPERM' || code?.startsWith('42')) silentUntilMs = now() + SILENT_AFTER_REFUSAL_MS;
      return 'error';
    },
  };
}
