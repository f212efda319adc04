/** One incident: its causes in order, what it touched, who was told, and what people found out. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { IncidentDetailDocument } from 'portal-server/api';
import { fillPath, postJson } from '../api/request.js';
import { usePolled } from '../api/use-polled.js';
import { codeSentence } from '../copy/fleet.js';
import { incidentTitle, lastedMs, shownStatus } from '../copy/incident.js';
import { incidentMarkdown, instanceName } from '../copy/incident-markdown.js';
import { duration } from '../copy/time.js';
import { CopyButton } from './copy-button.js';
import { CodeAdvice, Codes, IncidentLink } from './fleet-links.js';
import { IncidentCharts } from './incident-charts.js';
import type { IncidentsProps } from './incidents.js';
import { DataTable } from './table.js';
import { Figure, Mark, TimeText } from './text.js';

const PATH = '/v1/admin/incidents/{id}';
const EVERY_MS = 4_000;

export function IncidentView({
  id,
  navigation,
  nowMs,
}: IncidentsProps & { readonly id: string }): JSX.Element {
  const [written, setWritten] = useState(0);
  const { body, error } = usePolled(PATH, { names: { id }, everyMs: EVERY_MS, reread: written });
  return (
    <section aria-labelledby="incident">
      <p>
        <IncidentLink id="" navigation={navigation}>
          Incidents
        </IncidentLink>
      </p>
      {error !== null && <p role="status">{error}</p>}
      {body === null ? (
        <h2 id="incident">{error === null ? 'Loading …' : 'No such incident'}</h2>
      ) : (
        <>
          <Facts detail={body} nowMs={nowMs} />
          <Causes detail={body} nowMs={nowMs} />
          <IncidentCharts incident={body.incident} navigation={navigation} nowMs={nowMs} />
          <Alerts detail={body} nowMs={nowMs} />
          <Notes detail={body} nowMs={nowMs} onWritten={() => setWritten(written + 1)} />
          <p>
            <CopyButton
              label="Copy as Markdown"
              name="the incident"
              text={() => incidentMarkdown(body, codeSentence, nowMs)}
            />
          </p>
        </>
      )}
    </section>
  );
}

interface PartProps {
  readonly detail: IncidentDetailDocument;
  readonly nowMs: number;
}

function Facts({ detail: { incident }, nowMs }: PartProps): JSX.Element {
  const { began_at: began, ended_at: ended, services, instances } = incident;
  return (
    <>
      <div class="title">
        <h2 id="incident">{incidentTitle(incident)}</h2>
        <p>
          <Mark status={shownStatus(incident)} /> {ended === null ? 'open' : 'at worst, ended'}
        </p>
      </div>
      <dl class="figures">
        <Figure name="Began">
          <TimeText at={began} nowMs={nowMs} />
        </Figure>
        <Figure name="Ended">{ended === null ? 'not yet' : <TimeText at={ended} nowMs={nowMs} />}</Figure>
        <Figure name="Lasted">{duration(lastedMs(incident, nowMs))}</Figure>
        {services.length > 0 && <Figure name="Services">{services.join(', ')}</Figure>}
        {instances.length > 0 && <Figure name="Instances">{instances.map(instanceName).join(', ')}</Figure>}
      </dl>
    </>
  );
}

function Causes({ detail: { incident }, nowMs }: PartProps): JSX.Element {
  return (
    <>
      <h3>Causes</h3>
      {incident.causes.length === 0 ? (
        <p class="soft">None is known.</p>
      ) : (
        <DataTable label="Causes" columns={['Cause', 'Where', 'From', 'To']}>
          {incident.causes.map(({ code, service, instance, began_at: from, ended_at: to }) => (
            <tr key={`${code} ${service} ${instance} ${from}`}>
              <td>
                <Codes codes={[code]} hasRunbooks />
              </td>
              <td>{[service, instance].filter((name) => name !== null).join(' ') || '–'}</td>
              <td>
                <TimeText at={from} nowMs={nowMs} />
              </td>
              <td>{to === null ? 'now' : <TimeText at={to} nowMs={nowMs} />}</td>
            </tr>
          ))}
        </DataTable>
      )}
      <CodeAdvice codes={[...new Set(incident.causes.map(({ code }) => code))]} />
    </>
  );
}

function Alerts({ detail: { alerts }, nowMs }: PartProps): JSX.Element {
  return (
    <>
      <h3>Who was told</h3>
      {alerts.length === 0 ? (
        <p class="soft">No receiver of messages. Alertmanagers, if there are any, are told ever again.</p>
      ) : (
        <DataTable label="Who was told" columns={['Time', 'Receiver', 'Of', 'State']}>
          {alerts.map(({ message, receiver, transition, state, at }) => (
            <tr key={`${message} ${receiver}`}>
              <td>
                <TimeText at={at} nowMs={nowMs} />
              </td>
              <td>{receiver}</td>
              <td>{transition}</td>
              <td>{state.replaceAll('_', ' ')}</td>
            </tr>
          ))}
        </DataTable>
      )}
    </>
  );
}

function Notes({
  detail: { incident, notes },
  nowMs,
  onWritten,
}: PartProps & { readonly onWritten: () => void }): JSX.Element {
  const [failure, setFailure] = useState<string | null>(null);
  const [text, setText] = useState('');
  const write = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const path = `${fillPath(PATH, { id: incident.id })}/notes`;
    const { status, error } = await postJson(path, { text });
    setFailure(status === 200 ? null : (error ?? 'The service did not answer; the note is not kept.'));
    if (status !== 200) return;
    setText('');
    onWritten();
  };
  return (
    <>
      <h3>Notes</h3>
      {notes === null && <p class="soft">They cannot be read while the database is away.</p>}
      {notes?.map(({ at, author, text: words }) => (
        <p key={at} class="note">
          <span class="soft">
            <TimeText at={at} nowMs={nowMs} />, {author}:
          </span>{' '}
          {words}
        </p>
      ))}
      <form class="lines" onSubmit={(event) => void write(event)}>
        <label>
          What you found out
          <textarea
            name="note"
            rows={3}
            maxLength={4_000}
            required
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <button type="submit">Add note</button>
        <p role="status">{failure}</p>
      </form>
    </>
  );
}
