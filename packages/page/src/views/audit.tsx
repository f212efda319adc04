/** Who did what, the latest first. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { getJson } from '../api/request.js';
import { usePolled } from '../api/use-polled.js';
import type { AuditEntryDocument, AuditPageDocument } from 'portal-server/api';
import { detailWords } from '../copy/details.js';
import { DataTable } from './table.js';
import { TimeText } from './text.js';

const PATH = '/v1/admin/audit';
const LIMIT = 100;
const EVERY_MS = 30_000;
const COLUMNS = ['Time', 'Action', 'User', 'Subject', 'Address', 'Session'];

export function AuditView({ nowMs }: { readonly nowMs: number }): JSX.Element {
  const { body, error } = usePolled(PATH, { query: { limit: LIMIT }, everyMs: EVERY_MS });
  const [older, setOlder] = useState<AuditPageDocument>({ entries: [], next: null });
  const before = older.entries.length > 0 ? older.next : (body?.next ?? null);
  const more = async (): Promise<void> => {
    if (before === null) return;
    const { body: page } = await getJson(PATH, { query: { limit: LIMIT, before } });
    if (page) setOlder({ entries: [...older.entries, ...page.entries], next: page.next });
  };
  return (
    <section aria-labelledby="audit">
      <h2 id="audit">Audit log</h2>
      {body === null ? (
        <p class="soft">{error ?? 'Loading …'}</p>
      ) : (
        <DataTable label="Audit entries" columns={COLUMNS}>
          {[...body.entries, ...older.entries].map((entry) => (
            <Row key={entry.id} entry={entry} nowMs={nowMs} />
          ))}
        </DataTable>
      )}
      {before !== null && (
        <button type="button" onClick={() => void more()}>
          Older
        </button>
      )}
    </section>
  );
}

function Row({ entry, nowMs }: { readonly entry: AuditEntryDocument; readonly nowMs: number }): JSX.Element {
  const { at, action, actor, subject, address, token_suffix, details } = entry;
  return (
    <tr>
      <td>
        <TimeText at={at} nowMs={nowMs} />
      </td>
      <td>
        {action.replaceAll('_', ' ')} <span class="soft">{detailWords(details)}</span>
      </td>
      <td>{actor ?? '–'}</td>
      <td>{subject ?? ''}</td>
      <td>{address ?? ''}</td>
      <td>{token_suffix === null ? '' : <code>…{token_suffix}</code>}</td>
    </tr>
  );
}
