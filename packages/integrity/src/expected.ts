/**
 * What the source should be: by the signed statement of the release, or by a hash given by hand.
 */
import type { SourceSettings } from './source-options.js';
import type { ExpectedSource, SourceSnapshot } from './state.js';

/** `{}` when neither was given. The modules that a statement needs are imported only now. */
export async function readExpected({
  statement,
  expectedHash,
}: SourceSettings): Promise<Partial<SourceSnapshot>> {
  if (!statement) return expectedHash === undefined ? {} : { expected: byHand(expectedHash) };
  const [{ readFile }, { acceptStatement }, { StatementError }] = await Promise.all([
    import('node:fs/promises'),
    import('./release/statement.js'),
    import('./release/statement-error.js'),
  ]);
  try {
    const text = await readFile(statement.file, 'utf8').catch(() => {
      throw new StatementError('E_FILE');
    });
    const accepted = acceptStatement(text, { ...statement, now: new Date() });
    return {
      exclude: accepted.exclude,
      expected: {
        source_hash: accepted.sourceHash,
        by: 'statement',
        version: accepted.version,
        sequence: accepted.sequence,
        created: accepted.created,
        expires: accepted.expires,
        key_ids: accepted.keyIds,
      },
    };
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    return { statementRejected: error.message };
  }
}

function byHand(hash: string): ExpectedSource {
  return {
    source_hash: hash,
    by: 'hand',
    version: null,
    sequence: null,
    created: null,
    expires: null,
    key_ids: [],
  };
}
