/**
 * Secrets that sing: credentials, a host, a path and SQL that occur nowhere else, so that a piece of one in anything
 * that leaves a process is a leak and no coincidence. Their letters are none of a hexadecimal digit, and no English
 * word has four of them in a row.
 */

/** What the stores are reached with, and what else must stay inside. */
export const PLANTED_SECRETS = {
  databaseUser: 'zqvx_kwjz',
  // What needs no escaping in SQL and all of it in a URL: the piece after an `@` or a `/` is what gets out elsewhere.
  databasePassword: 'Qzk@Wvx/Jyq#Nmp:Zrt?Hvq',
  databaseName: 'nxtk_vqzw',
  cacheUser: 'wlnz_qkyv',
  cachePassword: 'Jqv@Xzk/Wpz#Kqn',
  host: '127.83.61.47',
  folder: 'vgzk_qwnj',
  sql: 'SELECT zjqx FROM kvqzt WHERE wqyx',
} as const;

/** Letters in a row from which a piece counts. */
const PIECE = 4;
/** Numbers are everywhere: of an address counts what nothing but an address has. */
const ADDRESS_PIECES = ['127.83.', '83.61.', '.61.47'];
/** What every statement has says nothing of one. */
const WORDS_OF_SQL = new Set(['SELECT', 'FROM', 'WHERE']);
/** What our own code says to the stores, and nobody else need hear. */
const OWN_SQL = ['transaction_read_only', 'token_hash', 'pg_stat', 'SHOW ', 'SELECT ', 'FROM '];

/** Looks for canaries in texts. */
export interface LeakScan {
  /** Looks through a text; `where` says for the report where it came from. */
  scan(where: string, text: string): void;
  /** How much has been looked through. */
  readonly bytes: number;
  /** Every piece that was found, and where, once each. */
  readonly hits: readonly string[];
}

/** Begins a scan, and first makes sure that it would find something. */
export function startLeakScan(): LeakScan {
  const pattern = patternOf(pieces(), 'i');
  // In capitals only, as code writes it and prose does not.
  const statement = patternOf(OWN_SQL, '');
  const hits = new Set<string>();
  let bytes = 0;
  for (const canary of Object.values(PLANTED_SECRETS)) {
    if (!pattern.test(`x${canary}x`)) throw new Error('The scan does not find a canary that is there.');
  }
  return {
    scan(where, text) {
      bytes += text.length;
      const found = pattern.exec(text) ?? statement.exec(text);
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

/** Every piece of every canary, plain and as a URL writes it. A longer piece holds one of these. */
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
