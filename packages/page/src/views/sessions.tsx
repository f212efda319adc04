/** The user's sessions, and how to end them. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { postJson } from '../api/request.js';
import { usePolled } from '../api/use-polled.js';
import { duration } from '../copy/time.js';
import { DataTable } from './table.js';
import { TimeText } from './text.js';

const EVERY_MS = 30_000;
const COLUMNS = ['Session', 'Created by', 'Since', 'Ends in', <span class="hidden">Action</span>];

export function SessionsView({ nowMs }: { readonly nowMs: number }): JSX.Element {
  const [ended, setEnded] = useState(0);
  const [failure, setFailure] = useState<string | null>(null);
  const { body, error: pollError } = usePolled('/v1/users/me/sessions', {
    everyMs: EVERY_MS,
    reread: ended,
  });
  const end = async (suffix: string): Promise<void> => {
    const { status, error } = await postJson(`/v1/users/me/sessions/${suffix}/destroy`);
    setFailure(status === 204 ? null : (error ?? 'The service did not answer; the session is still valid.'));
    setEnded(ended + 1);
  };
  const endAll = async (): Promise<void> => {
    const { status, error } = await postJson('/v1/users/me/sessions/destroy-all');
    // This page's stream ends with its session, and shows that.
    setFailure(
      status === 204 ? null : (error ?? 'The service did not answer; the sessions are still valid.'),
    );
    setEnded(ended + 1);
  };
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">Where you are signed in</h2>
      <p role="status">{failure}</p>
      {body === null ? (
        <p class="soft">{pollError ?? 'Loading …'}</p>
      ) : (
        <DataTable label="Your sessions" columns={COLUMNS}>
          {body.sessions.map(({ token_suffix, created_by, created_at, expires_at, current }) => (
            <tr key={token_suffix}>
              <td>
                <code>…{token_suffix}</code> {current && <strong>this one</strong>}
              </td>
              <td>{created_by}</td>
              <td>
                <TimeText at={created_at} nowMs={nowMs} />
              </td>
              <td>{duration(Date.parse(expires_at) - nowMs)}</td>
              <td>
                <button
                  type="button"
                  aria-label={`End the session ${token_suffix}`}
                  onClick={() => void end(token_suffix)}
                >
                  End
                </button>
              </td>
            </tr>
          ))}
        </DataTable>
      )}
      <p>
        <button type="button" onClick={() => void endAll()}>
          Sign out everywhere
        </button>{' '}
        <span class="soft">Ends all your sessions, including this one.</span>
      </p>
    </section>
  );
}
