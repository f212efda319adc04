/**
 * Planted secrets: credentials, a host, a path and SQL that occur nowhere else, so that a piece of one in anything that
 * leaves a process is a leak. None of their letters is a hexadecimal digit, and no English word has four of them in a row.
 */

export const PLANTED_SECRETS = {
  databaseUser: 'zqvx_kwjz',
  // Needs no escaping in SQL but does in a URL: code that splits at an `@` or a `/` leaks the piece behind it.
  databasePassword: 'Qzk@Wvx/Jyq#Nmp:Zrt?Hvq',
  databaseName: 'nxtk_vqzw',
  cacheUser: 'wlnz_qkyv',
  cachePassword: 'Jqv@Xzk/Wpz#Kqn',
  host: '127.83.61.47',
  folder: 'vgzk_qwnj',
  /** In the name that another application gives itself, which is made to be shown. */
  application: 'yvzq_jkwx',
  sql: 'SELECT zjqx FROM kvqzt WHERE wqyx',
} as const;

/** Letters in a row from which a piece counts. */
const PIECE = 4;
/** Of the host only pieces count that no other number has. */
const ADDRESS_PIECES = ['127.83.', '83.61.', '.61.47'];
/** Every statement has these, so they are no sign of this one. */
const WORDS_OF_SQL = new Set(['SELECT', 'FROM', 'WHERE']);
/** What our own code sends to the stores, which must not get out either. */
const OWN_SQL = ['transaction_read_only', 'token_hash', 'pg_stat', 'SHOW ', 'SELECT ', 'FROM '];

export interface LeakScan {
  /** @param where - the origin of the text, for the report */
  scan(where: string, text: string): void;
  /** Scanned so far. */
  readonly bytes: number;
  /** Every piece that was found, and where, once each. */
  readonly hits: readonly string[];
}

/** Throws when the pattern would not find the secrets themselves. */
export function startLeakScan(): LeakScan {
  const pattern = patternOf(pieces(), 'i');
  // In capitals only, as code writes it and prose does not.
  const statement = patternOf(OWN_SQL, '');
  const hits = new Set<string>();
  let bytes = 0;
  for (const secret of Object.values(PLANTED_SECRETS)) {
    if (!pattern.test(`x${secret}x`)) throw new Error('The scan does not find a planted secret.');
  }
  return {
    scan(where, text) {
      bytes += text.length;
      // Administrators read in reasons which role it is, and where to look next.
      const told = where.endsWith('/reasons') ? withoutAllowed(text) : text;
      const found = pattern.exec(told) ?? statement.exec(told);
      if (found) hits.add(`${where}: ${JSON.stringify(found[0])}`);
    },
    get bytes() {
      return bytes;
    },
    get hits() {
      return [...hits];
    },
  };
}

function withoutAllowed(text: string): string {
  return text.replaceAll(PLANTED_SECRETS.databaseUser, '').replaceAll(/pg_stat_[a-z]+/g, '');
}

/** Every piece of every secret, plain and percent-encoded. A longer piece contains one of these. */
function pieces(): string[] {
  const { host, sql, ...secrets } = PLANTED_SECRETS;
  const words = sql.split(' ').filter((word) => !WORDS_OF_SQL.has(word));
  const texts = Object.values(secrets).flatMap((secret) => [secret, encodeURIComponent(secret)]);
  return [host, ...ADDRESS_PIECES, ...[...texts, ...words].flatMap(piecesOf)];
}

function piecesOf(text: string): string[] {
  return Array.from({ length: text.length - PIECE + 1 }, (_, start) => text.slice(start, start + PIECE));
}

function patternOf(texts: readonly string[], flags: string): RegExp {
  const escaped = texts.map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(escaped.join('|'), flags);
}
