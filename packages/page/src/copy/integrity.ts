/** The state of the source, as the page shows it. */
import type { IntegrityDocument } from 'portal-server/api';
import type { DisplayStatus } from './headline.js';

const LABELS: Readonly<
  Record<IntegrityDocument['state'], { readonly status: DisplayStatus; readonly label: string }>
> = {
  pending: { status: 'unknown', label: 'being hashed' },
  unreadable: { status: 'degraded', label: 'cannot be read' },
  mismatched: { status: 'degraded', label: 'not what was released' },
  loaded_differs: { status: 'degraded', label: 'other code in memory than on disk' },
  drifted: { status: 'degraded', label: 'changed on disk since the start' },
  verified: { status: 'healthy', label: 'as released' },
  unsigned: { status: 'healthy', label: 'unchanged since the start' },
};

export function integrityStatus({ state }: IntegrityDocument): DisplayStatus {
  return LABELS[state].status;
}

export function integrityWords({ state }: IntegrityDocument): string {
  return LABELS[state].label;
}

export const DEPENDENCY_WORDS: Readonly<
  Record<NonNullable<IntegrityDocument['dependencies']>['state'], string>
> = {
  pending: 'Not looked at yet',
  same: 'As listed',
  different: 'Not as listed',
  unreadable: 'Cannot be compared',
};

/** Losing the events of the file system is no problem, and worth knowing. */
export function watchingWords({ watching, writable }: IntegrityDocument): readonly string[] {
  return [
    ...(watching === 'scans'
      ? ['The system tells of no changes here, so they are found at the next scan.']
      : []),
    ...((writable ?? 0) > 0
      ? [`The service itself may write ${writable} of its files and folders; a read-only source is safer.`]
      : []),
  ];
}
