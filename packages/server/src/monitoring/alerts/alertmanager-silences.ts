/**
 * Pauses as silences of Alertmanagers, so that what others send of the same services is quiet too. Looked at again and again
 * and put right: a silence of ours says in its comment which pause it is, whichever watcher wrote it.
 */
import { errorCode } from 'portal-shared/error-code';
import type { Log } from '../../infra/log.js';
import type { Pause } from '../pauses/pause.js';
import type { AlertmanagerClient } from './alertmanager-client.js';

export interface AlertmanagerSilences {
  /** What is to be silent; to be called whenever it changes. */
  update(fleet: string, pauses: readonly Pause[]): void;
  /** Gives up what is under way, and closes the clients. */
  close(): void;
}

export interface AlertmanagerSilencesOptions {
  readonly clients: readonly AlertmanagerClient[];
  readonly log: Log;
  /** Milliseconds between two looks. Default 30,000. */
  readonly everyMs?: number;
}

/** As `GET /api/v2/silences` gives it, as far as it matters here. */
interface Silence {
  readonly id: string;
  readonly comment: string;
  readonly status: { readonly state: 'active' | 'pending' | 'expired' };
}

const EVERY_MS = 30_000;

export function createAlertmanagerSilences({
  clients,
  log,
  everyMs = EVERY_MS,
}: AlertmanagerSilencesOptions): AlertmanagerSilences {
  let wanted: { readonly fleet: string; readonly pauses: readonly Pause[] } | undefined;
  let isBusy = false;
  let isDue = false;
  const timer = setInterval(() => void putRight(), everyMs).unref();

  /** One after the other: what is written to one of a cluster is seen at the next. */
  async function putRight(): Promise<void> {
    isDue = true;
    if (isBusy) return;
    isBusy = true;
    while (isDue) {
      isDue = false;
      for (const client of clients) {
        await putRightAt(client).catch((error: unknown) =>
          log.debug('silences cannot be written to an Alertmanager', { cause: errorCode(error) }),
        );
      }
    }
    isBusy = false;
  }

  async function putRightAt(client: AlertmanagerClient): Promise<void> {
    if (!wanted) return;
    const { fleet, pauses } = wanted;
    const lasting = pauses.filter(({ until }) => until > Date.now());
    const ours = new Map(
      silencesOf(await client.get('silences'))
        .filter(({ comment, status }) => status.state !== 'expired' && comment.includes(markOf(fleet)))
        .map((silence) => [silence.comment.slice(silence.comment.lastIndexOf(markOf(fleet))), silence]),
    );
    const marks = new Set(lasting.map(({ id }) => markOf(fleet, id)));
    for (const pause of lasting) {
      if (!ours.has(markOf(fleet, pause.id))) await client.post('silences', silenceOf(fleet, pause));
    }
    for (const [mark, { id }] of ours) if (!marks.has(mark)) await client.delete(`silence/${id}`);
  }

  return {
    update(fleet, pauses) {
      wanted = { fleet, pauses };
      if (clients.length > 0) void putRight();
    },
    close() {
      clearInterval(timer);
      wanted = undefined;
      for (const client of clients) client.close();
    },
  };
}

/** At the end of a comment. @param id - of the pause; without, what all marks begin with */
function markOf(fleet: string, id?: number): string {
  return `(portal ${fleet}, pause ${id === undefined ? '' : `${id})`}`;
}

function silenceOf(fleet: string, { id, service, label, from, until, reason, author }: Pause): object {
  const [name, value] = label === null ? ['service', service ?? ''] : splitLabel(label);
  return {
    matchers: [matcher('fleet', fleet), matcher(name, value)],
    startsAt: new Date(from).toISOString(),
    endsAt: new Date(until).toISOString(),
    createdBy: author,
    comment: `${reason} ${markOf(fleet, id)}`,
  };
}

function splitLabel(label: string): readonly [string, string] {
  const colon = label.indexOf(':');
  return [label.slice(0, colon), label.slice(colon + 1)];
}

function matcher(name: string, value: string): object {
  return { name, value, isRegex: false, isEqual: true };
}

function silencesOf(answer: unknown): readonly Silence[] {
  return Array.isArray(answer) ? (answer as readonly Silence[]) : [];
}
