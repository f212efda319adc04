/** The two stores: state, since when, latency, and the figures of the report as text. */
import type { AdminReportDocument, LiveComponentDocument, PublicStatusDocument } from 'portal-server/api';
import type { JSX } from 'preact';
import { bytes, count, milliseconds, orNotMeasured, percent } from '../copy/numbers.js';
import type { DisplayStatus } from '../copy/headline.js';
import { duration } from '../copy/time.js';
import { Ago, Figure, Mark, TimeText } from './text.js';

interface ComponentProps {
  readonly report: AdminReportDocument | null;
  readonly component: LiveComponentDocument | undefined;
  readonly nowMs: number;
}

/** @param waiting - callers who wait for a connection */
export function DatabaseCard({
  report,
  component,
  waiting,
  nowMs,
}: ComponentProps & { readonly waiting: number | null | undefined }): JSX.Element {
  const figures = report?.db_statistics;
  return (
    <section class="part" aria-labelledby="database">
      <ComponentTitle
        id="database"
        name="Database"
        answers={report?.database}
        component={component}
        nowMs={nowMs}
      />
      <dl class="figures">
        <Figure name="Latency" hint="Round trip of the last probe">
          {orNotMeasured(figures?.latency_ms, milliseconds)}
        </Figure>
        <Figure name="In use" hint="Connections of the pool that are checked out or being opened">
          {orNotMeasured(figures?.checked_out, (inUse) => `${inUse} of ${figures?.size ?? '?'}`)}
        </Figure>
        <Figure name="Waiting" hint="Callers who wait for a connection of the pool">
          {orNotMeasured(waiting, count)}
        </Figure>
        <Figure name="Idle">{orNotMeasured(figures?.checked_in, count)}</Figure>
      </dl>
      <div class="meter">
        {typeof figures?.checked_out === 'number' && figures.size !== null && (
          <meter
            aria-label="Connections in use"
            min={0}
            max={figures.size}
            value={figures.checked_out}
            title={`${figures.checked_out} of ${figures.size} connections in use`}
          />
        )}
      </div>
    </section>
  );
}

export function CacheCard({ report, component, nowMs }: ComponentProps): JSX.Element {
  const figures = report?.cache_statistics;
  return (
    <section class="part" aria-labelledby="cache">
      <ComponentTitle id="cache" name="Cache" answers={report?.cache} component={component} nowMs={nowMs} />
      <dl class="figures">
        <Figure name="Latency">{orNotMeasured(figures?.latency_ms, milliseconds)}</Figure>
        <Figure name="Hit rate">{orNotMeasured(figures?.hit_rate, percent)}</Figure>
        <Figure name="Memory">{orNotMeasured(figures?.memory_usage_bytes, bytes)}</Figure>
        <Figure name="Keys">{orNotMeasured(figures?.total_keys, count)}</Figure>
        <Figure name="Clients">{orNotMeasured(figures?.connected_clients, count)}</Figure>
        <Figure name="Evicted">{orNotMeasured(figures?.evicted_keys, count)}</Figure>
        <Figure name="Up for" hint="Of the server itself">
          {orNotMeasured(figures?.uptime_seconds, (seconds) => duration(seconds * 1_000))}
        </Figure>
      </dl>
    </section>
  );
}

/** For users who are not administrators: whether the stores answer. */
export function PublicComponents({
  status,
  nowMs,
}: {
  readonly status: PublicStatusDocument | null;
  readonly nowMs: number;
}): JSX.Element {
  return (
    <section aria-label="Components" class="two">
      {(['database', 'cache'] as const).map((name) => (
        <p key={name} class="part">
          <strong>{name === 'database' ? 'Database' : 'Cache'}</strong>{' '}
          {status === null ? (
            <Mark status="unknown" word="not known yet" />
          ) : (
            <Mark
              status={status[name] ? 'healthy' : name === 'database' ? 'unhealthy' : 'degraded'}
              word={status[name] ? 'answers' : 'does not answer'}
            />
          )}
          {status?.checked_at && (
            <span class="soft age">
              checked <Ago at={status.checked_at} nowMs={nowMs} />
            </span>
          )}
        </p>
      ))}
    </section>
  );
}

const STATE_LABELS = {
  up: 'up',
  slow: 'slow',
  limited: 'accepts no new connections',
  down: 'no answer',
  stale: 'no fresh result',
} as const;

/** Without a time while it is up: `answering since` stands beside it, and "up for" is the server's own figure. */
function stateWords(
  state: LiveComponentDocument['state'] | undefined,
  component: LiveComponentDocument | undefined,
  nowMs: number,
): string {
  if (!state) return 'not known yet';
  if (!component || state === 'up') return STATE_LABELS[state];
  const since = state === 'down' ? component.answers_since : component.since;
  return `${STATE_LABELS[state]} for ${duration(nowMs - Date.parse(since))}`;
}

function ComponentTitle({
  id,
  name,
  answers,
  component,
  nowMs,
}: {
  readonly id: 'database' | 'cache';
  readonly name: string;
  readonly answers: boolean | undefined;
  readonly component: LiveComponentDocument | undefined;
  readonly nowMs: number;
}): JSX.Element {
  const state = component?.state ?? (typeof answers !== 'boolean' ? undefined : answers ? 'up' : 'down');
  const bad: DisplayStatus = id === 'database' ? 'unhealthy' : 'degraded';
  const shown: Record<NonNullable<typeof state>, DisplayStatus> = {
    up: 'healthy',
    slow: 'degraded',
    limited: 'degraded',
    down: bad,
    stale: 'unknown',
  };
  return (
    <div class="title">
      <h2 id={id}>{name}</h2>
      <p>
        <Mark status={state ? shown[state] : 'unknown'} word={stateWords(state, component, nowMs)} />
        {component && (state === 'up' || state === 'slow' || state === 'limited') && (
          <span class="soft age">
            answering since <TimeText at={component.answers_since} nowMs={nowMs} />
          </span>
        )}
        {component?.checked_at && (
          <span class="soft age">
            checked <Ago at={component.checked_at} nowMs={nowMs} />
          </span>
        )}
      </p>
    </div>
  );
}
