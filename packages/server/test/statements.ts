/**
 * What a service says to PostgreSQL, read off the wire: one text for each statement, its values included.
 */

/** Statements, as they come. */
export interface Statements {
  /** To be told of all that clients say, with the number of the connection. */
  readonly heard: (bytes: Buffer, connection: number) => void;
  all(): readonly string[];
  forget(): void;
}

/** What a message begins with: one byte for its kind, four for its length. The first has no kind. */
const HEAD = 5;
/** `Query` and `Sync`: what came until then is carried out, in one transaction. */
const ENDS = new Set(['Q', 'S']);

/** None yet. */
export function createStatements(): Statements {
  const open = new Map<number, { bytes: Buffer; hasBegun: boolean; said: string }>();
  let statements: string[] = [];

  return {
    heard(bytes, connection) {
      const state = open.get(connection) ?? { bytes: Buffer.alloc(0), hasBegun: false, said: '' };
      open.set(connection, state);
      state.bytes = Buffer.concat([state.bytes, bytes]);
      for (;;) {
        const head = state.hasBegun ? HEAD : HEAD - 1;
        if (state.bytes.length < head) return;
        const length = state.bytes.readInt32BE(head - 4) + (head - 4);
        if (state.bytes.length < length) return;
        const kind = state.hasBegun ? String.fromCharCode(state.bytes[0] ?? 0) : '';
        state.said += state.bytes.toString('latin1', head, length);
        state.bytes = state.bytes.subarray(length);
        state.hasBegun = true;
        if (ENDS.has(kind)) statements.push(state.said);
        if (ENDS.has(kind) || kind === 'p' || kind === '') state.said = '';
      }
    },
    all: () => statements,
    forget() {
      statements = [];
    },
  };
}
