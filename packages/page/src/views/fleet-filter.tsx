/** Which services are shown, and in which groups. All of it stands in the address. */
import type { JSX } from 'preact';
import type { FleetPlace, Navigation } from '../address.js';
import { allLabelKeys, allLabels, type FleetService } from '../copy/fleet.js';

const STATUSES = ['unhealthy', 'degraded', 'unknown', 'healthy'];

export function FleetFilter({
  services,
  place,
  navigation,
}: {
  readonly services: readonly FleetService[];
  readonly place: FleetPlace;
  readonly navigation: Navigation;
}): JSX.Element {
  const change = (part: Partial<FleetPlace>): void => navigation.replace({ fleet: { ...place, ...part } });
  const select = (
    name: 'status' | 'label' | 'group',
    word: string,
    none: string,
    values: readonly string[],
  ) => (
    <label>
      {word}
      <select value={place[name]} onChange={(event) => change({ [name]: event.currentTarget.value })}>
        <option value="">{none}</option>
        {values.map((value) => (
          <option key={value} value={value}>
            {value}
          </option>
        ))}
      </select>
    </label>
  );
  return (
    <form class="filter" role="search" onSubmit={(event) => event.preventDefault()}>
      <label>
        Search
        <input
          type="search"
          value={place.search}
          onInput={(event) => change({ search: event.currentTarget.value })}
        />
      </label>
      {select('status', 'Status', 'any', STATUSES)}
      {select('label', 'Label', 'any', allLabels(services))}
      {select('group', 'Group by', 'nothing', [...allLabelKeys(services), 'cause'])}
    </form>
  );
}
