/** One line on the source: is it the code that was released? More under Integrity. */
import type { JSX } from 'preact';
import { usePolled } from '../api/use-polled.js';
import type { IntegrityDocument } from 'portal-server/api';
import { integrityStatus, integrityWords } from '../copy/integrity.js';
import { CopyButton } from './copy-button.js';
import { Ago, Mark } from './text.js';

/** A change is an event, which the stream tells at once; this is for the age of the scan. */
const EVERY_MS = 60_000;

export function SourceLine({
  nowMs,
  reread,
}: {
  readonly nowMs: number;
  readonly reread: number;
}): JSX.Element {
  const { body: source, error } = usePolled('/v1/admin/integrity', {
    everyMs: EVERY_MS,
    reread,
  });
  return (
    <section aria-labelledby="source">
      <div class="title">
        <h2 id="source">Source</h2>
        {source && (
          <p>
            <Mark status={integrityStatus(source)} word={integrityWords(source)} />
            {source.disk && (
              <span class="soft age">
                scanned <Ago at={source.disk.swept_at} nowMs={nowMs} />
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
          <CopyButton text={source.boot.source_hash} name="the source hash" /> {sameWords(source)}
        </p>
      ) : (
        <p class="soft">{error ?? 'not measured yet'}</p>
      )}
    </section>
  );
}

function sameWords({ boot, disk, expected }: IntegrityDocument): string {
  const isSame = disk?.source_hash === boot?.source_hash;
  const onDisk = disk
    ? isSame
      ? 'on disk the same as at the start'
      : 'on disk differs from the start'
    : 'disk not scanned yet';
  if (!expected) return `${onDisk}; no expected hash`;
  return `${onDisk}; ${expected.by === 'statement' ? 'signed statement' : 'expected hash'}${expected.version ? ` of ${expected.version}` : ''}`;
}
