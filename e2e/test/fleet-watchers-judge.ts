/** What the receiver of three watchers was told, and what of it is wrong. Pure. */
import { messageData, type TestReceiver } from 'portal-test-kit';

/** One alert in a message of an Alertmanager. */
export interface Told {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
}

/** About a service, in order. */
export function toldOf({ accepted }: Pick<TestReceiver, 'accepted'>, service: string): readonly Told[] {
  return accepted
    .filter(({ path }) => path === '/team')
    .flatMap(({ json }) => json['alerts'] as readonly Told[])
    .filter(({ labels }) => labels['service'] === service && labels['kind'] === 'health');
}

/** @param expected - `told once`: one begin and one end of each; `none lost`: repeats are allowed, by the same labels */
export function judgeMessages(
  receiver: Pick<TestReceiver, 'accepted'>,
  services: readonly string[],
  expected: 'told once' | 'none lost',
): readonly string[] {
  return services.flatMap((service) => {
    const told = toldOf(receiver, service);
    const statuses = told.map(({ status }) => status).join(' ');
    const isRight =
      expected === 'told once'
        ? statuses === 'firing resolved'
        : /^firing( firing| resolved)* resolved$/.test(statuses);
    const labels = new Set(told.map((one) => JSON.stringify(Object.entries(one.labels).toSorted())));
    return [
      ...(isRight ? [] : [`${service}: ${statuses || 'nothing'}`]),
      ...(labels.size > 1 ? [`${service}: ${[...labels].join(' and ')}`] : []),
    ];
  });
}

/**
 * Of receivers without a key: the same ids from every watcher, and none lost, but for the one that was away, which may tell
 * less, and what it told before again.
 */
export function judgePlainMessages(
  { accepted }: Pick<TestReceiver, 'accepted'>,
  services: readonly string[],
  watchers: readonly string[],
  away: string | undefined,
): readonly string[] {
  const wrong: string[] = [];
  for (const service of services) {
    for (const type of ['incident.began', 'incident.ended']) {
      const messages = accepted.filter(
        (message) => message.json['type'] === type && messageData(message)['service'] === service,
      );
      const ids = new Set(messages.map(({ headers }) => String(headers['webhook-id'])));
      if (ids.size !== 1) wrong.push(`${service}: ${type} by ${ids.size} ids`);
      for (const watcher of watchers) {
        const times = messages.filter(({ path }) => path === watcher).length;
        if (watcher !== away && times !== 1) wrong.push(`${service}: ${type} ${times} times from ${watcher}`);
      }
    }
  }
  return wrong;
}
