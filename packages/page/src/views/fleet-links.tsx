/** What the views of the fleet share: links from place to place, and codes with what they mean. */
import type { ComponentChildren, JSX } from 'preact';
import {
  ALL_INCIDENTS,
  WHOLE_FLEET,
  writeAddress,
  type Address,
  type FleetPlace,
  type Navigation,
} from '../address.js';
import { codeSentence, markOf, type CellState } from '../copy/fleet.js';
import { FLEET_ADVICE } from '../copy/fleet-problems.js';
import { RunbookLink } from './runbook.js';
import { CodeLink, Mark, Sentence } from './text.js';

/** A link to another place of the fleet, under the tab that is open. */
export function PlaceLink({
  place,
  navigation,
  isHere = false,
  children,
}: {
  readonly place: Partial<FleetPlace>;
  readonly navigation: Navigation;
  readonly isHere?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  const fleet = { ...WHOLE_FLEET, ...place };
  return (
    <ViewLink to={{ fleet }} navigation={navigation} isHere={isHere}>
      {children}
    </ViewLink>
  );
}

/** A link to an incident; without an id, to all of them. */
export function IncidentLink({
  id,
  navigation,
  children,
}: {
  readonly id: string;
  readonly navigation: Navigation;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <ViewLink to={{ tab: '/incidents', fleet: WHOLE_FLEET, incident: id }} navigation={navigation}>
      {children}
    </ViewLink>
  );
}

/** A link to all incidents of a service. */
export function IncidentsOf({
  service,
  navigation,
}: {
  readonly service: string;
  readonly navigation: Navigation;
}): JSX.Element {
  const filter = { ...ALL_INCIDENTS, about: service };
  return (
    <ViewLink to={{ tab: '/incidents', fleet: WHOLE_FLEET, incident: '', filter }} navigation={navigation}>
      Its incidents
    </ViewLink>
  );
}

function ViewLink({
  to,
  navigation,
  isHere = false,
  children,
}: {
  readonly to: Partial<Address>;
  readonly navigation: Navigation;
  readonly isHere?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <a
      href={writeAddress({ ...navigation.address.get(), ...to })}
      aria-current={isHere ? 'true' : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        navigation.go(to);
      }}
    >
      {children}
    </a>
  );
}

/** The first in words, all of them as links to what explains them. */
export function Codes({
  codes,
  hasRunbooks = false,
}: {
  readonly codes: readonly string[];
  /** Whether a link to the operator's own words stands beside each; not where many rows stand below each other. */
  readonly hasRunbooks?: boolean;
}): JSX.Element | null {
  const [first] = codes;
  if (first === undefined) return null;
  const sentence = codeSentence(first);
  return (
    <>
      {sentence !== first && `${sentence} `}
      {codes.map((code, index) => (
        <span key={code}>
          {index > 0 && ', '}
          <CodeLink code={code} guide={guideOf(code)} /> {hasRunbooks && <RunbookLink code={code} />}
        </span>
      ))}
    </>
  );
}

/** What to do about the watcher's own codes. */
export function CodeAdvice({ codes }: { readonly codes: readonly string[] }): JSX.Element | null {
  const known = codes.filter((code) => Object.hasOwn(FLEET_ADVICE, code));
  if (known.length === 0) return null;
  return (
    <dl class="advice">
      {known.map((code) => (
        <>
          <dt>
            <code>{code}</code>
          </dt>
          <dd>
            <Sentence text={`${FLEET_ADVICE[code]?.means} ${FLEET_ADVICE[code]?.next}`} />
          </dd>
        </>
      ))}
    </dl>
  );
}

/** Where a code is explained: the watcher's own, or the library's. */
function guideOf(code: string): string {
  return Object.hasOwn(FLEET_ADVICE, code) ? 'fleet' : 'errors';
}

export function StateMark({ state }: { readonly state: CellState }): JSX.Element {
  const { mark, word } = markOf(state);
  return mark === 'gone' ? <span class="soft">{word}</span> : <Mark status={mark} word={word} />;
}
