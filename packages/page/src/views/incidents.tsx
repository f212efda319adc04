/** What went wrong, the latest first: those that are open before all others. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { IncidentPageDocument } from 'portal-server/api';
import type { IncidentFilter, Navigation } from '../address.js';
import { getJson, type Query } from '../api/request.js';
import { usePolled } from '../api/use-polled.js';
import { foldIncidents, type IncidentRow } from '../copy/fold-incidents.js';
import { incidentTitle, isKind, KINDS, lastedMs, shownStatus } from '../copy/incident.js';
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

export function IncidentsView(props: IncidentsProps & { readonly filter: IncidentFilter }): JSX.Element {
  return (
    <section aria-labelledby="incidents">
      <h2 id="incidents">Incidents</h2>
      <Filter filter={props.filter} navigation={props.navigation} />
      <Listed key={JSON.stringify(queryOf(props.filter))} {...props} />
    </section>
  );
}

function Listed({
  filter,
  navigation,
  nowMs,
}: IncidentsProps & { readonly filter: IncidentFilter }): JSX.Element {
  const wanted = queryOf(filter);
  const open = usePolled(PATH, { query: { ...wanted, state: 'open', limit: 200 }, everyMs: EVERY_MS });
  const ended = usePolled(PATH, { query: { ...wanted, state: 'ended', limit: LIMIT }, everyMs: EVERY_MS });
  const [older, setOlder] = useState<IncidentPageDocument>({ incidents: [], next: null });
  const before = older.incidents.length > 0 ? older.next : (ended.body?.next ?? null);
  const more = async (): Promise<void> => {
    if (before === null) return;
    const { body } = await getJson(PATH, { query: { ...wanted, state: 'ended', limit: LIMIT, before } });
    if (body) setOlder({ incidents: [...older.incidents, ...body.incidents], next: body.next });
  };
  const error = open.error ?? ended.error;
  return (
    <>
      {error !== null && <p role="status">{error}</p>}
      {open.body === null || ended.body === null ? (
        error === null && <p class="soft">Loading …</p>
      ) : (
        <>
          {open.body.incidents.length === 0 ? (
            <p>None is open.</p>
          ) : (
            <Rows
              label="Open"
              rows={open.body.incidents.map((incident) => [incident])}
              navigation={navigation}
              nowMs={nowMs}
            />
          )}
          <h3>Ended</h3>
          {ended.body.incidents.length === 0 ? (
            <p class="soft">None yet.</p>
          ) : (
            <Rows
              label="Ended"
              rows={foldIncidents([...ended.body.incidents, ...older.incidents])}
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
    </>
  );
}

/** Empty texts ask for nothing; what is not yet a name or a code is not asked for either. */
function queryOf({ kind, about, code }: IncidentFilter): Query {
  return {
    ...(isKind(kind) && { kind }),
    ...(/^[a-z0-9][a-z0-9-]{0,62}$/.test(about) && { service: about }),
    ...(/^[A-Z][A-Z0-9_]{1,62}$/.test(code) && { code }),
  };
}

function Filter({
  filter,
  navigation,
}: {
  readonly filter: IncidentFilter;
  readonly navigation: Navigation;
}): JSX.Element {
  const change = (part: Partial<IncidentFilter>): void =>
    navigation.replace({ filter: { ...filter, ...part } });
  return (
    <form class="filter" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        Kind
        <select value={filter.kind} onChange={(event) => change({ kind: event.currentTarget.value })}>
          <option value="">any</option>
          {Object.entries(KINDS).map(([kind, words]) => (
            <option key={kind} value={kind}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label>
        Service
        <input
          type="search"
          value={filter.about}
          onInput={(event) => change({ about: event.currentTarget.value.trim() })}
        />
      </label>
      <label>
        Code
        <input
          type="search"
          value={filter.code}
          onInput={(event) => change({ code: event.currentTarget.value.trim().toUpperCase() })}
        />
      </label>
    </form>
  );
}

function Rows({
  label,
  rows,
  navigation,
  nowMs,
}: IncidentsProps & {
  readonly label: string;
  readonly rows: readonly IncidentRow[];
}): JSX.Element {
  return (
    <DataTable label={label} columns={COLUMNS}>
      {rows.map((row) => (
        <Row key={row[0].id} row={row} navigation={navigation} nowMs={nowMs} />
      ))}
    </DataTable>
  );
}

/** The latest of those that came and went, with how many they were. */
function Row({ row, navigation, nowMs }: IncidentsProps & { readonly row: IncidentRow }): JSX.Element {
  const [incident, ...earlier] = row;
  const lengths = row.map((one) => lastedMs(one, nowMs));
  const [shortest, longest] = [Math.min(...lengths), Math.max(...lengths)].map(duration);
  return (
    <tr>
      <th scope="row">
        <IncidentLink id={incident.id} navigation={navigation}>
          {incidentTitle(incident)}
        </IncidentLink>
        {earlier.length > 0 && (
          <details>
            <summary>{row.length} times</summary>
            <ul class="plain">
              {earlier.map((one) => (
                <li key={one.id}>
                  <IncidentLink id={one.id} navigation={navigation}>
                    <TimeText at={one.began_at} nowMs={nowMs} />
                  </IncidentLink>
                  , {duration(lastedMs(one, nowMs))}
                </li>
              ))}
            </ul>
          </details>
        )}
      </th>
      <td>
        <Mark status={incident.worst} />
      </td>
      <td>
        <TimeText at={incident.began_at} nowMs={nowMs} />
      </td>
      <td>
        {shortest === longest ? longest : `${shortest} to ${longest}`}
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
  );
}
