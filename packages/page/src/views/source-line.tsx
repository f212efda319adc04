/** Is it the code we shipped, on one line; more under Integrity. */
import type { JSX } from 'preact';
import { usePolled } from '../api/use-polled.js';
import type { IntegrityDocument } from 'portal-server/api';
import { integrityStatus, integrityWords } from '../copy/integrity.js';
import { Ago, Mark } from './text.js';

/** The service itself looks at its source every ten seconds. */
const EVERY_MS = 10_000;

export function SourceLine({
  nowMs,
  reread,
}: {
  readonly nowMs: number;
  readonly reread: number;
}): JSX.Element {
  const { body: source, error: refusal } = usePolled<IntegrityDocument>('/v1/admin/integrity', {
    everyMs: EVERY_MS,
    reread,
  });
  return (
    <section aria-labelledby="source">
      <div class="title">
        <h2 id="source">Source</h2>
        {source && (
          <p>
            <Mark standing={integrityStatus(source)} word={integrityWords(source)} />
            {source.disk && (
              <span class="soft age">
                looked at <Ago at={source.disk.swept_at} nowMs={nowMs} />
              </span>
            )}
          </p>
        )}
      </div>
      {source?.boot ? (
        <p>
          <code class="hash" title={source.boot.source_hash}>
            {source.boot.source_hash.slice(0, 16)}…
          </code>{' '}
          {sameWords(source)}
        </p>
      ) : (
        <p class="soft">{refusal ?? 'not measured yet'}</p>
      )}
    </section>
  );
}

function sameWords({ boot, disk, expected }: IntegrityDocument): string {
  const isSame = disk?.source_hash === boot?.source_hash;
  const onDisk = disk
    ? isSame
      ? 'on disk as at the start'
      : 'on disk differs from the start'
    : 'disk not read yet';
  if (!expected) return `${onDisk}; nobody said what it should be`;
  return `${onDisk}; ${expected.by === 'statement' ? 'signed statement' : 'expected hash'}${expected.version ? ` of ${expected.version}` : ''}`;
}
