/** The packages that the source imports, what else is told of it, and what will be a problem. */
import type { JSX } from 'preact';
import type { IntegrityDocument } from 'portal-server/api';
import { DEPENDENCY_WORDS, watchingWords } from '../copy/integrity.js';
import { count } from '../copy/numbers.js';
import { Changes } from './integrity-changes.js';
import { TimeText } from './text.js';

export function IntegrityDependencies({
  source,
  nowMs,
}: {
  readonly source: IntegrityDocument;
  readonly nowMs: number;
}): JSX.Element {
  const { dependencies, last_run, boot, warnings } = source;
  const sentences = [...warnings, ...watchingWords(source)];
  const isOther = last_run !== null && last_run.source_hash !== null && boot !== null;
  return (
    <>
      {sentences.length > 0 && (
        <ul>
          {sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      {isOther && last_run.source_hash !== boot.source_hash && (
        <>
          <h3>Changed since the run before</h3>
          <Changes differences={last_run.differences} />
        </>
      )}
      {dependencies !== null && (
        <>
          <h3>Dependencies</h3>
          <p>
            {DEPENDENCY_WORDS[dependencies.state]}: {count(dependencies.packages)} packages,{' '}
            {count(dependencies.files)} files
            {dependencies.checked_at !== null && (
              <>
                , <TimeText at={dependencies.checked_at} nowMs={nowMs} />
              </>
            )}
          </p>
          {dependencies.dependencies_hash !== null && (
            <p>
              <code class="hash">{dependencies.dependencies_hash}</code>
            </p>
          )}
          <Changes differences={dependencies.differences} />
          {dependencies.refusals.length > 0 && (
            <ul>
              {dependencies.refusals.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
          )}
        </>
      )}
    </>
  );
}
