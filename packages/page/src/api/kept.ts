/**
 * What was read last, so that a view that is opened again, and a page that is loaded again while the service is away, shows what
 * was known. It outlives a reload in this tab, and not the tab nor the session: whoever signs out leaves nothing behind.
 */
const KEY = 'portal.kept';
const MOST = 40;
/** Of all together, in characters: browsers give a tab five million. */
const LONGEST = 2_000_000;

export interface Kept<Value> {
  readonly value: Value;
  /** When it was read, by the clock of this machine, milliseconds since 1970. */
  readonly atMs: number;
}

/** The latest last. */
const entries = new Map<string, Kept<unknown>>(readStored());

export function keep(name: string, value: unknown): void {
  entries.delete(name);
  entries.set(name, { value, atMs: Date.now() });
  const [oldest] = entries.keys();
  if (entries.size > MOST && oldest !== undefined) entries.delete(oldest);
}

/** Under a name there is always the same kind of value. */
export function keptOf<Value>(name: string): Kept<Value> | undefined {
  return entries.get(name) as Kept<Value> | undefined;
}

export function forgetAll(): void {
  entries.clear();
  stored()?.removeItem(KEY);
}

/** To be called once: only what the page is left with is written, and not each answer. @param others - what is kept besides then */
export function keepOverReloads(others: () => void): void {
  addEventListener('pagehide', () => {
    others();
    const written: [string, Kept<unknown>][] = [];
    let length = 0;
    for (const entry of [...entries].toReversed()) {
      length += JSON.stringify(entry).length;
      if (length > LONGEST) break;
      written.unshift(entry);
    }
    try {
      stored()?.setItem(KEY, JSON.stringify(written));
    } catch {
      // There is no room: the next load begins with nothing.
    }
  });
}

function readStored(): readonly [string, Kept<unknown>][] {
  try {
    return JSON.parse(stored()?.getItem(KEY) ?? '[]') as [string, Kept<unknown>][];
  } catch {
    return [];
  }
}

/** `null` where the browser keeps nothing for this page. */
function stored(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
