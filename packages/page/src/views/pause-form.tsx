/** Until when nobody is told of a service, and how to begin or end that. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { fillPath, postJson } from '../api/request.js';
import { TimeText } from './text.js';

const PATH = '/v1/admin/fleet/services/{service}';
const HOUR_MS = 3_600_000;
const SPANS: readonly (readonly [string, number])[] = [
  ['30 min', HOUR_MS / 2],
  ['2 h', 2 * HOUR_MS],
  ['8 h', 8 * HOUR_MS],
  ['1 d', 24 * HOUR_MS],
  ['3 d', 72 * HOUR_MS],
  ['6 d', 144 * HOUR_MS],
];

export interface PauseFormProps {
  readonly service: string;
  readonly pausedUntil: string | null;
  readonly nowMs: number;
  readonly onChange: () => void;
}

export function PauseForm({ service, pausedUntil, nowMs, onChange }: PauseFormProps): JSX.Element {
  const [failure, setFailure] = useState<string | null>(null);
  const send = async (action: string, body: object): Promise<void> => {
    const { status, error } = await postJson(`${fillPath(PATH, { service })}/${action}`, body);
    setFailure(status === 200 ? null : (error ?? 'The service did not answer; nothing has changed.'));
    onChange();
  };
  const pause = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    const until = new Date(nowMs + Number(fields.get('span'))).toISOString();
    void send('pause', { until, reason: fields.get('reason') });
  };
  return (
    <>
      {pausedUntil === null ? (
        <details>
          <summary>Pause its alerts</summary>
          <form class="lines" onSubmit={pause}>
            <SpanSelect />
            <label>
              Why
              <input name="reason" maxLength={500} required />
            </label>
            <button type="submit">Pause</button>
            <p class="soft">
              Nobody is told of incidents that begin meanwhile. Watching goes on, and what is open at the end
              is told of then.
            </p>
          </form>
        </details>
      ) : (
        <p>
          <strong>Alerts are paused</strong> until <TimeText at={pausedUntil} nowMs={nowMs} />.{' '}
          <button type="button" onClick={() => void send('resume', {})}>
            Resume
          </button>
        </p>
      )}
      <p role="status">{failure}</p>
    </>
  );
}

/** For how long: as `span`, in milliseconds. */
export function SpanSelect(): JSX.Element {
  return (
    <label>
      For
      <select name="span">
        {SPANS.map(([words, ms]) => (
          <option key={ms} value={ms}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
