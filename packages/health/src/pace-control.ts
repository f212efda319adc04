/**
 * Which pace the probes run at: the faster one while somebody looks or something is not up, the slower one otherwise.
 */
import { DEFAULTS } from './defaults.js';

/** Who looks, and whether all is well. */
export interface PaceControl {
  /** Whether the faster pace is in force. */
  readonly isInUse: () => boolean;
  /** Somebody looks; now, unless it is said when. */
  readonly noteRequest: (nowMs?: number) => void;
  /** How things stand, after a run. */
  isWell(well: boolean): void;
}

/** @param onFasterPace - told when the faster pace comes into force */
export function createPaceControl(onFasterPace: () => void, now = () => performance.now()): PaceControl {
  let askedMs = Number.NEGATIVE_INFINITY;
  let isUnwell = false;

  function isInUse(): boolean {
    return isUnwell || now() - askedMs < DEFAULTS.askedForMs;
  }

  return {
    isInUse,
    noteRequest(nowMs = now()) {
      const wasInUse = isUnwell || nowMs - askedMs < DEFAULTS.askedForMs;
      askedMs = nowMs;
      if (!wasInUse) onFasterPace();
    },
    isWell(well) {
      const wasInUse = isInUse();
      isUnwell = !well;
      if (isUnwell && !wasInUse) onFasterPace();
    },
  };
}
