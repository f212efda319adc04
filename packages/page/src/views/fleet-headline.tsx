/** The fleet in one sentence: how many services need somebody, and what is wrong with the worst one. */
import type { JSX } from 'preact';
import type { FleetDocument } from 'portal-server/api';
import { codeSentence, fleetSummary, needsSomebody, usableText, type FleetService } from '../copy/fleet.js';
import { FLEET_ADVICE } from '../copy/fleet-problems.js';
import { lowerFirst, STATUS_LABELS, STATUS_SHAPES } from '../copy/headline.js';
import { PROBLEM_ADVICE, type Advice } from 'portal-health/advice';
import { duration } from '../copy/time.js';
import { Sentence, TimeText } from './text.js';

export function FleetHeadline({
  fleet,
  nowMs,
}: {
  readonly fleet: FleetDocument;
  readonly nowMs: number;
}): JSX.Element {
  const { status, services } = fleet;
  const worst = services.find(needsSomebody);
  return (
    <section class={`headline ${status}`} aria-labelledby="fleet-headline">
      <div class="first">
        <h2 id="fleet-headline" aria-live="polite">
          <span class="shape" aria-hidden="true">
            {STATUS_SHAPES[status]}
          </span>{' '}
          {STATUS_LABELS[status]} <span class="sentence">· {fleetSummary(services)}</span>
        </h2>
        {worst && (
          <p class="since">
            since <TimeText at={worst.since} nowMs={nowMs} /> ({duration(nowMs - Date.parse(worst.since))})
          </p>
        )}
      </div>
      {worst && <Worst service={worst} />}
    </section>
  );
}

function Worst({ service }: { readonly service: FleetService }): JSX.Element {
  const { name, codes } = service;
  const [code] = codes;
  const next = code === undefined ? undefined : nextOf(code);
  return (
    <dl class="advice">
      <dt>{name}</dt>
      <dd>
        {usableText(service)}
        {code !== undefined && `: ${lowerFirst(codeSentence(code))} `}
        {code !== undefined && <code class="soft">{code}</code>}
      </dd>
      {next !== undefined && (
        <>
          <dt>Next</dt>
          <dd>
            <Sentence text={next} />
          </dd>
        </>
      )}
    </dl>
  );
}

function nextOf(code: string): string | undefined {
  const library: Readonly<Record<string, Advice>> = PROBLEM_ADVICE;
  return FLEET_ADVICE[code]?.next ?? library[code]?.next;
}

/** A fleet of one is one line above what is known of it. */
export function FleetLine({ fleet }: { readonly fleet: FleetDocument }): JSX.Element {
  return (
    <p class="fleet-line soft">
      Fleet {fleet.fleet}: {fleetSummary(fleet.services)}
    </p>
  );
}
