/** The latest incidents of a service, for what leads to them. */
import type { FleetDocument, IncidentDocument } from 'portal-server/api';
import { usePolled } from './use-polled.js';

const LIMIT = 20;
const EVERY_MS = 60_000;
const NONE: readonly IncidentDocument[] = [];

/** @param fleet - which tells at once that one began or ended */
export function useIncidents(service: string, fleet: FleetDocument | null): readonly IncidentDocument[] {
  const reread = fleet?.services.find(({ name }) => name === service)?.incident;
  const { body } = usePolled('/v1/admin/incidents', {
    query: { service, limit: LIMIT },
    everyMs: EVERY_MS,
    reread,
  });
  return body?.incidents ?? NONE;
}
