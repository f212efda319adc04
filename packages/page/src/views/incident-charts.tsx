/** How it was before an incident, while it lasted and after it: this service by its figures, others by their status. */
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { IncidentDocument } from 'portal-server/api';
import { writeAddress, type Navigation } from '../address.js';
import { useIncidents } from '../api/use-incidents.js';
import { usePolled } from '../api/use-polled.js';
import { Charts } from '../charts/charts.js';
import type { ChartMark } from '../charts/marks.js';
import { Timeline } from '../charts/timeline.js';
import { useHistory } from '../charts/use-history.js';
import { frameAround, type Frame } from '../copy/incident.js';
import { createStore, type Pointed } from '../state-container.js';
import { FleetStrip } from './fleet-strip.js';
import { IncidentLinks, openIncidentAt } from './incident-links.js';
import { OWN_NAME } from './now.js';

const EVERY_MS = 10_000;
/** More are listed by name above. */
const MOST_SERVICES = 5;
const STEPS = 300;
/** An incident that goes on is framed anew so often: each time all of it is read. */
const MINUTE_MS = 60_000;

interface IncidentChartsProps {
  readonly incident: IncidentDocument;
  readonly navigation: Navigation;
  readonly nowMs: number;
}

export function IncidentCharts({ incident, navigation, nowMs }: IncidentChartsProps): JSX.Element | null {
  const { services, ended_at: ended } = incident;
  // What has ended is framed until some time after its end, and then no more.
  const minute = Math.ceil(nowMs / MINUTE_MS) * MINUTE_MS;
  const around = frameAround(incident, minute);
  const { fromMs, toMs } = useMemo(() => around, [around.fromMs, around.toMs]);
  const shown = services.slice(0, MOST_SERVICES);
  if (shown.length === 0) return null;
  const within: Frame = {
    fromMs: Date.parse(incident.began_at),
    toMs: ended === null ? nowMs : Date.parse(ended),
  };
  return (
    <>
      <h3>Before, meanwhile and after</h3>
      {shown.map((service) =>
        service === OWN_NAME ? (
          <OwnFigures
            key={service}
            id={incident.id}
            frame={{ fromMs, toMs }}
            within={within}
            isOpen={ended === null}
            navigation={navigation}
            nowMs={nowMs}
          />
        ) : (
          <ServiceStrip
            key={service}
            service={service}
            frame={{ fromMs, toMs }}
            within={within}
            nowMs={nowMs}
          />
        ),
      )}
    </>
  );
}

interface FramedProps {
  readonly frame: Frame;
  readonly within: Frame;
  readonly nowMs: number;
}

function OwnFigures({
  id,
  frame,
  within,
  isOpen,
  navigation,
  nowMs,
}: FramedProps & {
  /** Of the incident, which leads nowhere from itself. */
  readonly id: string;
  readonly isOpen: boolean;
  readonly navigation: Navigation;
}): JSX.Element {
  const [pointed] = useState(() => createStore<Pointed>({ atMs: null }));
  const all = useIncidents(OWN_NAME, null);
  const seen = { incidents: all.filter((one) => one.id !== id), navigation };
  const [areSeen, setSeen] = useState(false);
  const history = useHistory(frame, nowMs, areSeen ? 'all' : 'none');
  const press = (atMs: number): void => openIncidentAt(seen, atMs, frame, nowMs);
  const marks = useMemo(
    (): readonly ChartMark[] => [
      { atMs: within.fromMs, letter: 'B', words: 'begin of the incident' },
      ...(isOpen ? [] : [{ atMs: within.toMs, letter: 'E' as const, words: 'end of the incident' }]),
    ],
    [within.fromMs, isOpen, isOpen ? 0 : within.toMs],
  );
  return (
    <>
      <Timeline history={history} limits={frame} pointed={pointed} nowMs={nowMs} press={press}>
        <IncidentLinks {...seen} frame={frame} nowMs={nowMs} />
      </Timeline>
      <Charts
        history={history}
        limits={frame}
        pointed={pointed}
        marks={marks}
        zoom={(fromMs, toMs) => navigation.go({ tab: '/now', incident: '', span: { fromMs, toMs } })}
        nowMs={nowMs}
        press={press}
        isWaiting={history.history === null}
        areSeen={areSeen}
        see={() => setSeen(true)}
      />
      <p>
        <a href={writeAddress({ tab: '/now', span: frame })}>The same time on the page of this service</a>
      </p>
    </>
  );
}

function ServiceStrip({
  service,
  frame,
  within,
  nowMs,
}: FramedProps & { readonly service: string }): JSX.Element {
  const { body, error } = usePolled('/v1/admin/fleet/services/{service}/history', {
    names: { service },
    query: {
      from: new Date(frame.fromMs).toISOString(),
      to: new Date(frame.toMs).toISOString(),
      step: Math.ceil((frame.toMs - frame.fromMs) / STEPS / 1_000),
    },
    everyMs: EVERY_MS,
  });
  return (
    <>
      <p>{service}</p>
      {body ? (
        <FleetStrip history={body} nowMs={nowMs} frame={within} />
      ) : (
        <p class="soft">{error ?? 'Loading …'}</p>
      )}
    </>
  );
}
