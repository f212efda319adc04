/** What the instances of a service run, where it is not one thing: which groups there are, and who is not as signed. */
import type { JSX } from 'preact';
import type { FleetSourceDocument } from 'portal-server/api';
import type { Navigation } from '../address.js';
import { usePolled } from '../api/use-polled.js';
import { PlaceLink } from './fleet-links.js';
import { TimeText } from './text.js';

const EVERY_MS = 10_000;

export interface FleetSourceProps {
  readonly service: string;
  readonly navigation: Navigation;
  readonly nowMs: number;
}

export function FleetSource({ service, navigation, nowMs }: FleetSourceProps): JSX.Element | null {
  const { body, error } = usePolled('/v1/admin/fleet/source', { everyMs: EVERY_MS });
  const source = body?.services.find(({ name }) => name === service);
  if (error !== null) return <p role="status">{error}</p>;
  return source ? (
    <section aria-labelledby="source">
      <h3 id="source">Source</h3>
      <ul>
        {source.groups.map((group) => (
          <li key={group.source_hash}>
            <code class="short">{group.source_hash.slice(0, 12)}</code> {groupText(group)}, seen since{' '}
            <TimeText at={group.since} nowMs={nowMs} />
          </li>
        ))}
        {source.refused.map(({ instance, code }) => (
          <li key={`${instance} ${code}`}>
            <code class="soft">{code}</code> The statement of {instance ?? 'the watcher’s own file'} is not
            believed
          </li>
        ))}
      </ul>
      {source.odd.length > 0 && (
        <p>
          Not as the others:{' '}
          {source.odd.map((instance, index) => (
            <span key={instance}>
              {index > 0 && ', '}
              <PlaceLink place={{ service, instance }} navigation={navigation}>
                {instance}
              </PlaceLink>
            </span>
          ))}
        </p>
      )}
    </section>
  ) : null;
}

const KINDS = { expected: 'the release', previous: 'a release before it', other: 'signed by nobody known' };

function groupText({ instances, kind }: FleetSourceDocument['services'][number]['groups'][number]): string {
  const count = instances === 1 ? '1 instance' : `${instances} instances`;
  return kind === null ? count : `${count}, ${KINDS[kind]}`;
}
