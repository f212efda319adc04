/** Which files differ on disk, and the changes since the start. */
import type { JSX } from 'preact';
import type { IntegrityDocument } from 'portal-server/api';
import { duration } from '../copy/time.js';
import { TimeText } from './text.js';

type Differences = IntegrityDocument['differences'];

export function IntegrityChanges({
  source,
  nowMs,
}: {
  readonly source: IntegrityDocument;
  readonly nowMs: number;
}): JSX.Element {
  const { differences, events, drifted_since } = source;
  return (
    <>
      <h3>Changed on disk since the start</h3>
      {differences.changes.length === 0 ? (
        <p class="soft">
          {drifted_since === null ? 'No difference.' : 'No difference now: every change has been reverted.'}
        </p>
      ) : (
        <Changes differences={differences} />
      )}
      {events.length > 0 && (
        <>
          <h3>Changes over time</h3>
          <ol class="plain">
            {events.map((event) => (
              <li key={event.began_at}>
                <TimeText at={event.began_at} nowMs={nowMs} />{' '}
                <span class="soft">
                  within {duration(Date.parse(event.ended_at) - Date.parse(event.began_at))}
                  {event.put_back > 0 && `, ${event.put_back} reverted`}
                </span>
                <Changes differences={event} />
              </li>
            ))}
          </ol>
        </>
      )}
    </>
  );
}

export function Changes({ differences }: { readonly differences: Differences }): JSX.Element {
  return (
    <ul>
      {differences.changes.map((change) => (
        <li key={`${change.kind} ${change.path}`}>
          {change.kind} <code>{change.path}</code>
          {'from' in change && change.from !== undefined && (
            <>
              {' '}
              from <code>{change.from}</code>
            </>
          )}
          {change.files > 1 && ` (${change.files} files)`}
        </li>
      ))}
      {differences.more_changes > 0 && <li>and {differences.more_changes} more</li>}
    </ul>
  );
}
