/** What went wrong, the latest first: those that are open before all others. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { IncidentDocument, IncidentPageDocument } from 'portal-server/api';
import type { Navigation } from '../address.js';
import { getJson } from '../api/request.js';
import { usePolled } from '../api/use-polled.js';
import { incidentTitle, lastedMs, shownStatus } from '../copy/incident.js';
import { duration } from '../copy/time.js';
import { Codes, IncidentLink } from './fleet-links.js';
import { DataTable } from './table.js';
import { Mark, TimeText } from './text.js';

const PATH = '/v1/admin/incidents';
const LIMIT = 50;
const EVERY_MS = 5_000;
const COLUMNS = ['Incident', 'At worst', 'Began', 'Lasted', 'Causes'];

export interface IncidentsProps {
  readonly navigation: Navigation;
  readonly nowMs: number;
}

export function IncidentsView({ navigation, nowMs }: IncidentsProps): JSX.Element {
  const open = usePolled(PATH, { query: { state: 'open', limit: 200 }, everyMs: EVERY_MS });
  const ended = usePolled(PATH, { query: { state: 'ended', limit: LIMIT }, everyMs: EVERY_MS });
  const [older, setOlder] = useState<IncidentPageDocument>({ incidents: [], next: null });
  const before = older.incidents.length > 0 ? older.next : (ended.body?.next ?? null);
  const more = async (): Promise<void> => {
    if (before === null) return;
    const { body } = await getJson(PATH, { query: { state: 'ended', limit: LIMIT, before } });
    if (body) setOlder({ incidents: [...older.incidents, ...body.incidents], next: body.next });
  };
  const error = open.error ?? ended.error;
  return (
    <section aria-labelledby="incidents">
      <h2 id="incidents">Incidents</h2>
      {error !== null && <p role="status">{error}</p>}
      {open.body === null || ended.body === null ? (
        error === null && <p class="soft">Loading …</p>
      ) : (
        <>
          {open.body.incidents.length === 0 ? (
            <p>None is open.</p>
          ) : (
            <Rows label="Open" incidents={open.body.incidents} navigation={navigation} nowMs={nowMs} />
          )}
          <h3>Ended</h3>
          {ended.body.incidents.length === 0 ? (
            <p class="soft">None yet.</p>
          ) : (
            <Rows
              label="Ended"
              incidents={[...ended.body.incidents, ...older.incidents]}
              navigation={navigation}
              nowMs={nowMs}
            />
          )}
          {before !== null && (
            <button type="button" onClick={() => void more()}>
              Older
            </button>
          )}
        </>
      )}
    </section>
  );
}

function Rows({
  label,
  incidents,
  navigation,
  nowMs,
}: IncidentsProps & {
  readonly label: string;
  readonly incidents: readonly IncidentDocument[];
}): JSX.Element {
  return (
    <DataTable label={label} columns={COLUMNS}>
      {incidents.map((incident) => (
        <tr key={incident.id}>
          <th scope="row">
            <IncidentLink id={incident.id} navigation={navigation}>
              {incidentTitle(incident)}
            </IncidentLink>
          </th>
          <td>
            <Mark status={incident.worst} />
          </td>
          <td>
            <TimeText at={incident.began_at} nowMs={nowMs} />
          </td>
          <td>
            {duration(lastedMs(incident, nowMs))}
            {incident.ended_at === null && (
              <>
                , <Mark status={shownStatus(incident)} word="open" />
              </>
            )}
          </td>
          <td>
            <Codes codes={[...new Set(incident.causes.map(({ code }) => code))]} />
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
