/** Who is told of incidents, how it stands with each, and what was sent lately. */
import type { ReceiverType } from '../../config/rules.js';
import type { Log } from '../../infra/log.js';
import { readInTime } from '../../infra/sqlite/read-in-time.js';
import { alertmanagerName } from './alertmanager-client.js';
import type { NotificationState } from './notification-counts.js';
import type { LatestDelivery, OutboxStore, WaitingCount } from './outbox-store.js';
import type { Receiver } from './receivers.js';

export type ToldType = ReceiverType | 'alertmanager' | 'heartbeat';

/** One that is told. Times in milliseconds since 1970. */
export interface ToldReceiver extends NotificationState {
  /** Type and place in the setting: `slack 2`. */
  readonly name: string;
  readonly type: ToldType;
  /** Messages; `null`: nothing ever waits for it, or the file cannot be read. */
  readonly waiting: number | null;
  /** Since when the oldest waits. */
  readonly waitingSince: number | null;
}

export interface AlertOverview {
  /** Never rejects: what is in memory is there also while the disk does not answer. */
  receivers(): Promise<readonly ToldReceiver[]>;
  /** The latest first; `null`: the file cannot be read. */
  deliveries(limit: number): Promise<readonly LatestDelivery[] | null>;
}

export interface AlertOverviewOptions {
  readonly receivers: readonly Pick<Receiver, 'name' | 'key' | 'type'>[];
  /** How many there are. */
  readonly alertmanagers: number;
  readonly hasHeartbeat: boolean;
  readonly stateOf: (receiverName: string) => NotificationState;
  readonly read: <Method extends 'waitingMessages' | 'latestDeliveries'>(
    method: Method,
    ...args: Parameters<OutboxStore[Method]>
  ) => Promise<ReturnType<OutboxStore[Method]>>;
  readonly log: Log;
}

/** By which its attempts are counted. */
export const HEARTBEAT = 'heartbeat';
const CANNOT_READ = 'the outbox cannot be read';

export function createAlertOverview(options: AlertOverviewOptions): AlertOverview {
  const { receivers, alertmanagers, hasHeartbeat, stateOf, read, log } = options;
  const inTime = <Result>(reply: Promise<Result>): Promise<Result | null> =>
    readInTime(reply, log, CANNOT_READ).catch(() => null);
  /** Nothing waits for one that is told how things stand, again and again. */
  const toldReceiver = (
    name: string,
    type: ToldType,
    waiting: Waiting = { waiting: null, waitingSince: null },
  ): ToldReceiver => ({ name, type, ...waiting, ...stateOf(name) });

  return {
    async receivers() {
      const counts = receivers.length === 0 ? [] : await inTime(read('waitingMessages'));
      return [
        ...receivers.map(({ name, key, type }) => toldReceiver(name, type, waitingFor(key, counts))),
        ...Array.from({ length: alertmanagers }, (_, index) =>
          toldReceiver(alertmanagerName(index), 'alertmanager'),
        ),
        ...(hasHeartbeat ? [toldReceiver(HEARTBEAT, 'heartbeat')] : []),
      ];
    },
    deliveries: (limit) => inTime(read('latestDeliveries', limit)),
  };
}

type Waiting = Pick<ToldReceiver, 'waiting' | 'waitingSince'>;

function waitingFor(key: string, counts: readonly WaitingCount[] | null): Waiting {
  if (counts === null) return { waiting: null, waitingSince: null };
  const found = counts.find(({ receiver }) => receiver === key);
  return { waiting: found?.count ?? 0, waitingSince: found?.since ?? null };
}
