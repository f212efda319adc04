/** What the receiver of three watchers was told, and what of it is wrong. Pure. */
import { messageData, type TestReceiver } from 'portal-test-kit';

/** One alert in a message of an Alertmanager. */
export interface Told {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly atMs: number;
}

/**
 * An Alertmanager sends, and then notes and gossips that it has. One that dies in between has told what its peer tells again: it
 * promises `at least once`, and no sender can promise more. So long, on a busy machine, is that moment.
 */
const DYING_MS = 2_000;

/** About a service, in order. */
export function toldOf({ accepted }: Pick<TestReceiver, 'accepted'>, service: string): readonly Told[] {
  return accepted
    .filter(({ path }) => path === '/team')
    .flatMap(({ json, atMs }) =>
      (json['alerts'] as readonly Omit<Told, 'atMs'>[]).map(({ status, labels }) => ({
        status,
        labels,
        atMs,
      })),
    )
    .filter(({ labels }) => labels['service'] === service && labels['kind'] === 'health');
}

/** Without what was said again after its first teller died in saying it. */
function withoutLastWords(told: readonly Told[], diedAtMs: number): readonly Told[] {
  return told.filter(({ status }, index) => {
    const before = told[index - 1];
    return before?.status !== status || Math.abs(before.atMs - diedAtMs) > DYING_MS;
  });
}

/**
 * @param expected - `told once`: one begin and one end of each; `none lost`: repeats are allowed, by the same labels
 * @param diedAtMs - when an Alertmanager was killed
 */
export function judgeMessages(
  receiver: Pick<TestReceiver, 'accepted'>,
  services: readonly string[],
  expected: 'told once' | 'none lost',
  diedAtMs = Number.NEGATIVE_INFINITY,
): readonly string[] {
  return services.flatMap((service) => {
    const told = withoutLastWords(toldOf(receiver, service), diedAtMs);
    const statuses = told.map(({ status }) => status).join(' ');
    const isRight =
      expected === 'told once'
        ? statuses === 'firing resolved'
        : /^firing( firing| resolved)* resolved$/.test(statuses);
    const labels = new Set(told.map((one) => JSON.stringify(Object.entries(one.labels).toSorted())));
    return [
      ...(isRight
        ? []
        : [`${service}: ${statuses || 'nothing'} (${told.map(({ atMs }) => timeOf(atMs)).join(' ')})`]),
      ...(labels.size > 1 ? [`${service}: ${[...labels].join(' and ')}`] : []),
    ];
  });
}

/** To be held beside the log of a scene. */
function timeOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 23);
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
