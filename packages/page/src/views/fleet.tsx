/** Every service that is watched: what needs somebody first, the healthy ones folded. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { FleetDocument } from 'portal-server/api';
import type { FleetPlace, Navigation } from '../address.js';
import type { FleetState } from '../api/use-fleet.js';
import {
  filtered,
  fleetSummary,
  groupsOf,
  needsSomebody,
  usableText,
  type FleetService,
  type ServiceGroup,
} from '../copy/fleet.js';
import { isSourceAstray, sourceText } from '../copy/fleet-source.js';
import { FleetCells } from './fleet-cells.js';
import { FleetFilter } from './fleet-filter.js';
import { Codes, PlaceLink } from './fleet-links.js';
import { DataTable } from './table.js';
import { Mark, TimeText } from './text.js';

const COLUMNS = ['Service', 'Status', 'Since', 'Instances', 'Source', 'Why'];

export interface FleetOverviewProps {
  readonly state: FleetState;
  readonly place: FleetPlace;
  readonly navigation: Navigation;
  readonly nowMs: number;
}

export function FleetOverview({
  state: { fleet, error },
  place,
  navigation,
  nowMs,
}: FleetOverviewProps): JSX.Element {
  return (
    <section aria-labelledby="fleet">
      <div class="title">
        <h2 id="fleet">Fleet {fleet?.fleet}</h2>
        {fleet && (
          <p>
            {/* The headline says it of more than one. */}
            {fleet.services.length === 1 && (
              <Mark status={fleet.status} word={fleetSummary(fleet.services)} />
            )}{' '}
            <span class="soft">
              polled <TimeText at={fleet.checked_at} nowMs={nowMs} />
            </span>
          </p>
        )}
      </div>
      {error !== null && <p role="status">{error}</p>}
      {fleet === null ? (
        error === null && <p class="soft">Loading …</p>
      ) : (
        <>
          <Watching fleet={fleet} nowMs={nowMs} />
          <Astray services={fleet.services} navigation={navigation} />
          <FleetFilter services={fleet.services} place={place} navigation={navigation} />
          <Filtered
            services={filtered(fleet.services, place)}
            place={place}
            navigation={navigation}
            nowMs={nowMs}
          />
        </>
      )}
    </section>
  );
}

/** What is wrong with the watching itself, which is no news of any service. */
function Watching({
  fleet,
  nowMs,
}: {
  readonly fleet: FleetDocument;
  readonly nowMs: number;
}): JSX.Element | null {
  if (fleet.codes.length === 0) return null;
  return (
    <p role="status">
      The watcher: <Codes codes={fleet.codes} />
      {fleet.blind !== null && (
        <>
          {' '}
          since <TimeText at={fleet.blind} nowMs={nowMs} />
        </>
      )}
    </p>
  );
}

/** Services whose instances do not run one thing, also where they are well. */
function Astray({ services, navigation }: Pick<ListProps, 'services' | 'navigation'>): JSX.Element {
  return (
    <>
      {services
        .filter(({ source }) => isSourceAstray(source))
        .map(({ name, source }) => (
          <p key={name}>
            Source of{' '}
            <PlaceLink place={{ service: name }} navigation={navigation}>
              {name}
            </PlaceLink>
            : {sourceText(source)}
          </p>
        ))}
    </>
  );
}

interface ListProps {
  readonly services: readonly FleetService[];
  readonly place: FleetPlace;
  readonly navigation: Navigation;
  readonly nowMs: number;
}

function Filtered({ services, place, navigation, nowMs }: ListProps): JSX.Element {
  if (services.length === 0) return <p>No service matches.</p>;
  return (
    <>
      <FleetCells services={services} onPick={(service) => navigation.go({ fleet: { ...place, service } })} />
      {groupsOf(services, place.group).map((group) => (
        <Group key={group.name} group={group} place={place} navigation={navigation} nowMs={nowMs} />
      ))}
    </>
  );
}

function Group({
  group: { name, services },
  place,
  navigation,
  nowMs,
}: Omit<ListProps, 'services'> & { readonly group: ServiceGroup }): JSX.Element {
  const needing = services.filter(needsSomebody);
  const others = services.filter((service) => !needsSomebody(service));
  const rest = { place, navigation, nowMs };
  return (
    <>
      {name !== '' && (
        <h3>
          {name} <span class="soft">{fleetSummary(services)}</span>
        </h3>
      )}
      {needing.length > 0 && (
        <Services label={`Services that need you${name && `, ${name}`}`} services={needing} {...rest} />
      )}
      {others.length > 0 && (
        <Folded label={`Healthy services${name && `, ${name}`}`} services={others} {...rest} />
      )}
    </>
  );
}

/** The rows are made when somebody opens it. */
function Folded({ label, services, ...rest }: ListProps & { readonly label: string }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Mark status="healthy" word={`${services.length} healthy`} />
      </summary>
      {isOpen && <Services label={label} services={services} {...rest} />}
    </details>
  );
}

function Services({
  label,
  services,
  navigation,
  nowMs,
}: ListProps & { readonly label: string }): JSX.Element {
  return (
    <DataTable label={label} columns={COLUMNS}>
      {services.map((service) => (
        <tr key={service.name}>
          <th scope="row">
            <PlaceLink place={{ service: service.name }} navigation={navigation}>
              {service.name}
            </PlaceLink>
          </th>
          <td>
            <Mark status={service.status} />
          </td>
          <td>
            <TimeText at={service.since} nowMs={nowMs} />
          </td>
          <td>{usableText(service)}</td>
          <td>{sourceText(service.source)}</td>
          <td>
            <Codes codes={service.codes} />
          </td>
        </tr>
      ))}
    </DataTable>
  );
}
