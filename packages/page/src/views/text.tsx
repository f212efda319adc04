/** Small pieces of text that views share. */
import { createContext, type ComponentChildren, type JSX } from 'preact';
import { useContext } from 'preact/hooks';
import { withBase } from '../base.js';
import { STATUS_SHAPES, STATUS_LABELS, type DisplayStatus } from '../copy/headline.js';
import { isCommand } from '../copy/commands.js';
import { duration, MOMENTS, utc, type Zone } from '../copy/time.js';
import { CopyButton } from './copy-button.js';

/** In which zone times are told: as the reader has chosen below. */
export const TimeZone = createContext<Zone>('local');

/** A time in the zone that the reader has chosen; in UTC as a tooltip, and for machines. */
export function TimeText({
  at,
  nowMs,
}: {
  readonly at: string | number;
  readonly nowMs: number;
}): JSX.Element {
  const atMs = typeof at === 'number' ? at : Date.parse(at);
  return (
    <time dateTime={new Date(atMs).toISOString()} title={utc(atMs)}>
      {MOMENTS[useContext(TimeZone)].moment(atMs, nowMs)}
    </time>
  );
}

export function Ago({ at, nowMs }: { readonly at: string; readonly nowMs: number }): JSX.Element {
  const atMs = Date.parse(at);
  return (
    <time dateTime={at} title={utc(atMs)}>
      {duration(nowMs - atMs)} ago
    </time>
  );
}

/** Text in which code stands between backticks; a command has a button that copies it. */
export function Sentence({ text }: { readonly text: string }): JSX.Element {
  return (
    <>
      {text.split('`').map((piece, index) =>
        index % 2 === 0 ? (
          piece
        ) : (
          <span key={index}>
            <code>{piece}</code>
            {isCommand(piece) && (
              <>
                {' '}
                <CopyButton text={piece} name={piece} />
              </>
            )}
          </span>
        ),
      )}
    </>
  );
}

/** A code, and where it is explained. */
export function CodeLink({ code, guide }: { readonly code: string; readonly guide: string }): JSX.Element {
  return (
    <a class="soft" href={withBase(`/docs/${guide}#${code}`)}>
      <code>{code}</code>
    </a>
  );
}

/** Shape, word and colour together. */
export function Mark({
  status,
  word,
}: {
  readonly status: DisplayStatus;
  readonly word?: string;
}): JSX.Element {
  return (
    <span class={`mark ${status}`}>
      <span aria-hidden="true">{STATUS_SHAPES[status]}</span> {word ?? STATUS_LABELS[status]}
    </span>
  );
}

/** A name and its value, as text that can be copied. */
export function Figure({
  name,
  children,
  hint,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
  readonly hint?: string;
}): JSX.Element {
  return (
    <div class="figure" title={hint}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
