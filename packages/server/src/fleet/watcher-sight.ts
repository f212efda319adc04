/**
 * Whether the watcher sees at the moment, and the log of it.
 */
import type { Log } from '../infra/log.js';
import { judgeSight, SEEING, type Seen, type Sight } from './sight.js';

export interface WatcherSight {
  /** Milliseconds since 1970; `null` while it sees. */
  blindSince(): number | null;
  isBlind(): boolean;
  /** It has been noticed that nothing can be seen: waits for no judgement. */
  goBlind(): void;
  /** @param reach - whether the address answers that must answer; `undefined`: there is none */
  judge(instances: Iterable<Seen>, nowMs: number, reach: boolean | undefined): void;
}

/** @param onSeeing - called when it sees again, before anything else is judged */
export function createWatcherSight({ log, onSeeing }: { log: Log; onSeeing: () => void }): WatcherSight {
  let sight: Sight = SEEING;
  /** Noticed since the last judgement: whoever is told of each judgement hears of it before it ends. */
  let isNew = false;

  function look(next: Sight): void {
    const [wasBlind, isBlind] = [sight.blindSince !== null, next.blindSince !== null];
    sight = next;
    if (wasBlind === isBlind) return;
    log.warn(isBlind ? 'the watcher of the fleet is blind' : 'the watcher of the fleet sees again');
    if (!isBlind && !next.hasGivenUp) onSeeing();
  }

  return {
    blindSince: () => sight.blindSince,
    isBlind: () => sight.blindSince !== null,
    goBlind() {
      if (sight.blindSince !== null) return;
      look({ blindSince: Date.now(), hasGivenUp: false });
      isNew = true;
    },
    judge(instances, nowMs, reach) {
      if (!isNew) look(judgeSight(sight, instances, nowMs, reach));
      isNew = false;
    },
  };
}
