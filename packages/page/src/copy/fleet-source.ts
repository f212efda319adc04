/** What the instances of a service run, in words. Beside the status, which it does not change. Pure. */
import type { FleetService } from './fleet.js';

export type ServiceSource = FleetService['source'];

const WORDS: Readonly<Record<ServiceSource['state'], string>> = {
  verified: '✓ verified',
  agreed: '= agreed',
  rolling: '↻ rolling',
  split: '≠ split',
  mismatched: '✗ mismatched',
  not_reported: '– not reported',
};

/** "✓ verified 1.4.0, 12 of 12", and how many do not say. */
export function sourceText({
  state,
  release,
  matching,
  reported,
  not_reported: silent,
}: ServiceSource): string {
  if (state === 'not_reported') return WORDS[state];
  const name = [WORDS[state], ...(release === null ? [] : [release])].join(' ');
  const others = silent === 0 ? [] : [`${silent} not reported`];
  return [name, `${matching} of ${reported}`, ...others].join(', ');
}

/** Whether somebody has to look at it, or will have to where it lasts. */
export function isSourceAstray({ state }: ServiceSource): boolean {
  return state === 'mismatched' || state === 'split' || state === 'rolling';
}
