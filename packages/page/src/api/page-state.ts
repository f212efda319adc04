/**
 * What all views share: who is signed in, the latest report, and when the service last answered. A silent service never
 * counts as healthy.
 */
import type { LiveSnapshotDocument, MeDocument, PublicStatusDocument } from 'portal-server/api';
import { keep, keptOf } from './kept.js';
import { createStore, type Store } from '../state-container.js';

/** `null` where the report was polled and the public status did not match it. */
export interface KnownSnapshot extends Omit<LiveSnapshotDocument, 'since' | 'causes'> {
  readonly since: string | null;
  readonly causes: LiveSnapshotDocument['causes'] | null;
}

/** A view polls the rest by itself. */
export interface PageState {
  /** `unknown` until the service has said who is signed in. */
  readonly who: MeDocument | 'unknown' | 'nobody';
  readonly status: PublicStatusDocument | null;
  readonly snapshot: KnownSnapshot | null;
  /** By the clock of this machine. */
  readonly heardMs: number | null;
  /** The last attempt to reach the service failed. */
  readonly isLost: boolean;
  /** The page is hidden, and asks for the public status only, now and then. */
  readonly isResting: boolean;
  /** The service's clock minus ours, so that ages are right where a clock is not. */
  readonly aheadMs: number;
  /** Events since the page was opened. When it changes, views load the events again. */
  readonly eventCount: number;
  /** The same of the service and its source alone: what is asked for because of them is long, and most events are others. */
  readonly ownEventCount: number;
  /** A message to the user. */
  readonly note: string | null;
}

/** The least permission of an administrator. */
const ADMIN = 2;

export function isAdmin(who: PageState['who']): who is MeDocument {
  return typeof who === 'object' && who.permission >= ADMIN;
}

export interface PageStore extends Store<PageState> {
  /** @param at - the time of the service, ISO 8601, where the answer has it */
  recordAnswer(at?: string): void;
  /** For a reload while the service is away. */
  readonly keep: () => void;
  /** What was kept, as what was known before contact was lost. @returns whether there is any */
  restore(): boolean;
}

const KEPT_AS = 'page';
type KeptState = Pick<PageState, 'who' | 'status' | 'snapshot' | 'heardMs' | 'aheadMs'>;

/** @param status - known already, from the document of the page */
export function createPageState(status: PublicStatusDocument | null): PageStore {
  const store = createStore<PageState>({
    who: 'unknown',
    status,
    snapshot: null,
    heardMs: status && Date.now(),
    isLost: false,
    isResting: false,
    aheadMs: 0,
    eventCount: 0,
    ownEventCount: 0,
    note: null,
  });
  return {
    ...store,
    keep() {
      const { who, status: known, snapshot, heardMs, aheadMs } = store.get();
      if (isAdmin(who)) keep(KEPT_AS, { who, status: known, snapshot, heardMs, aheadMs } satisfies KeptState);
    },
    restore() {
      const kept = keptOf<KeptState>(KEPT_AS);
      if (kept) store.change({ ...kept.value, isLost: true });
      return kept !== undefined;
    },
    recordAnswer(at) {
      const heardMs = Date.now();
      const { aheadMs } = store.get();
      store.change({
        heardMs,
        isLost: false,
        aheadMs: at === undefined ? aheadMs : Date.parse(at) - heardMs,
      });
    },
  };
}
