/**
 * Reasons as they are published to administrators.
 */
import type { ProblemCode } from '../../problems.js';
import type { ReasonCode } from '../../reasons/reason-codes.js';
import type { Reason } from '../../reasons/reasons.js';
import type { Figures } from '../../reasons/sighting.js';

/** `GET /health/reasons`. */
export interface ReasonsDocument {
  readonly reasons: readonly PublishedReason[];
}

/** One of them, keys in their order. */
export interface PublishedReason {
  readonly code: ReasonCode;
  readonly explains: ProblemCode | null;
  readonly sentence: string;
  readonly figures: Figures;
  /** ISO 8601 in UTC, with milliseconds. */
  readonly checked_at: string;
  readonly age_ms: number;
  readonly next: string;
}

export function reasonsDocument(reasons: readonly Reason[]): ReasonsDocument {
  return {
    reasons: reasons.map(({ code, explains, sentence, figures, checkedAt, ageMs, next }) => ({
      code,
      explains,
      sentence,
      figures,
      checked_at: checkedAt.toISOString(),
      age_ms: ageMs,
      next,
    })),
  };
}
