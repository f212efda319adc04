/**
 * What is read first, at three in the morning: one sentence with the worst cause, since when that holds, what it does to
 * users, and what to do next; and since when the whole is what it is, which is another time. Silence of the service itself is said here too, before anything else.
 */
import type { JSX } from 'preact';
import { isAdmin, type PageState } from '../api/live-connection.js';
import {
  causesOf,
  causesOfErrors,
  lowerFirst,
  publicSentence,
  STATUS_SHAPES,
  STATUS_LABELS,
  type DisplayCause,
  type DisplayStatus,
} from '../copy/headline.js';
import { duration } from '../copy/time.js';
import { TimeText, Sentence } from './text.js';

export interface HeadlineProps {
  readonly state: PageState;
  readonly status: DisplayStatus;
  readonly isLost: boolean;
  readonly nowMs: number;
}

export function Headline({ state: known, status: standing, isLost, nowMs }: HeadlineProps): JSX.Element {
  const [worst, ...others] = isLost ? [] : causesIn(known);
  const since = isAdmin(known.who) ? known.snapshot?.since : known.status?.since;
  const serviceMs = nowMs + known.aheadMs;
  return (
    <section class={`headline ${standing}`} aria-labelledby="headline">
      <div class="first">
        <h2 id="headline" aria-live="polite">
          <span class="shape" aria-hidden="true">
            {STATUS_SHAPES[standing]}
          </span>{' '}
          {STATUS_LABELS[standing]} <span class="sentence">· {sentenceOf(known, worst, isLost)}</span>
        </h2>
        {isLost ? (
          <p class="since">{heardWords(known, nowMs)}</p>
        ) : (
          <div>
            {worst?.since && (
              <p class="since">
                <Since at={worst.since} nowMs={serviceMs} />
              </p>
            )}
            {since && !isSameMoment(since, worst?.since) && (
              <p class={worst?.since ? 'since whole' : 'since'}>
                {worst ? `${STATUS_LABELS[standing].toLowerCase()} ` : ''}
                <Since at={since} nowMs={serviceMs} />
              </p>
            )}
          </div>
        )}
      </div>
      {isLost && (
        <p>
          What is below is the last that was heard, not how things are. Next: see whether the process runs,
          then the network between it and you. This page goes on trying.
        </p>
      )}
      {worst && isAdmin(known.who) && <CauseText cause={worst} />}
      {others.length > 0 && (
        <details>
          <summary>
            {others.length} more: {others.map(({ sentence }) => lowerFirst(sentence)).join('; ')}
          </summary>
          {others.map((cause) => (
            <div key={cause.sentence}>
              <h3>
                {cause.sentence}{' '}
                {cause.since && (
                  <span class="soft">
                    <Since at={cause.since} nowMs={serviceMs} />
                  </span>
                )}
              </h3>
              {isAdmin(known.who) && <CauseText cause={cause} />}
            </div>
          ))}
        </details>
      )}
    </section>
  );
}

function CauseText({ cause: { advice, code } }: { readonly cause: DisplayCause }): JSX.Element {
  if (!advice) return <p>This page does not know this problem; docs/errors.md of the service does.</p>;
  return (
    <dl class="advice">
      <dt>Means</dt>
      <dd>
        <Sentence text={advice.means} /> <code class="soft">{code}</code>
      </dd>
      <dt>Users</dt>
      <dd>
        <Sentence text={advice.users} />
      </dd>
      <dt>Next</dt>
      <dd>
        <Sentence text={advice.next} />
      </dd>
    </dl>
  );
}

/** What holds, as far as the reader may know; without the stream the report alone may say so. */
function causesIn({ who, status, snapshot }: PageState): readonly DisplayCause[] {
  if (!isAdmin(who)) return causesOf(status?.causes ?? []);
  return snapshot?.causes ? causesOf(snapshot.causes) : causesOfErrors(snapshot?.report.errors ?? []);
}

function Since({ at, nowMs }: { readonly at: string; readonly nowMs: number }): JSX.Element {
  return (
    <>
      since <TimeText at={at} nowMs={nowMs} /> ({duration(nowMs - Date.parse(at))})
    </>
  );
}

/** As people read them, to the second. */
function isSameMoment(one: string, other: string | null | undefined): boolean {
  return typeof other === 'string' && Math.abs(Date.parse(one) - Date.parse(other)) < 1_000;
}

function sentenceOf(
  { who, status, snapshot }: PageState,
  worst: DisplayCause | undefined,
  isLost: boolean,
): string {
  if (isLost) return 'no word from the service';
  if (worst) return lowerFirst(worst.sentence);
  if (isAdmin(who)) return snapshot ? 'everything answers' : 'asking …';
  return status ? publicSentence(status) : 'asking …';
}

function heardWords({ heardMs }: PageState, nowMs: number): string {
  return heardMs === null ? 'not heard yet' : `last heard ${duration(nowMs - heardMs)} ago`;
}
