/** One instance. Where it is this service, all that is known of it; where it is another one of ours, a link to its page. */
import type { ComponentChildren, JSX } from 'preact';
import type { FleetInstanceDetailDocument } from 'portal-server/api';
import type { FleetPlace, Navigation } from '../address.js';
import { usePolled } from '../api/use-polled.js';
import { instanceReasonText } from '../copy/reason-texts.js';
import { CodeAdvice, Codes, PlaceLink, StateMark } from './fleet-links.js';
import { Ago, Figure, TimeText } from './text.js';

const EVERY_MS = 4_000;
/** The service of this name is this one, and its other replicas. */
const OURS = 'portal';

export interface FleetInstanceProps {
  readonly place: FleetPlace;
  readonly navigation: Navigation;
  readonly nowMs: number;
  /** What is known of this service. */
  readonly children: ComponentChildren;
}

export function FleetInstanceView({ place, navigation, nowMs, children }: FleetInstanceProps): JSX.Element {
  const { service, instance } = place;
  const { body, error } = usePolled('/v1/admin/fleet/services/{service}/instances/{instance}', {
    names: { service, instance },
    everyMs: EVERY_MS,
  });
  return (
    <>
      <section aria-labelledby="instance">
        <p>
          <PlaceLink place={{}} navigation={navigation}>
            Fleet
          </PlaceLink>{' '}
          ›{' '}
          <PlaceLink place={{ service }} navigation={navigation}>
            {service}
          </PlaceLink>
        </p>
        <div class="title">
          <h2 id="instance">{instance}</h2>
          {body && (
            <p>
              <StateMark state={body.state} /> since <TimeText at={body.since} nowMs={nowMs} />
            </p>
          )}
        </div>
        {error !== null && <p role="status">{error}</p>}
        {body === null ? (
          error === null && <p class="soft">Loading …</p>
        ) : (
          <InstanceFigures instance={body} nowMs={nowMs} />
        )}
      </section>
      {body && service === OURS && <Own instance={instance}>{children}</Own>}
    </>
  );
}

function InstanceFigures({
  instance: {
    codes,
    started_at: startedAt,
    source_hash: hash,
    statement,
    answered_at: answeredAt,
    polls_ms: polls,
    reasons,
  },
  nowMs,
}: {
  readonly instance: FleetInstanceDetailDocument;
  readonly nowMs: number;
}): JSX.Element {
  return (
    <>
      {codes.length > 0 && (
        <p>
          <Codes codes={codes} hasRunbooks />
        </p>
      )}
      <CodeAdvice codes={codes} />
      {reasons.length > 0 && (
        <ul class="reasons" aria-label="Why">
          {reasons.map((reason) => (
            <li key={reason.code}>
              <code>{reason.code}</code> {instanceReasonText(reason)}
            </li>
          ))}
        </ul>
      )}
      <dl class="figures">
        <Figure name="Responded">{answeredAt ? <Ago at={answeredAt} nowMs={nowMs} /> : 'never'}</Figure>
        <Figure name="Started">
          {startedAt ? <TimeText at={startedAt} nowMs={nowMs} /> : 'not reported'}
        </Figure>
        <Figure name="Source">{hash ? <code>{hash}</code> : 'not reported'}</Figure>
        {statement !== null && <Figure name="Signed statement">{statement}</Figure>}
        {polls.length > 0 && <Figure name={`Last ${polls.length} polls`}>{pollsText(polls)}</Figure>}
      </dl>
    </>
  );
}

/** "2.1 ms last, 14.9 ms at most, 3 without a response" */
function pollsText(polls: readonly (number | null)[]): string {
  const answered = polls.filter((ms) => ms !== null);
  const silent = polls.length - answered.length;
  const last = polls.at(-1);
  return [
    last === null || last === undefined ? 'no response last' : `${last} ms last`,
    ...(answered.length > 0 ? [`${Math.max(...answered)} ms at most`] : []),
    ...(silent > 0 ? [`${silent} without a response`] : []),
  ].join(', ');
}

/** It is polled where the fleet file lists it, and is this service where it is not. */
function Own({
  instance,
  children,
}: {
  readonly instance: string;
  readonly children: ComponentChildren;
}): JSX.Element | null {
  const { body: groups } = usePolled('/v1/admin/fleet/targets', { everyMs: 60_000 });
  if (groups === null) return null;
  const group = groups.find(({ labels }) => labels.service === OURS);
  if (!group) return <>{children}</>;
  if (!group.targets.includes(instance)) return null;
  return (
    <p>
      <a href={`${group.labels['__scheme__']}://${instance}/`}>The page of this instance</a>
    </p>
  );
}
