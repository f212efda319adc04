/**
 * What an operator reads first: the worst cause in one sentence, since when it holds, what it does to users, and what to do
 * next; and since when the status holds, which can be another time. If the service does not answer, it says only that.
 */
import type { JSX } from 'preact';
import { isAdmin, type PageState } from '../api/page-state.js';
import {
  causesOf,
  causesOfErrors,
  lowerFirst,
  STATUS_SHAPES,
  STATUS_LABELS,
  type DisplayCause,
  type DisplayStatus,
} from '../copy/headline.js';
import { duration } from '../copy/time.js';
import { ReasonsOfCause } from './reasons.js';
import { RunbookLink } from './runbook.js';
import { CodeLink, Sentence, TimeText } from './text.js';

export interface HeadlineProps {
  readonly state: PageState;
  readonly status: DisplayStatus;
  readonly isLost: boolean;
  readonly nowMs: number;
}

export function Headline({ state, status, isLost, nowMs }: HeadlineProps): JSX.Element {
  const [worst, ...others] = isLost ? [] : causesIn(state);
  const since = (reportIn(state) ?? state.status)?.since;
  const serviceMs = nowMs + state.aheadMs;
  return (
    <section class={`headline ${status}`} aria-labelledby="headline">
      <div class="first">
        <h2 id="headline" aria-live="polite">
          <span class="shape" aria-hidden="true">
            {STATUS_SHAPES[status]}
          </span>{' '}
          {STATUS_LABELS[status]} <span class="sentence">· {sentenceOf(state, worst, isLost)}</span>
        </h2>
        {isLost ? (
          <p class="since">{heardWords(state, nowMs)}</p>
        ) : (
          <div>
            {worst?.since && (
              <p class="since">
                <Since at={worst.since} nowMs={serviceMs} />
              </p>
            )}
            {since && !isSameMoment(since, worst?.since) && (
              <p class={worst?.since ? 'since whole' : 'since'}>
                {worst ? `${STATUS_LABELS[status].toLowerCase()} ` : ''}
                <Since at={since} nowMs={serviceMs} />
              </p>
            )}
          </div>
        )}
      </div>
      {isLost && (
        <p>
          What is below is the last that this page received. Next: see whether the process runs, then the
          network between it and you. This page keeps trying.
        </p>
      )}
      {worst && <Explained cause={worst} state={state} nowMs={serviceMs} />}
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
              <Explained cause={cause} state={state} nowMs={serviceMs} />
            </div>
          ))}
        </details>
      )}
    </section>
  );
}

/** What a code means anybody may read, most of all who cannot sign in because of it; who causes it, administrators. */
function Explained({
  cause,
  state: { who, snapshot },
  nowMs,
}: {
  readonly cause: DisplayCause;
  readonly state: PageState;
  readonly nowMs: number;
}): JSX.Element {
  return (
    <>
      <CauseText cause={cause} />
      {isAdmin(who) && <ReasonsOfCause cause={cause} snapshot={snapshot} nowMs={nowMs} />}
    </>
  );
}

function CauseText({ cause: { advice, code } }: { readonly cause: DisplayCause }): JSX.Element {
  if (!advice) return <p>This page does not know this problem. See what every error means, below.</p>;
  return (
    <dl class="advice">
      <dt>Next</dt>
      <dd>
        <Sentence text={advice.next} /> {code !== null && <RunbookLink code={code} />}
      </dd>
      <dt>Users</dt>
      <dd>
        <Sentence text={advice.users} />
      </dd>
      <dt>Means</dt>
      <dd>
        <Sentence text={advice.means} /> {code !== null && <CodeLink code={code} guide="errors" />}
      </dd>
    </dl>
  );
}

/** What an administrator is shown, once it is there; before that, and for everybody else, it is the public status. */
function reportIn({ who, snapshot }: PageState): PageState['snapshot'] {
  return isAdmin(who) ? snapshot : null;
}

/** The causes that hold. Without the stream, the published report may be all there is. */
function causesIn(state: PageState): readonly DisplayCause[] {
  const known = reportIn(state);
  if (!known) return causesOf(state.status?.causes ?? []);
  return known.causes ? causesOf(known.causes) : causesOfErrors(known.report.errors);
}

function Since({ at, nowMs }: { readonly at: string; readonly nowMs: number }): JSX.Element {
  return (
    <>
      since <TimeText at={at} nowMs={nowMs} /> ({duration(nowMs - Date.parse(at))})
    </>
  );
}

/** Equal to the second, as they are shown. */
function isSameMoment(one: string, other: string | null | undefined): boolean {
  return typeof other === 'string' && Math.abs(Date.parse(one) - Date.parse(other)) < 1_000;
}

function sentenceOf(state: PageState, worst: DisplayCause | undefined, isLost: boolean): string {
  if (isLost) return 'the service does not answer';
  if (!reportIn(state)) return state.status?.sentence ?? 'loading …';
  return worst ? lowerFirst(worst.sentence) : 'everything answers';
}

function heardWords({ heardMs }: PageState, nowMs: number): string {
  return heardMs === null ? 'no answer yet' : `last answer ${duration(nowMs - heardMs)} ago`;
}
