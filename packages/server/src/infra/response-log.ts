/**
 * What was answered, in the log: a line each for whoever is known, and for strangers so many lines a minute, however many
 * ask. What goes beyond is counted, and told in one line a route and status at the end of the minute: nobody from
 * outside decides how much is written.
 */
import type { Fields, Log } from './log.js';

/** The log of answers. */
export interface ResponseLog {
  /** `isKnown`: asked by somebody who is signed in, whose number is limited elsewhere. */
  log(fields: LoggedResponse, isKnown: boolean): void;
  /** Something else that strangers can bring about, by one of a few names: the first of a minute are for `write`. */
  seldom(event: string, write: () => void): void;
  /** Tells what has been counted so far. */
  close(): void;
}

/** What is said of an answer. The route is as we wrote it, so there are not many. */
export type LoggedResponse = Fields & { readonly route: string; readonly status: number };

/** Lines a minute of one kind. */
const MOST_OF_KIND = 20;
/** Answers of all kinds that strangers get a line for, in a minute. */
const MOST_OF_ALL = 200;
const WINDOW_MS = 60_000;

interface Counted {
  readonly event: string;
  readonly fields: Fields;
  seen: number;
  unlogged: number;
}

/** Nothing is counted yet. `windowMs`: how long a minute is, for tests. */
export function createResponseLog(log: Log, { windowMs = WINDOW_MS } = {}): ResponseLog {
  const kinds = new Map<string, Counted>();
  let answers = 0;
  let timer: NodeJS.Timeout | undefined;

  function tell(): void {
    clearTimeout(timer);
    timer = undefined;
    for (const { event, fields, unlogged: untold } of kinds.values()) {
      if (untold > 0) log.info(event, { ...fields, count: untold });
    }
    kinds.clear();
    answers = 0;
  }

  function kindOf(key: string, event: string, fields: Fields): Counted {
    timer ??= setTimeout(tell, windowMs).unref();
    const kind = kinds.get(key) ?? { event, fields, seen: 0, unlogged: 0 };
    kinds.set(key, kind);
    kind.seen += 1;
    return kind;
  }

  return {
    log(fields, isKnown) {
      const { route, status } = fields;
      if (!isKnown) {
        const kind = kindOf(`${status} ${route}`, 'answered many more', { route, status });
        if (kind.seen > MOST_OF_KIND || answers >= MOST_OF_ALL) {
          kind.unlogged += 1;
          return;
        }
        answers += 1;
      }
      log.info('answered', fields);
    },
    seldom(event, write) {
      const kind = kindOf(event, `${event}, many more times`, {});
      if (kind.seen <= MOST_OF_KIND) write();
      else kind.unlogged += 1;
    },
    close: tell,
  };
}
