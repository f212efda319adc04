/**
 * Events, one a line: when, what, for how long; and each cause with its own time. An event is marked while the pointer is
 * at its time in a chart.
 */
import type { JSX } from 'preact';
import type { EventDocument } from 'portal-server/api';
import { type Pointed, type Store, useStore } from '../state-container.js';
import { detailWords } from '../copy/details.js';
import { causeLines, lastedWords, type CauseLine } from '../copy/event-texts.js';
import { foldEvents, rowWords, type EventRow } from '../copy/fold-events.js';
import { problemSentence, type DisplayStatus } from '../copy/headline.js';
import type { Frame } from '../copy/incident.js';
import { duration } from '../copy/time.js';
import { IncidentOf, type IncidentsSeen } from './incident-links.js';
import { Mark, TimeText } from './text.js';

export interface EventListProps {
  readonly events: readonly EventDocument[] | null;
  readonly error: string | null;
  readonly nowMs: number;
  readonly pointed: Store<Pointed>;
  /** Rows; default: all. */
  readonly most?: number;
  readonly seen: IncidentsSeen;
}

export function EventList({ events, error, nowMs, pointed, most, seen }: EventListProps): JSX.Element {
  const { atMs } = useStore(pointed);
  if (events === null) return <p class="soft">{error ?? 'Loading …'}</p>;
  if (events.length === 0) return <p class="soft">No events in this time span.</p>;
  return (
    <ol class="events">
      {foldEvents(events)
        .slice(0, most)
        .map((row) => (
          <li
            key={row[0].id}
            class={atMs !== null && row.some((event) => isAt(event, atMs, nowMs)) ? 'pointed' : ''}
            onMouseEnter={() => pointed.change({ atMs: Date.parse(row[0].began_at) })}
            onMouseLeave={() => pointed.change({ atMs: null })}
          >
            {row.length === 1 ? (
              <One event={row[0]} events={events} nowMs={nowMs} seen={seen} />
            ) : (
              <Folded row={row} events={events} nowMs={nowMs} seen={seen} />
            )}
          </li>
        ))}
    </ol>
  );
}

interface RowProps {
  /** Of all rows. */
  readonly events: readonly EventDocument[];
  readonly nowMs: number;
  readonly seen: IncidentsSeen;
}

function One({ event, events, nowMs, seen }: RowProps & { readonly event: EventDocument }): JSX.Element {
  return (
    <>
      <span class="when">
        <TimeText at={event.began_at} nowMs={nowMs} />
      </span>
      <span>
        <Mark status={displayStatusOf(event)} word={wordsOf(event)} />{' '}
        {event.from === event.to && event.since && (
          <span class="soft">
            since <TimeText at={event.since} nowMs={nowMs} />, not measured in between{' '}
          </span>
        )}
        {causeLines(event).map((line) => (
          <Why key={`${line.sentence} ${line.code}`} line={line} nowMs={nowMs} />
        ))}
        <Details event={event} />
        {isUnwell(event) && <IncidentOf {...seen} frame={frameOf(event, nowMs)} nowMs={nowMs} />}
      </span>
      <span class="soft">{lastedWords(event, events, nowMs)}</span>
    </>
  );
}

/** The causes of the latest, and each of them for whoever wants to see it. */
function Folded({ row, events, nowMs, seen }: RowProps & { readonly row: EventRow }): JSX.Element {
  const shown = row.find(({ to }) => to !== 'healthy') ?? row[0];
  const first = row.at(-1) ?? row[0];
  return (
    <>
      <span class="when">
        <TimeText at={first.began_at} nowMs={nowMs} /> – <TimeText at={row[0].began_at} nowMs={nowMs} />
      </span>
      <span>
        <Mark status={displayStatusOf(shown)} word={rowWords(row)} />{' '}
        {shown.codes.map((code) => (
          <span key={code} class="why">
            {problemSentence(code)} <code class="soft">{code}</code>{' '}
          </span>
        ))}
        {isUnwell(shown) && (
          <IncidentOf
            {...seen}
            frame={{ ...frameOf(shown, nowMs), fromMs: Date.parse(first.began_at) }}
            nowMs={nowMs}
          />
        )}
        <details>
          <summary>All {row.length}</summary>
          <ol class="plain">
            {row.map((event) => (
              <li key={event.id}>
                <TimeText at={event.began_at} nowMs={nowMs} /> {wordsOf(event)}{' '}
                <span class="soft">{lastedWords(event, events, nowMs)}</span>
              </li>
            ))}
          </ol>
        </details>
      </span>
      <span />
    </>
  );
}

function isAt(event: EventDocument, atMs: number, nowMs: number): boolean {
  const { fromMs, toMs } = frameOf(event, nowMs);
  return fromMs <= atMs && atMs <= toMs;
}

function frameOf({ began_at, ended_at }: EventDocument, nowMs: number): Frame {
  return { fromMs: Date.parse(began_at), toMs: ended_at ? Date.parse(ended_at) : nowMs };
}

/** Of the service itself: other events are of what is told elsewhere. */
function isUnwell({ kind, to }: EventDocument): boolean {
  return kind === 'status' && to !== 'healthy';
}

const STATUSES: ReadonlySet<string> = new Set(['healthy', 'degraded', 'unhealthy']);

function displayStatusOf({ kind, to }: EventDocument): DisplayStatus {
  if (to !== null && STATUSES.has(to)) return to as DisplayStatus;
  return kind === 'integrity' || kind === 'history' ? 'degraded' : 'unknown';
}

const KINDS: Readonly<Record<string, string>> = {
  service: 'Service',
  integrity: 'Source',
  history: 'History',
  alert: 'Alert',
  reason: 'Reason',
};

function wordsOf({ kind, from, to }: EventDocument): string {
  if (from !== null && from === to) return `Still ${from}`;
  const change = from !== null && to !== null ? `${from} → ${to}` : (to ?? '');
  if (kind === 'status') return capitalised(change);
  return `${KINDS[kind] ?? kind}${change === '' ? '' : `: ${change}`}`;
}

/** A cause and its own time, which is not that of the status. */
function Why({ line, nowMs }: { readonly line: CauseLine; readonly nowMs: number }): JSX.Element {
  const { sentence, code, times, from, to } = line;
  return (
    <span class="why">
      {sentence} <code class="soft">{code}</code>{' '}
      {from !== null && (
        <span class="soft">
          {times > 1 && `${times} times, `}
          {to === null ? (
            <>
              since <TimeText at={from} nowMs={nowMs} />{' '}
            </>
          ) : (
            <>
              <TimeText at={from} nowMs={nowMs} /> – <TimeText at={to} nowMs={nowMs} />
              {times === 1 && ` (${duration(Date.parse(to) - Date.parse(from))})`}{' '}
            </>
          )}
        </span>
      )}
    </span>
  );
}

/** Whatever else is known of it. */
function Details({ event }: { readonly event: EventDocument }): JSX.Element | null {
  // Of a reason they are its sentence, which stands there already.
  const words = event.kind === 'reason' ? '' : detailWords(event.details);
  return words === '' ? null : <span class="soft details">{words}</span>;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
