/** Is it running the code that was released? Expected, at the start, on disk and in memory, and the files that differ. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { getJson } from '../api/request.js';
import type { PageState } from '../api/page-state.js';
import { usePolled } from '../api/use-polled.js';
import type { IntegrityDocument } from 'portal-server/api';
import { bytes, count } from '../copy/numbers.js';
import { integrityStatus, integrityWords } from '../copy/integrity.js';
import { CopyButton } from './copy-button.js';
import { IntegrityChanges } from './integrity-changes.js';
import { IntegrityDependencies } from './integrity-dependencies.js';
import { DataTable } from './table.js';
import { Mark, TimeText } from './text.js';

const EVERY_MS = 10_000;
const COLUMNS = ['Source', 'Hash', 'Files', 'Time'];

export function IntegrityView({
  known,
  nowMs,
}: {
  readonly known: PageState;
  readonly nowMs: number;
}): JSX.Element {
  const [inspections, setInspections] = useState(0);
  const { body: source, error } = usePolled('/v1/admin/integrity', {
    everyMs: EVERY_MS,
    reread: known.ownEventCount + inspections,
  });
  const reload = async (): Promise<void> => {
    await getJson('/v1/admin/integrity/loaded');
    setInspections(inspections + 1);
  };
  if (!source) return <p class="soft">{error ?? 'Loading …'}</p>;
  const { boot, disk, loaded, expected } = source;
  return (
    <section aria-labelledby="integrity">
      <div class="title">
        <h2 id="integrity">Integrity</h2>
        <p>
          <Mark status={integrityStatus(source)} word={integrityWords(source)} />{' '}
          <span class="soft">
            since <TimeText at={source.since} nowMs={nowMs} />
          </span>
        </p>
      </div>
      {source.statement_refused !== null && (
        <p>The signed statement was rejected: {source.statement_refused}.</p>
      )}
      {source.refusals.length > 0 && (
        <ul>
          {source.refusals.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
      <DataTable label="Source hashes" columns={COLUMNS}>
        <tr>
          <th scope="row">Expected</th>
          <td>{expected ? <Hash hash={expected.source_hash} /> : 'no expected hash'}</td>
          <td>{expected?.version ?? ''}</td>
          <td>{expected ? (expected.by === 'statement' ? 'signed statement' : 'PORTAL_SOURCE_HASH') : ''}</td>
        </tr>
        <tr>
          <th scope="row">At the start</th>
          <td>{boot ? <Hash hash={boot.source_hash} /> : 'not measured'}</td>
          <td>{boot && `${count(boot.files)}, ${bytes(boot.bytes)}`}</td>
          <td>{boot && <TimeText at={boot.hashed_at} nowMs={nowMs} />}</td>
        </tr>
        <tr>
          <th scope="row">On disk</th>
          <td>{disk ? <Hash hash={disk.source_hash} /> : 'not measured'}</td>
          <td>{disk && `${count(disk.files)}, ${bytes(disk.bytes)}`}</td>
          <td>{disk && <TimeText at={disk.swept_at} nowMs={nowMs} />}</td>
        </tr>
        <tr>
          <th scope="row">In memory</th>
          <td>{loaded ? loadedWords(loaded) : 'not inspected yet'}</td>
          <td>{loaded && `${count(loaded.scripts)} scripts`}</td>
          <td>
            {loaded && <TimeText at={loaded.inspected_at} nowMs={nowMs} />}{' '}
            <button type="button" onClick={() => void reload()}>
              Inspect now
            </button>
          </td>
        </tr>
      </DataTable>
      <IntegrityDependencies source={source} nowMs={nowMs} />
      <IntegrityChanges source={source} nowMs={nowMs} />
    </section>
  );
}

function Hash({ hash }: { readonly hash: string }): JSX.Element {
  return (
    <>
      <code class="hash">{hash}</code> <CopyButton text={hash} name={`the hash ${hash.slice(0, 8)}`} />
    </>
  );
}

function loadedWords({ different, unknown }: NonNullable<IntegrityDocument['loaded']>): string {
  const differing = [...different, ...unknown];
  return differing.length === 0
    ? 'every script is the same as at the start'
    : `differs: ${differing.join(', ')}`;
}
