/** What the page, its feed and its badges share. */

export interface PagesOptions {
  /** Heading of the page. */
  readonly title: string;
  /** Where the files will be, such as `https://status.example/`; `null`: links stay relative, and the feed has none. */
  readonly site: string | null;
  /** Since when the service that watches does not answer; `null`: it does. Milliseconds since 1970. */
  readonly silentSince: number | null;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Of a name whatever can stand in a file's; a number where nothing can. Two names never give one file. */
export function slugOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  // A name that was changed says by its end which one it was.
  return plain === name ? plain : [plain, numberOf(name)].filter((part) => part !== '').join('-');
}

function numberOf(name: string): string {
  let number = 0;
  for (const character of name) number = (number * 31 + (character.codePointAt(0) ?? 0)) % 4_294_967_291;
  return number.toString(36);
}

const ORDER = ['healthy', 'unknown', 'degraded', 'unhealthy'];

export function worstOf(statuses: readonly string[]): string {
  return ORDER.findLast((status) => statuses.includes(status)) ?? 'unknown';
}
