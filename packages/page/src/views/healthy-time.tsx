/** For how long a service was healthy: of the last days together, and day by day. */
import type { JSX } from 'preact';
import type { HealthyTimeDocument } from 'portal-server/api';
import type { Navigation } from '../address.js';
import { usePolled } from '../api/use-polled.js';
import { daysText, daysWithTrouble, percentText, unwellText, worstOf } from '../copy/healthy-time.js';
import { IncidentsOf } from './fleet-links.js';
import { DataTable } from './table.js';
import { TimeText } from './text.js';

const EVERY_MS = 60_000;
const WIDTH = 1_000;
const HEIGHT = 40;
/** A worse day is higher, so that it needs no colour; maintenance is apart, at the foot. */
const HEIGHTS = { healthy: 10, degraded: 24, unhealthy: 40, maintenance: 4 } as const;
const FOOT = 3;
const MOST_DAYS = 30;

export function HealthyTimeSection({
  service,
  navigation,
  nowMs,
}: {
  readonly service: string;
  readonly navigation: Navigation;
  readonly nowMs: number;
}): JSX.Element {
  const { body, error } = usePolled('/v1/admin/fleet/services/{service}/healthy-time', {
    names: { service },
    query: { time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone },
    everyMs: EVERY_MS,
  });
  return (
    <section aria-labelledby="healthy-time" class="healthy-time">
      <h2 id="healthy-time">Healthy time</h2>
      {body === null ? (
        <p class="soft">{error ?? 'Loading …'}</p>
      ) : (
        <>
          <Days days={body.days} />
          <Ranges time={body} />
          <p class="soft">
            {body.measures} Maintenance is left out.
            {body.complete_from && (
              <>
                {' '}
                Measured since <TimeText at={body.complete_from} nowMs={nowMs} />.
              </>
            )}
          </p>
          <Troubles days={body.days} />
          <p>
            <IncidentsOf service={service} navigation={navigation} />
          </p>
        </>
      )}
    </section>
  );
}

function Days({ days }: { readonly days: HealthyTimeDocument['days'] }): JSX.Element {
  const width = WIDTH / days.length;
  return (
    <figure class="days">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${daysText(days)}.`}
      >
        {days.map((day, index) => {
          const worst = worstOf(day);
          const place = { x: index * width + 1, width: width - 2 };
          return (
            <g key={day.date}>
              <title>{`${day.date}: ${unwellText(day) || percentText(day)}`}</title>
              {worst === null ? (
                <rect class="none" {...place} y={HEIGHT - FOOT} height={1} />
              ) : (
                <rect class={worst} {...place} y={HEIGHT - HEIGHTS[worst]} height={HEIGHTS[worst]} />
              )}
              {day.maintenance_ms > 0 && (
                <rect class="maintenance" {...place} y={HEIGHT - FOOT} height={FOOT} />
              )}
            </g>
          );
        })}
      </svg>
      <figcaption>
        <span>{days[0]?.date}</span>
        <span>
          one bar a day <small class="soft">(its worst status, for however short a time)</small>
        </span>
        <span>today</span>
      </figcaption>
    </figure>
  );
}

function Ranges({ time }: { readonly time: HealthyTimeDocument }): JSX.Element {
  const rows = [{ part: 'the service', ranges: time.ranges }, ...time.parts];
  const columns = time.ranges.map(({ days }) => (days === 1 ? '24 h' : `${days} days`));
  return (
    <DataTable label="Sums of the last days" columns={['Of', ...columns]}>
      {rows.map(({ part, ranges }, index) => (
        <tr key={index}>
          <th scope="row">{part}</th>
          {ranges.map((range) => (
            <td key={range.days}>
              {percentText(range)}
              {unwellText(range) !== '' && <small class="soft"> {unwellText(range)}</small>}
            </td>
          ))}
        </tr>
      ))}
    </DataTable>
  );
}

/** The days that were not wholly healthy, for who cannot point at a bar. */
function Troubles({ days }: { readonly days: HealthyTimeDocument['days'] }): JSX.Element | null {
  const found = daysWithTrouble(days);
  if (found.length === 0) return null;
  const shown = found.slice(0, MOST_DAYS);
  return (
    <details>
      <summary>
        {found.length === 1 ? 'The day that was' : `The ${found.length} days that were`} not healthy
        throughout
      </summary>
      <ul>
        {shown.map((day) => (
          <li key={day.date}>
            {day.date}: {percentText(day)} <small class="soft">{unwellText(day)}</small>
          </li>
        ))}
      </ul>
      {found.length > shown.length && <p class="soft">and {found.length - shown.length} more</p>}
    </details>
  );
}
