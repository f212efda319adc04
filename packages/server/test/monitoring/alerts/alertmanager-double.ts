/**
 * What an Alertmanager does with reports, over a real socket, where a test must hold it at one moment: of two reports of one alert
 * the younger wins, and what is over is not named.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import type { PostedAlert } from '../../../src/monitoring/alerts/alertmanager-alert.js';
import { incidentId, type Incident } from '../../../src/monitoring/incidents/incident.js';

export interface AlertmanagerDouble {
  readonly url: string;
  /** What was said of a service, report by report: `firing`, `over` or `nothing`. Of no service: the watchdog. */
  readonly saidOf: (service: string) => readonly string[];
  /** How many have asked what lasts. */
  readonly questions: () => number;
  /** Until when the alerts of a service last, as another watcher says now: milliseconds since 1970. */
  readonly set: (service: string, endsAt: number) => void;
  /** Lets those who ask wait, or has them answered. */
  readonly hold: (isHeld: boolean) => void;
  /** Takes reports, and ends their connections without an answer. */
  readonly lose: (isLost: boolean) => void;
}

export async function startAlertmanagerDouble(t: TestContext): Promise<AlertmanagerDouble> {
  const alerts = new Map<string, PostedAlert>();
  const reports: ReadonlyMap<string, 'firing' | 'over'>[] = [];
  let questions = 0;
  let isLost = false;
  let held: Promise<void> | undefined;
  let release: (() => void) | undefined;

  const isLasting = ({ endsAt }: PostedAlert): boolean => Date.parse(endsAt) > Date.now();

  function take(posted: readonly PostedAlert[]): void {
    const said = new Map<string, 'firing' | 'over'>();
    for (const alert of posted) {
      // Labels without a value are none.
      const labels = Object.fromEntries(Object.entries(alert.labels).filter(([, value]) => value !== ''));
      alerts.set(JSON.stringify(labels), { ...alert, labels });
      said.set(labels['service'] ?? '', isLasting(alert) ? 'firing' : 'over');
    }
    reports.push(said);
  }

  async function answer(request: IncomingMessage): Promise<string> {
    if (request.method === 'POST') {
      take((await json(request)) as readonly PostedAlert[]);
      return '';
    }
    questions += 1;
    await held;
    return JSON.stringify([...alerts.values()].filter(isLasting));
  }

  const server = createServer((request, response) => {
    void answer(request).then((body) => {
      if (isLost && request.method === 'POST') response.destroy();
      else response.end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    release?.();
    server.closeAllConnections();
    server.close();
  });

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    saidOf: (service) => reports.map((said) => said.get(service) ?? 'nothing'),
    questions: () => questions,
    set(service, endsAt) {
      for (const [key, alert] of alerts) {
        if (alert.labels['service'] === service)
          alerts.set(key, { ...alert, endsAt: new Date(endsAt).toISOString() });
      }
    },
    hold(isHeld) {
      release?.();
      held = isHeld ? new Promise((resolve) => (release = resolve)) : undefined;
    },
    lose(isAnswerLost) {
      isLost = isAnswerLost;
    },
  };
}

export function incidentOf(service: string): Incident {
  const key = `portal/prod/${service}/health`;
  return {
    id: incidentId(key, 1),
    key,
    generation: 1,
    kind: 'health',
    fleet: 'prod',
    service,
    sharedLabel: null,
    labels: { team: '' },
    severity: 'critical',
    worst: 'critical',
    beganAt: Date.now() - 1_000,
    endedAt: null,
    causes: [{ code: 'DATABASE_TIMEOUT', service, instance: 'a:1', beganAt: Date.now(), endedAt: null }],
    services: [service],
    instances: [{ service, instance: 'a:1' }],
    announced: 'critical',
    isExplained: false,
  };
}
