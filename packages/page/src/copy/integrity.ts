/** The state of the source in words. */
import type { IntegrityDocument } from 'portal-server/api';
import type { DisplayStatus } from './headline.js';

const WORDS: Readonly<
  Record<IntegrityDocument['state'], { readonly standing: DisplayStatus; readonly words: string }>
> = {
  pending: { standing: 'unknown', words: 'being hashed' },
  unreadable: { standing: 'degraded', words: 'cannot be read' },
  mismatched: { standing: 'degraded', words: 'not what was released' },
  drifted: { standing: 'degraded', words: 'changed on disk since the start' },
  verified: { standing: 'healthy', words: 'as released' },
  unsigned: { standing: 'healthy', words: 'unchanged since the start' },
};

export function integrityStatus({ state }: IntegrityDocument): DisplayStatus {
  return WORDS[state].standing;
}

export function integrityWords({ state }: IntegrityDocument): string {
  return WORDS[state].words;
}
