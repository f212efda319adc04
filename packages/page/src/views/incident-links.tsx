/** From what is seen to the incidents that it belongs to. */
import type { JSX } from 'preact';
import type { IncidentDocument } from 'portal-server/api';
import type { Navigation } from '../address.js';
import { incidentsIn, KINDS, lastedMs, type Frame } from '../copy/incident.js';
import { duration } from '../copy/time.js';
import { IncidentLink } from './fleet-links.js';
import { TimeText } from './text.js';

const MOST = 4;
/** Of what is shown, to each side: who points at a narrow bar means it. */
const NEAR = 1 / 100;

export interface IncidentsSeen {
  /** Of what is shown, the latest first. */
  readonly incidents: readonly IncidentDocument[];
  readonly navigation: Navigation;
}

/** Opens the incident that was at a moment, or near it; does nothing where there was none. */
export function openIncidentAt(
  { incidents, navigation }: IncidentsSeen,
  atMs: number,
  { fromMs, toMs }: Frame,
  nowMs: number,
): void {
  const nearMs = (toMs - fromMs) * NEAR;
  const [exact] = incidentsIn(incidents, { fromMs: atMs, toMs: atMs }, nowMs);
  const [near] = incidentsIn(incidents, { fromMs: atMs - nearMs, toMs: atMs + nearMs }, nowMs);
  const found = exact ?? near;
  if (found) navigation.go({ tab: '/incidents', incident: found.id });
}

/** Below a strip: the latest that began or went on in it, for who cannot point at a bar. */
export function IncidentLinks({
  incidents,
  navigation,
  frame,
  nowMs,
}: IncidentsSeen & { readonly frame: Frame; readonly nowMs: number }): JSX.Element | null {
  const shown = incidentsIn(incidents, frame, nowMs).slice(0, MOST);
  if (shown.length === 0) return null;
  return (
    <ul class="incident-links" aria-label="Incidents in this time">
      {shown.map((incident) => (
        <li key={incident.id}>
          <IncidentLink id={incident.id} navigation={navigation}>
            <TimeText at={incident.began_at} nowMs={nowMs} /> {KINDS[incident.kind]}
          </IncidentLink>{' '}
          <small class="soft">
            {incident.ended_at === null ? 'open' : duration(lastedMs(incident, nowMs))}
          </small>
        </li>
      ))}
    </ul>
  );
}

/** In the row of something that was not well: the incident that it is of. */
export function IncidentOf({
  incidents,
  navigation,
  frame,
  nowMs,
}: IncidentsSeen & { readonly frame: Frame; readonly nowMs: number }): JSX.Element | null {
  const [incident] = incidentsIn(incidents, frame, nowMs);
  if (!incident) return null;
  return (
    <IncidentLink id={incident.id} navigation={navigation}>
      its incident
    </IncidentLink>
  );
}
