/**
 * Reads a SLOWLOG: how many commands took long, and the name of the longest. It quotes keys, values and whole scripts, of
 * which nothing is kept.
 */
import { asList } from 'portal-shared/json';

/** What a server has logged since the last look. */
export interface SlowCommands {
  /** Above the threshold. */
  readonly commands: number;
  readonly longestMs: number;
  /** When the last of them began, by the server's clock in seconds since 1970; `undefined` when there is none. */
  readonly lastSeconds: number | undefined;
  /** Of the longest; `undefined` when it is no name of a command. */
  readonly name: string | undefined;
  /** The newest entry of all. */
  readonly lastId: number;
}

/** Shorter ones are no reason for anything. */
const SLOW_MS = 100;
const MOST_ENTRIES = 16;
const NAME = /^[a-z][a-z|._-]{0,31}$/i;

export interface SlowCommandsSince {
  /** Entries up to this one were seen; `undefined` at the first look. */
  readonly lastId: number | undefined;
  /** At the first look, older entries are history: seconds since 1970. */
  readonly sinceSeconds: number;
}

/** `undefined` for what is no answer to `SLOWLOG GET`. */
export function readSlowCommands(
  answer: unknown,
  { lastId, sinceSeconds }: SlowCommandsSince,
): SlowCommands | undefined {
  const entries = asList(answer)
    ?.slice(0, MOST_ENTRIES)
    .flatMap((entry) => entryIn(entry) ?? []);
  if (entries === undefined) return undefined;
  const newest = Math.max(-1, ...entries.map(({ id }) => id));
  // Ids that fall were reset.
  const known = lastId !== undefined && lastId <= newest ? lastId : undefined;
  const isNew = ({ id, seconds }: Entry): boolean =>
    known === undefined ? seconds >= sinceSeconds : id > known;
  const slow = entries.filter((entry) => isNew(entry) && entry.tookMs >= SLOW_MS);
  const [longest] = slow.toSorted((a, b) => b.tookMs - a.tookMs);
  return {
    commands: slow.length,
    longestMs: longest?.tookMs ?? 0,
    lastSeconds: slow.length > 0 ? Math.max(...slow.map(({ seconds }) => seconds)) : undefined,
    name: longest?.name,
    lastId: newest,
  };
}

interface Entry {
  readonly id: number;
  readonly seconds: number;
  readonly tookMs: number;
  readonly name: string | undefined;
}

function entryIn(value: unknown): Entry | undefined {
  const [id, seconds, micros, words] = asList(value) ?? [];
  if (!isCount(id) || !isCount(seconds) || !isCount(micros)) return undefined;
  const [first] = asList(words) ?? [];
  const name = typeof first === 'string' && NAME.test(first) ? first : undefined;
  return { id, seconds, tookMs: micros / 1_000, name };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
