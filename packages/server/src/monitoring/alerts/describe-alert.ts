/**
 * What an alert says: of an incident, of a change of the source, of a test.
 */
import { hostname } from 'node:os';
import type { Reason } from 'portal-health';
import type { SourceEvent } from 'portal-integrity';
import { incidentId, type Incident } from '../incidents/incident.js';
import type { Alert, AlertType } from './message.js';

export interface AlertWords {
  /** Why this service is unwell, as it is known now. */
  readonly reasons: () => readonly Reason[];
  readonly sentenceOf: (code: string) => string;
  /** Where an incident can be read; `null`: nowhere that is known. */
  readonly linkOf: (incident: string) => string | null;
  /** The operator's own words on a code; `null`: nowhere. */
  readonly runbookOf: (code: string) => string | null;
}

/** More would be no message that anybody reads at night. */
const MOST_REASONS = 3;

export function alertOfIncident(type: AlertType, incident: Incident, words: AlertWords): Alert {
  const { id, key, kind, fleet, service, sharedLabel: shared, services, instances, severity } = incident;
  const isOver = incident.endedAt !== null;
  const held = incident.causes.filter(({ endedAt }) => endedAt === null).map(({ code }) => code);
  const codes = [...new Set(held)];
  return {
    ...blank(type, { id, key, fleet, beganAt: incident.beganAt }),
    kind,
    service,
    shared,
    services,
    instances,
    codes,
    errors: codes.map(words.sentenceOf),
    runbooks: runbooksOf(codes, words),
    reasons: isOver ? [] : why(incident, codes, words.reasons),
    status: isOver ? 'healthy' : severity === 'critical' ? 'unhealthy' : 'degraded',
    until: incident.endedAt === null ? null : new Date(incident.endedAt).toISOString(),
    link: words.linkOf(id),
  };
}

function runbooksOf(
  codes: readonly string[],
  { runbookOf }: Pick<AlertWords, 'runbookOf'>,
): Alert['runbooks'] {
  return codes.flatMap((code) => {
    const url = runbookOf(code);
    return url === null ? [] : [{ code, url }];
  });
}

/** Those of causes that hold, where it is this service that is unwell. */
function why(
  { kind, instances }: Incident,
  codes: readonly string[],
  reasons: AlertWords['reasons'],
): Alert['reasons'] {
  const isOwn = kind === 'health' && instances.length === 1 && instances[0]?.instance === hostname();
  if (!isOwn) return [];
  return reasons()
    .filter(({ explains }) => explains !== null && codes.includes(explains))
    .slice(0, MOST_REASONS)
    .map(({ code, explains, sentence, next }) => ({ code, explains, sentence, next }));
}

/** The files of this service are other than they were. */
export function alertOfSource(
  { began_at, added, removed, modified }: SourceEvent,
  fleet: string,
  words: Pick<AlertWords, 'sentenceOf' | 'runbookOf'>,
): Alert {
  const codes = ['SOURCE_DRIFTED'];
  const beganAt = Date.parse(began_at);
  const key = `source of ${hostname()}`;
  return {
    ...blank('integrity.changed', { id: incidentId(key, beganAt), key, fleet, beganAt }),
    status: 'degraded',
    codes,
    errors: codes.map(words.sentenceOf),
    runbooks: runbooksOf(codes, words),
    files: { added, removed, modified },
  };
}

/** To try whether alerts arrive. */
export function testAlert(fleet = 'default'): Alert {
  const beganAt = Date.now();
  const key = `test of ${hostname()}`;
  return blank('alert.test', { id: incidentId(key, beganAt), key, fleet, beganAt });
}

interface About {
  readonly id: string;
  readonly key: string;
  readonly fleet: string;
  readonly beganAt: number;
}

function blank(type: AlertType, { id, key, fleet, beganAt }: About): Alert {
  return {
    type,
    incident: id,
    key,
    kind: null,
    fleet,
    service: null,
    shared: null,
    services: [],
    instances: [],
    since: new Date(beganAt).toISOString(),
    status: 'healthy',
    until: null,
    codes: [],
    errors: [],
    runbooks: [],
    reasons: [],
    instance: hostname(),
    link: null,
    files: null,
  };
}
