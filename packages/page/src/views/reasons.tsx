/**
 * Why it is so, and who causes it: each reason below the cause that it explains, and in a quiet list those that explain none.
 */
import type { JSX } from 'preact';
import type { ReasonDocument } from 'portal-server/api';
import type { KnownSnapshot } from '../api/page-state.js';
import { causesOf, causesOfErrors, type DisplayCause } from '../copy/headline.js';
import { otherReasons, reasonsOf, usersNotice } from '../copy/reason-texts.js';
import { duration } from '../copy/time.js';
import { CodeLink } from './text.js';

interface ReasonsProps {
  readonly snapshot: KnownSnapshot | null;
  /** By the clock of the service. */
  readonly nowMs: number;
}

export function ReasonsOfCause({
  cause,
  snapshot,
  nowMs,
}: ReasonsProps & { readonly cause: DisplayCause }): JSX.Element | null {
  const reasons = reasonsOf(cause, snapshot?.reasons ?? []);
  if (!snapshot || reasons.length === 0) return null;
  return (
    <ul class="reasons" aria-label="Why">
      {reasons.map((reason) => (
        <ReasonText key={reason.sentence} reason={reason} snapshot={snapshot} nowMs={nowMs} />
      ))}
    </ul>
  );
}

/** What is noticed and explains nothing that holds: mostly what will be a problem later. */
export function OtherReasons({ snapshot, nowMs }: ReasonsProps): JSX.Element | null {
  const causes = snapshot?.causes ? causesOf(snapshot.causes) : causesOfErrors(snapshot?.report.errors ?? []);
  const reasons = otherReasons(causes, snapshot?.reasons ?? []);
  if (!snapshot || reasons.length === 0) return null;
  return (
    <section aria-labelledby="noticed">
      <h2 id="noticed">Noticed besides</h2>
      <ul class="reasons quiet">
        {reasons.map((reason) => (
          <ReasonText key={reason.sentence} reason={reason} snapshot={snapshot} nowMs={nowMs} />
        ))}
      </ul>
    </section>
  );
}

function ReasonText({
  reason: { code, sentence, next, age_ms: ageMs },
  snapshot,
  nowMs,
}: {
  readonly reason: ReasonDocument;
  readonly snapshot: KnownSnapshot;
  readonly nowMs: number;
}): JSX.Element {
  const users = usersNotice(code);
  const sinceMs = ageMs + Math.max(0, nowMs - Date.parse(snapshot.at));
  return (
    <li>
      <p>
        {sentence}.{' '}
        <span class="soft">
          as of {duration(sinceMs)} ago <CodeLink code={code} guide="reasons" />
        </span>
      </p>
      <dl class="advice">
        {users !== null && (
          <>
            <dt>Users</dt>
            <dd>{users}</dd>
          </>
        )}
        <dt>Next</dt>
        <dd>{next}</dd>
      </dl>
    </li>
  );
}
