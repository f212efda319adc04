/** What nobody is told of, now or later: pauses and maintenance, how to plan one and how to end it. */
import type { JSX } from 'preact';
import { useContext, useState } from 'preact/hooks';
import type { FleetDocument, PauseDocument } from 'portal-server/api';
import { postJson } from '../api/request.js';
import { usePolled } from '../api/use-polled.js';
import { momentOfField, scopeWords } from '../copy/alerts.js';
import { allLabels } from '../copy/fleet.js';
import { SpanSelect } from './pause-form.js';
import { DataTable } from './table.js';
import { TimeText, TimeZone } from './text.js';

const PATH = '/v1/admin/maintenance';
const EVERY_MS = 10_000;
const COLUMNS = ['Of', 'From', 'Until', 'Why', 'By', <span class="hidden">Action</span>];
const SILENT = 'The service did not answer; nothing has changed.';

export function Maintenance({
  fleet,
  nowMs,
}: {
  readonly fleet: FleetDocument | null;
  readonly nowMs: number;
}): JSX.Element {
  const [changed, setChanged] = useState(0);
  const [failure, setFailure] = useState<string | null>(null);
  const { body, error } = usePolled(PATH, { everyMs: EVERY_MS, reread: changed });
  const send = async (path: string, fields: object): Promise<boolean> => {
    const { status, error: refusal } = await postJson(path, fields);
    const isDone = status === 200 || status === 204;
    setFailure(isDone ? null : (refusal ?? SILENT));
    setChanged(changed + 1);
    return isDone;
  };
  return (
    <>
      <h3>Pauses and maintenance</h3>
      {body === null ? (
        <p class="soft">{error ?? 'Loading …'}</p>
      ) : (
        <Pauses pauses={body.pauses} nowMs={nowMs} onEnd={(id) => void send(`${PATH}/${id}/end`, {})} />
      )}
      <p role="status">{failure}</p>
      {fleet !== null && <PlanForm fleet={fleet} nowMs={nowMs} onPlan={(fields) => send(PATH, fields)} />}
    </>
  );
}

function Pauses({
  pauses,
  nowMs,
  onEnd,
}: {
  readonly pauses: readonly PauseDocument[];
  readonly nowMs: number;
  readonly onEnd: (id: number) => void;
}): JSX.Element {
  if (pauses.length === 0) return <p class="soft">None: every incident that begins is told of.</p>;
  return (
    <DataTable label="Pauses and maintenance" columns={COLUMNS}>
      {pauses.map((pause) => (
        <tr key={pause.id}>
          <th scope="row">{scopeWords(pause)}</th>
          <td>
            <TimeText at={pause.from} nowMs={nowMs} />
          </td>
          <td>
            <TimeText at={pause.until} nowMs={nowMs} />
          </td>
          <td>
            {pause.planned && <strong>Maintenance: </strong>}
            {pause.reason}
          </td>
          <td>{pause.author}</td>
          <td>
            <button
              type="button"
              aria-label={`End: ${scopeWords(pause)}, ${pause.reason}`}
              onClick={() => onEnd(pause.id)}
            >
              End
            </button>
          </td>
        </tr>
      ))}
    </DataTable>
  );
}

function PlanForm({
  fleet: { services },
  nowMs,
  onPlan,
}: {
  readonly fleet: FleetDocument;
  readonly nowMs: number;
  readonly onPlan: (fields: object) => Promise<boolean>;
}): JSX.Element {
  const zone = useContext(TimeZone);
  const plan = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const fields = new FormData(form);
    const text = (name: string): string => {
      const value = fields.get(name);
      return typeof value === 'string' ? value : '';
    };
    const [kind = '', ...rest] = text('scope').split(' ');
    const from = momentOfField(text('from'), zone);
    const beginMs = from === undefined ? nowMs : Date.parse(from);
    const isDone = await onPlan({
      [kind]: rest.join(' '),
      ...(from !== undefined && { from }),
      until: new Date(beginMs + Number(text('span'))).toISOString(),
      reason: text('reason'),
    });
    if (isDone) form.reset();
  };
  const labels = allLabels(services);
  return (
    <details>
      <summary>Plan a maintenance</summary>
      <form class="lines" onSubmit={(event) => void plan(event)}>
        <label>
          Of
          <select name="scope">
            <optgroup label="A service">
              {services.map(({ name }) => (
                <option key={name} value={`service ${name}`}>
                  {name}
                </option>
              ))}
            </optgroup>
            {labels.length > 0 && (
              <optgroup label="All with a label">
                {labels.map((label) => (
                  <option key={label} value={`label ${label}`}>
                    {label}
                  </option>
                ))}
              </optgroup>
            )}
          </select>
        </label>
        <label>
          From, {zone === 'utc' ? 'in UTC' : 'in your time'}; empty: now
          <input type="datetime-local" name="from" />
        </label>
        <SpanSelect />
        <label>
          Why
          <input name="reason" maxLength={500} required />
        </label>
        <button type="submit">Plan</button>
        <p class="soft">
          Nobody is told of incidents that begin meanwhile, and healthy time leaves it out. Watching goes on.
        </p>
      </form>
    </details>
  );
}
