/** Small pieces of text that every view uses. */
import type { ComponentChildren, JSX } from 'preact';
import { STATUS_SHAPES, STATUS_LABELS, type DisplayStatus } from '../copy/headline.js';
import { duration, moment, utc } from '../copy/time.js';

/** A moment in the reader's zone; in UTC for whoever hovers, and for machines. */
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
      {moment(atMs, nowMs)}
    </time>
  );
}

/** How long ago. */
export function Ago({ at, nowMs }: { readonly at: string; readonly nowMs: number }): JSX.Element {
  const atMs = Date.parse(at);
  return (
    <time dateTime={at} title={utc(atMs)}>
      {duration(nowMs - atMs)} ago
    </time>
  );
}

/** Text in which code stands between backticks. */
export function Sentence({ text }: { readonly text: string }): JSX.Element {
  return (
    <>{text.split('`').map((piece, index) => (index % 2 === 1 ? <code key={index}>{piece}</code> : piece))}</>
  );
}

/** Shape, word and colour together. */
export function Mark({
  standing,
  word,
}: {
  readonly standing: DisplayStatus;
  readonly word?: string;
}): JSX.Element {
  return (
    <span class={`mark ${standing}`}>
      <span aria-hidden="true">{STATUS_SHAPES[standing]}</span> {word ?? STATUS_LABELS[standing]}
    </span>
  );
}

/** A name and what it is worth, as text that can be copied. */
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
