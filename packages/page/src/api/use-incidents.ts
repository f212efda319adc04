/** The latest incidents of a service, for what leads to them. */
import type { IncidentDocument } from 'portal-server/api';
import { usePolled } from './use-polled.js';

const LIMIT = 20;
const EVERY_MS = 60_000;
const NONE: readonly IncidentDocument[] = [];

/** @param reread - when this changes, there may be another one */
export function useIncidents(service: string, reread?: unknown): readonly IncidentDocument[] {
  const { body } = usePolled('/v1/admin/incidents', {
    query: { service, limit: LIMIT },
    everyMs: EVERY_MS,
    reread,
  });
  return body?.incidents ?? NONE;
}
