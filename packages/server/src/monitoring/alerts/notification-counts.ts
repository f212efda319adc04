/** What became of the attempts to notify, for whoever watches the watcher. */

export type NotificationResult = 'accepted' | 'refused' | 'given_up';

export interface NotificationCount {
  /** `slack 2` */
  readonly receiver: string;
  readonly result: NotificationResult;
  readonly count: number;
}

export interface NotificationCounts {
  add(receiver: string, result: NotificationResult): void;
  all(): readonly NotificationCount[];
}

export function createNotificationCounts(): NotificationCounts {
  const counts = new Map<string, NotificationCount>();
  return {
    add(receiver, result) {
      const key = `${receiver}\n${result}`;
      counts.set(key, { receiver, result, count: (counts.get(key)?.count ?? 0) + 1 });
    },
    all: () => [...counts.values()],
  };
}
