/** How a service was: its worst status over the last day, and what happened to it and its instances. */
import type { JSX } from 'preact';
import type { FleetEventPageDocument, FleetHistoryDocument } from 'portal-server/api';
import { usePolled } from '../api/use-polled.js';
import { exactDuration } from '../copy/time.js';
import { Codes } from './fleet-links.js';
import { DataTable } from './table.js';
import { TimeText } from './text.js';

const EVERY_MS = 10_000;
const EVENTS = 20;
const WIDTH = 1_000;
const HEIGHT = 40;
const HEIGHTS: Readonly<Record<string, number>> = { healthy: 10, degraded: 24, unhealthy: 40 };
const COLUMNS = ['When', 'What', 'From', 'To', 'Why'];

export function FleetPast({
  service,
  nowMs,
}: {
  readonly service: string;
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
  return (
    <>
      <section aria-labelledby="service-history">
        <h2 id="service-history">Status history</h2>
        {history.body ? (
          <Strip history={history.body} nowMs={nowMs} />
        ) : (
          <p class="soft">{history.error ?? 'Loading …'}</p>
        )}
      </section>
      <section aria-labelledby="service-events">
        <h2 id="service-events">Events</h2>
        {events && events.events.length > 0 ? (
          <Events events={events.events} nowMs={nowMs} />
        ) : (
          <p class="soft">{events ? 'No events are known.' : 'Loading …'}</p>
        )}
      </section>
    </>
  );
}

/** A worse status is higher, so that it needs no colour; nothing where it is not known how it was. */
function Strip({
  history: { times, status, usable, step_seconds: step, from, to },
  nowMs,
}: {
  readonly history: FleetHistoryDocument;
  readonly nowMs: number;
}): JSX.Element {
  const fromS = Date.parse(from) / 1_000;
  const scale = WIDTH / (Date.parse(to) / 1_000 - fromS);
  const fewest = usable.filter((count) => count !== null);
  const words =
    fewest.length === 0 ? 'nothing was watched yet' : `at the fewest ${Math.min(...fewest)} instances usable`;
  return (
    <figure class="timeline">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={words}>
        {times.map((time, index) => {
          const one = status[index] ?? '';
          const height = HEIGHTS[one];
          if (height === undefined) return null;
          const x = (time - fromS) * scale;
          return (
            <rect
              key={time}
              class={one}
              x={x}
              y={HEIGHT - height}
              width={Math.max(2, step * scale)}
              height={height}
            />
          );
        })}
      </svg>
      <figcaption>
        <TimeText at={from} nowMs={nowMs} />
        <span>
          {words} <small class="soft">(worst of each {exactDuration(step * 1_000)})</small>
        </span>
        <TimeText at={to} nowMs={nowMs} />
      </figcaption>
    </figure>
  );
}

function Events({
  events,
  nowMs,
}: {
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
            <Codes codes={codes} />
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
