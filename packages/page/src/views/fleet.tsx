/** Every service that is watched: what needs somebody first, the healthy ones below. */
import type { JSX } from 'preact';
import type { FleetDocument } from 'portal-server/api';
import { withBase } from '../base.js';
import { usePolled } from '../api/use-polled.js';
import { CELLS, fleetSummary, usableText } from '../copy/fleet.js';
import { DataTable } from './table.js';
import { Mark, TimeText } from './text.js';

type FleetService = FleetDocument['services'][number];

const EVERY_MS = 5_000;
/** More are a number: nobody counts them. */
const MOST_CELLS = 60;
const COLUMNS = ['Service', 'Status', 'Since', 'Instances', 'Why'];

export function FleetView({ nowMs }: { readonly nowMs: number }): JSX.Element {
  const { body: fleet, error } = usePolled('/v1/admin/fleet', { everyMs: EVERY_MS });
  return (
    <section aria-labelledby="fleet">
      <div class="title">
        <h2 id="fleet">Fleet {fleet?.fleet}</h2>
        {fleet && (
          <p>
            <Mark status={fleet.status} word={fleetSummary(fleet)} />
          </p>
        )}
      </div>
      {fleet === null ? (
        <p class="soft">{error ?? 'Loading …'}</p>
      ) : (
        <>
          {error !== null && <p role="status">{error}</p>}
          <Watching fleet={fleet} nowMs={nowMs} />
          <Services fleet={fleet} nowMs={nowMs} />
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

function Services({ fleet, nowMs }: { readonly fleet: FleetDocument; readonly nowMs: number }): JSX.Element {
  return (
    <DataTable label="Services" columns={COLUMNS}>
      {fleet.services.map((service) => (
        <tr key={service.name}>
          <th scope="row">{service.name}</th>
          <td>
            <Mark status={service.status} />
          </td>
          <td>
            <TimeText at={service.since} nowMs={nowMs} />
          </td>
          <td>
            <Cells service={service} /> <span class="soft">{usableText(service)}</span>
          </td>
          <td>
            <Codes codes={service.codes} />
          </td>
        </tr>
      ))}
    </DataTable>
  );
}

/** One shape an instance, for the eye; what they are stands beside them in words. */
function Cells({ service: { instances } }: { readonly service: FleetService }): JSX.Element | null {
  const all = Object.values(instances).reduce((sum, count) => sum + count, 0);
  if (all > MOST_CELLS) return null;
  return (
    <span class="cells" aria-hidden="true">
      {CELLS.flatMap(([state, kind]) =>
        Array.from({ length: instances[state] }, (_, index) => (
          <span class={`cell ${kind}`} key={`${state} ${index}`} />
        )),
      )}
    </span>
  );
}

function Codes({ codes }: { readonly codes: readonly string[] }): JSX.Element {
  return (
    <>
      {codes.map((code, index) => (
        <span key={code}>
          {index > 0 && ', '}
          <a href={withBase(guideOf(code))}>
            <code>{code}</code>
          </a>
        </span>
      ))}
    </>
  );
}

/** Where a code is explained: the watcher's own, or the library's. */
function guideOf(code: string): string {
  return /^(INSTANCE|FLEET)_/.test(code) ? '/docs/fleet.md' : '/docs/errors.md';
}
