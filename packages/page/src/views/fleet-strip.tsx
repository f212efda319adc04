/** The worst status of a service over a time, and how few of its instances were usable. */
import type { JSX } from 'preact';
import type { FleetHistoryDocument } from 'portal-server/api';
import { momentAt } from '../charts/timeline.js';
import type { Frame } from '../copy/incident.js';
import { exactDuration } from '../copy/time.js';
import { IncidentLinks, openIncidentAt, type IncidentsSeen } from './incident-links.js';
import { TimeText } from './text.js';

const WIDTH = 1_000;
const HEIGHT = 40;
const HEIGHTS: Readonly<Record<string, number>> = { healthy: 10, degraded: 24, unhealthy: 40 };

/** A worse status is higher, so that it needs no colour; nothing where it is not known how it was. */
export function FleetStrip({
  history: { times, status, usable, step_seconds: step, from, to },
  nowMs,
  frame,
  seen,
}: {
  readonly history: FleetHistoryDocument;
  readonly nowMs: number;
  /** A time within it that is marked by a line at its begin and at its end. */
  readonly frame?: Frame;
  /** What its bars lead to. */
  readonly seen?: IncidentsSeen;
}): JSX.Element {
  const limits = { fromMs: Date.parse(from), toMs: Date.parse(to) };
  const fromS = limits.fromMs / 1_000;
  const scale = WIDTH / (limits.toMs / 1_000 - fromS);
  const fewest = usable.filter((count) => count !== null);
  const words =
    fewest.length === 0 ? 'nothing was watched yet' : `at the fewest ${Math.min(...fewest)} instances usable`;
  return (
    <figure class="timeline">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={words}
        onClick={(event) => seen && openIncidentAt(seen, momentAt(event, limits), limits, nowMs)}
      >
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
        {frame &&
          [frame.fromMs, frame.toMs].map((ms) => (
            <rect key={ms} class="at" x={(ms / 1_000 - fromS) * scale} y="0" width="1.5" height={HEIGHT} />
          ))}
      </svg>
      <figcaption>
        <TimeText at={from} nowMs={nowMs} />
        <span>
          {words} <small class="soft">(worst of each {exactDuration(step * 1_000)})</small>
        </span>
        <TimeText at={to} nowMs={nowMs} />
      </figcaption>
      {seen && <IncidentLinks {...seen} frame={limits} nowMs={nowMs} />}
    </figure>
  );
}
