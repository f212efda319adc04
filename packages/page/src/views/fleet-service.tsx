/** One service: how many of its instances are usable, and each of them, those that need somebody first. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { FleetInstanceDocument } from 'portal-server/api';
import type { FleetPlace, Navigation } from '../address.js';
import { usePolled } from '../api/use-polled.js';
import { labelsOf, STATES, usableText, type FleetService } from '../copy/fleet.js';
import { isSourceAstray, sourceText } from '../copy/fleet-source.js';
import { FleetSource } from './fleet-source.js';
import { CodeAdvice, Codes, IncidentLink, PlaceLink, StateMark } from './fleet-links.js';
import { PauseForm } from './pause-form.js';
import { DataTable } from './table.js';
import { Ago, Figure, Mark, TimeText } from './text.js';

const EVERY_MS = 4_000;
const PAGE = 100;
const COLUMNS = ['Instance', 'State', 'Since', 'Why', 'Started', 'Source', 'Responded'];

export interface FleetServiceProps {
  readonly place: FleetPlace;
  readonly navigation: Navigation;
  readonly nowMs: number;
}

export function FleetServiceView({ place, navigation, nowMs }: FleetServiceProps): JSX.Element {
  const { service: name, state } = place;
  const [limit, setLimit] = useState(PAGE);
  const [changed, setChanged] = useState(0);
  const { body, error } = usePolled('/v1/admin/fleet/services/{service}', {
    names: { service: name },
    query: { limit, ...(state !== '' && { state }) },
    everyMs: EVERY_MS,
    reread: changed,
  });
  return (
    <section aria-labelledby="service">
      <p>
        <PlaceLink place={{}} navigation={navigation}>
          Fleet
        </PlaceLink>
      </p>
      <div class="title">
        <h2 id="service">{name}</h2>
        {body && (
          <p>
            <Mark status={body.service.status} /> since <TimeText at={body.service.since} nowMs={nowMs} />
            {body.service.incident !== null && (
              <>
                {' · '}
                <IncidentLink id={body.service.incident} navigation={navigation}>
                  its incident
                </IncidentLink>
              </>
            )}
          </p>
        )}
      </div>
      {error !== null && <p role="status">{error}</p>}
      {body === null ? (
        error === null && <p class="soft">Loading …</p>
      ) : (
        <>
          <ServiceFigures service={body.service} />
          <CodeAdvice codes={body.service.codes} />
          {isSourceAstray(body.service.source) && (
            <FleetSource service={name} navigation={navigation} nowMs={nowMs} />
          )}
          <PauseForm
            service={name}
            pausedUntil={body.service.paused_until}
            nowMs={nowMs}
            onChange={() => setChanged(changed + 1)}
          />
          <States service={body.service} place={place} navigation={navigation} />
          <Instances instances={body.instances} name={name} navigation={navigation} nowMs={nowMs} />
          {body.more > 0 && (
            <button type="button" onClick={() => setLimit(limit + PAGE)}>
              {Math.min(body.more, PAGE)} more of {body.more}
            </button>
          )}
        </>
      )}
    </section>
  );
}

function ServiceFigures({ service }: { readonly service: FleetService }): JSX.Element {
  const { expected, need, tolerated } = service;
  return (
    <dl class="figures">
      <Figure name="Instances">{usableText(service)}</Figure>
      <Figure name="Expected">{expected}</Figure>
      <Figure name="Source">{sourceText(service.source)}</Figure>
      <Figure name="Must be usable">{need}</Figure>
      <Figure name="May be unwell">{tolerated}</Figure>
      {labelsOf(service).length > 0 && <Figure name="Labels">{labelsOf(service).join(', ')}</Figure>}
    </dl>
  );
}

/** Links, each of which shows the instances of one state. */
function States({
  service: { instances },
  place: { service, state: wanted },
  navigation,
}: {
  readonly service: FleetService;
  readonly place: FleetPlace;
  readonly navigation: Navigation;
}): JSX.Element {
  return (
    <nav class="ranges" aria-label="State">
      <PlaceLink place={{ service }} navigation={navigation} isHere={wanted === ''}>
        all
      </PlaceLink>
      {STATES.filter(({ state }) => instances[state] > 0 || state === wanted).map(({ state, word }) => (
        <PlaceLink key={state} place={{ service, state }} navigation={navigation} isHere={wanted === state}>
          {word} {instances[state]}
        </PlaceLink>
      ))}
    </nav>
  );
}

function Instances({
  instances,
  name,
  navigation,
  nowMs,
}: {
  readonly instances: readonly FleetInstanceDocument[];
  readonly name: string;
  readonly navigation: Navigation;
  readonly nowMs: number;
}): JSX.Element {
  if (instances.length === 0) return <p>No instance is listed.</p>;
  return (
    <DataTable label="Instances" columns={COLUMNS}>
      {instances.map((one) => (
        <tr key={one.instance}>
          <th scope="row">
            <PlaceLink place={{ service: name, instance: one.instance }} navigation={navigation}>
              {one.instance}
            </PlaceLink>
          </th>
          <td>
            <StateMark state={one.state} />
          </td>
          <td>
            <TimeText at={one.since} nowMs={nowMs} />
          </td>
          <td>
            <Codes codes={one.codes} />
          </td>
          <td>{one.started_at ? <TimeText at={one.started_at} nowMs={nowMs} /> : 'not reported'}</td>
          <td>
            {one.source_hash ? <code class="short">{one.source_hash.slice(0, 12)}</code> : 'not reported'}
            {one.statement?.startsWith('E_') && <code class="soft"> {one.statement}</code>}
          </td>
          <td>{one.answered_at ? <Ago at={one.answered_at} nowMs={nowMs} /> : 'never'}</td>
        </tr>
      ))}
    </DataTable>
  );
}
