/** What became of the attempts to notify, for whoever watches the watcher. */

export type NotificationResult = 'accepted' | 'refused' | 'given_up';

export interface NotificationCount {
  /** `slack 2` */
  readonly receiver: string;
  readonly result: NotificationResult;
  readonly count: number;
}

/** How it stands with one receiver since the start. */
export interface NotificationState {
  /** Of the latest attempt that was accepted, milliseconds since 1970; `null`: there was none. */
  readonly acceptedAt: number | null;
  /** Of the first attempt since then that was not; `null`: there was none. */
  readonly failingSince: number | null;
  /** Why the latest of these was not accepted: a code, such as `ECONNREFUSED`. */
  readonly cause: string | null;
}

export interface NotificationCounts {
  /** @param cause - why it was not accepted */
  readonly add: (receiver: string, result: NotificationResult, cause?: string) => void;
  all(): readonly NotificationCount[];
  stateOf(receiver: string): NotificationState;
}

const UNTRIED: NotificationState = { acceptedAt: null, failingSince: null, cause: null };

export function createNotificationCounts(): NotificationCounts {
  const counts = new Map<string, NotificationCount>();
  const states = new Map<string, NotificationState>();
  const stateOf = (receiver: string): NotificationState => states.get(receiver) ?? UNTRIED;
  return {
    add(receiver, result, cause) {
      const key = `${receiver}\n${result}`;
      counts.set(key, { receiver, result, count: (counts.get(key)?.count ?? 0) + 1 });
      const { acceptedAt, failingSince } = stateOf(receiver);
      const now = Date.now();
      states.set(
        receiver,
        result === 'accepted'
          ? { acceptedAt: now, failingSince: null, cause: null }
          : { acceptedAt, failingSince: failingSince ?? now, cause: cause ?? null },
      );
    },
    all: () => [...counts.values()],
    stateOf,
  };
}
