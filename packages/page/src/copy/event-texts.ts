/** Texts of events: each cause with its own time, and how long each status lasted. Pure. */
import type { EventDocument } from 'portal-server/api';
import { namedSentence, problemSentence } from './headline.js';
import { duration } from './time.js';

/** One cause of an event, once or again and again. */
export interface CauseLine {
  readonly sentence: string;
  readonly code: string;
  readonly times: number;
  /** When it first began; `null` where that is not known. */
  readonly from: string | null;
  /** When it last ended; `null` while it holds. */
  readonly to: string | null;
}

/** In the order in which they began. A cause that comes and goes is one line. */
export function causeLines({
  kind,
  causes,
  codes,
  details,
}: Pick<EventDocument, 'kind' | 'causes' | 'codes' | 'details'>): readonly CauseLine[] {
  const lines = new Map<string, CauseLine>();
  for (const { component, code, began_at, ended_at } of causes) {
    const sentence = namedSentence(component, code);
    const before = lines.get(`${component} ${code}`);
    const from = before?.from ?? began_at;
    lines.set(`${component} ${code}`, {
      sentence,
      code,
      from,
      to: ended_at,
      times: (before?.times ?? 0) + 1,
    });
  }
  const withTimes = new Set(causes.map(({ code }) => code));
  // An event of an older service has codes alone.
  const withoutTimes = codes
    .filter((code) => !withTimes.has(code))
    .map((code) => ({
      sentence: kind === 'reason' ? reasonWords(code, details) : problemSentence(code),
      code,
      times: 1,
      from: null,
      to: null,
    }));
  return [...lines.values(), ...withoutTimes];
}

/** The sentence as it was said last, and what it explained. */
function reasonWords(code: string, details: EventDocument['details']): string {
  const { sentence, explains } = details;
  const words = typeof sentence === 'string' ? sentence : code;
  return typeof explains === 'string' ? `${words}; it explains: ${problemSentence(explains)}` : words;
}

/** How long it lasted; of a recovery, how long each status before it lasted. */
export function lastedWords(event: EventDocument, events: readonly EventDocument[], nowMs: number): string {
  const { kind, from, to, began_at, ended_at } = event;
  if (kind === 'status' && to === 'healthy') {
    return from === null || from === 'healthy' ? '' : outageWords(event, events);
  }
  if (ended_at !== null) {
    const ms = lengthOf(event);
    return ms < 1_000 ? '' : `lasted ${duration(ms)}`;
  }
  return kind === 'status' || kind === 'reason' ? `so far ${duration(nowMs - Date.parse(began_at))}` : '';
}

/** `after 2 min 10 s unhealthy, 5 s degraded`: since it was last healthy, if that is in the list. */
function outageWords(recovery: EventDocument, events: readonly EventDocument[]): string {
  const sums = new Map<string, number>();
  const before = events.filter(({ kind, id }) => kind === 'status' && id < recovery.id);
  for (const event of before.toSorted((one, other) => other.id - one.id)) {
    if (event.to === null || event.to === 'healthy') return afterWords(sums);
    sums.set(event.to, (sums.get(event.to) ?? 0) + lengthOf(event));
    if (event.from === null || event.from === 'healthy') return afterWords(sums);
  }
  // The list begins in the middle of it.
  return '';
}

function afterWords(sums: ReadonlyMap<string, number>): string {
  const words = ['unhealthy', 'degraded'].flatMap((status) => {
    const ms = sums.get(status) ?? 0;
    return ms < 1_000 ? [] : [`${duration(ms)} ${status}`];
  });
  return words.length === 0 ? '' : `after ${words.join(', ')}`;
}

function lengthOf({ began_at, ended_at }: EventDocument): number {
  return ended_at === null ? 0 : Date.parse(ended_at) - Date.parse(began_at);
}
