/** How a service was: its worst status over the last day, and what happened to it and its instances. */
import type { JSX } from 'preact';
import type { FleetDocument, FleetEventPageDocument } from 'portal-server/api';
import type { Navigation } from '../address.js';
import { useIncidents } from '../api/use-incidents.js';
import { usePolled } from '../api/use-polled.js';
import { Codes } from './fleet-links.js';
import { FleetStrip } from './fleet-strip.js';
import { IncidentOf, type IncidentsSeen } from './incident-links.js';
import { DataTable } from './table.js';
import { TimeText } from './text.js';

const EVERY_MS = 10_000;
const EVENTS = 20;
/** An incident begins at a change of the service, or a little later. */
const LATE_MS = 5_000;
const COLUMNS = ['When', 'What', 'From', 'To', 'Why'];

export function FleetPast({
  service,
  fleet,
  navigation,
  nowMs,
}: {
  readonly service: string;
  readonly fleet: FleetDocument | null;
  readonly navigation: Navigation;
  readonly nowMs: number;
}): JSX.Element {
  const history = usePolled('/v1/admin/fleet/services/{service}/history', {
    names: { service },
    everyMs: EVERY_MS,
  });
  const { body: events } = usePolled('/v1/admin/fleet/events', {
    query: { service, limit: EVENTS },
    everyMs: EVERY_MS,
  });
  const seen = { incidents: useIncidents(service, fleet), navigation };
  return (
    <>
      <section aria-labelledby="service-history">
        <h2 id="service-history">Status history</h2>
        {history.body ? (
          <FleetStrip history={history.body} nowMs={nowMs} seen={seen} />
        ) : (
          <p class="soft">{history.error ?? 'Loading …'}</p>
        )}
      </section>
      <section aria-labelledby="service-events">
        <h2 id="service-events">Events</h2>
        {events && events.events.length > 0 ? (
          <Events events={events.events} nowMs={nowMs} seen={seen} />
        ) : (
          <p class="soft">{events ? 'No events are known.' : 'Loading …'}</p>
        )}
      </section>
    </>
  );
}

function Events({
  events,
  nowMs,
  seen,
}: {
  readonly seen: IncidentsSeen;
  readonly events: FleetEventPageDocument['events'];
  readonly nowMs: number;
}): JSX.Element {
  return (
    <DataTable label="Changes" columns={COLUMNS}>
      {events.map(({ id, at, instance, from, to, codes }) => (
        <tr key={id}>
          <td class="short">
            <TimeText at={at} nowMs={nowMs} />
          </td>
          <td>{instance ?? 'the service'}</td>
          <td>{from ?? '–'}</td>
          <td>{to}</td>
          <td>
            <Codes codes={codes} />{' '}
            {instance === null && to !== 'healthy' && (
              <IncidentOf
                {...seen}
                frame={{ fromMs: Date.parse(at), toMs: Date.parse(at) + LATE_MS }}
                nowMs={nowMs}
              />
            )}
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
